//! Whether SSH and the channel lead to the same machine.

use serde::{Deserialize, Serialize};

use super::sightings::Sightings;
use crate::{ChannelReport, MachineMarks, SshSighting, UnreadableReason, Via};

/// Whether the guest that was read is the machine that the hypervisor would act on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Identity {
    /// It is, proved by this.
    Same {
        /// What proves it.
        by: String,
    },
    /// Another machine answers at the SSH address.
    Different {
        /// What shows it.
        evidence: String,
    },
    /// It could not be proved.
    Unproven {
        /// Why not.
        why: String,
    },
}

/// Compares what SSH and the channel say about their machines.
pub(super) fn identify(seen: &Sightings) -> Identity {
    let channel = match &seen.channel {
        ChannelReport::Answered(answers) => Some(&answers.marks),
        ChannelReport::Silent { .. } => None,
    };
    let read_by = |via| seen.shell.as_ref().ok().filter(|facts| facts.via == via);
    let (by_channel, by_ssh) = (read_by(Via::Channel), read_by(Via::Ssh));
    let ssh = by_ssh
        .map(|facts| &facts.marks)
        .or_else(|| seen.ssh.marks());
    let channel = by_channel.map(|facts| &facts.marks).or(channel);
    match (ssh, channel) {
        (Some(ssh), Some(channel)) => compare(ssh, channel),
        (None, Some(_)) if by_channel.is_some() => by_channel_alone(&seen.ssh),
        (Some(_), None) => unproven("the agent is silent, so nothing can be compared with SSH"),
        _ => unproven("the inside of the guest could not be read"),
    }
}

/// Everything was read through the channel. Where nobody answers at the SSH address that is enough;
/// who answers there with a host key that is not trusted may be another machine.
fn by_channel_alone(ssh: &SshSighting) -> Identity {
    match ssh {
        SshSighting::Unreadable(why) if why.reason == UnreadableReason::HostKey => {
            unproven(&format!(
                "whoever answers at the SSH address is not known to be this guest: {}",
                why.evidence
            ))
        }
        _ => Identity::Same {
            by: "everything was read through the agent channel".to_owned(),
        },
    }
}

fn unproven(why: &str) -> Identity {
    Identity::Unproven {
        why: why.to_owned(),
    }
}

fn compare(ssh: &MachineMarks, channel: &MachineMarks) -> Identity {
    if let (Some(a), Some(b)) = (&ssh.boot_id, &channel.boot_id) {
        return if a == b {
            Identity::Same {
                by: format!("boot id {a} through SSH and through the agent"),
            }
        } else {
            Identity::Different {
                evidence: format!("boot id {a} through SSH, {b} through the agent"),
            }
        };
    }
    let (Some(a), Some(b)) = (&ssh.host_name, &channel.host_name) else {
        return unproven("neither boot ids nor host names can be compared");
    };
    if ssh.macs.is_empty() || channel.macs.is_empty() {
        return unproven("neither boot ids nor MAC addresses can be compared");
    }
    let macs = |marks: &MachineMarks| marks.macs.iter().cloned().collect::<Vec<_>>().join(" ");
    let said = format!(
        "host name {a} and MAC {} through SSH, {b} and {} through the agent",
        macs(ssh),
        macs(channel)
    );
    match (
        a == b,
        ssh.macs == channel.macs,
        ssh.macs.is_disjoint(&channel.macs),
    ) {
        (true, true, _) => Identity::Same { by: said },
        (true, false, false) => Identity::Unproven { why: said },
        _ => Identity::Different { evidence: said },
    }
}
