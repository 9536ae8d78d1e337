//! A finished check.

use serde::Serialize;

use super::judgement::Judgement;
use super::machine::{Identity, identify};
use super::sightings::{Sightings, SshSighting};
use super::{agent, service};
use crate::hooks::{Findings, detect};
use crate::{
    BootId, ChannelReport, Condition, Evidence, GuestFacts, GuestId, Hook, NodeName, Observation,
    RunState, State, Timestamp, Verdict, Via,
};

/// The result of checking one guest once. Only [`assess`] makes one; it can neither be cloned nor
/// read back from storage, because a permit is minted by consuming it.
#[derive(Debug, Serialize)]
pub struct Check {
    observation: Observation,
    channel: ChannelReport,
    ssh: SshSighting,
    verdicts: [Verdict; 6],
    identity: Identity,
    boot_id: Option<BootId>,
    facts: Option<GuestFacts>,
    hooks: Vec<Hook>,
    gaps: Vec<String>,
    started: Timestamp,
    finished: Timestamp,
}

/// Judges what was seen.
#[must_use]
pub fn assess(seen: Sightings) -> Check {
    let identity = identify(&seen);
    let findings = seen.shell.as_ref().map(detect).unwrap_or_default();
    let inside = |judge: &dyn Fn(&GuestFacts) -> Judgement| match &seen.shell {
        Ok(facts) => judge(facts).with(detour(facts, &seen)),
        Err(why) => service::unread(why),
    };
    let verdicts = Condition::ALL.map(|condition| {
        let judgement = match condition {
            Condition::Package => inside(&service::package),
            Condition::Service => inside(&service::service),
            Condition::NoHooks => inside(&|facts| service::hooks(facts, &findings)),
            Condition::Systemd => inside(&service::systemd),
            Condition::Port => agent::port(&seen),
            Condition::Answers => agent::answers(&seen),
        };
        judgement.verdict(condition, &seen.observation)
    });
    let boot_id = boot_id(&seen, &identity);
    let Findings { hooks, gaps } = findings;
    Check {
        observation: seen.observation,
        channel: seen.channel,
        ssh: seen.ssh,
        verdicts,
        identity,
        boot_id,
        facts: seen.shell.ok(),
        hooks,
        gaps: gaps.into_iter().collect(),
        started: seen.started,
        finished: seen.finished,
    }
}

/// Tells that the guest was read through the channel, and why not through SSH.
fn detour(facts: &GuestFacts, seen: &Sightings) -> Option<Evidence> {
    let why = seen.ssh.trouble().filter(|_| facts.via == Via::Channel)?;
    let advice = why.advice().told(&seen.observation);
    let advice = advice.map_or_else(String::new, |advice| format!(" ({advice})"));
    let said = format!("{}: {}{advice}", why.reason, why.evidence);
    let asked = "SSH; read through the agent channel (guest-exec) instead";
    Some(Evidence::new(asked, said))
}

/// The boot id of the machine that the hypervisor acts on.
fn boot_id(seen: &Sightings, identity: &Identity) -> Option<BootId> {
    let by_channel = match &seen.channel {
        ChannelReport::Answered(answers) => answers.marks.boot_id.clone(),
        ChannelReport::Silent { .. } => None,
    };
    let inside = || match &seen.shell {
        Ok(facts) => facts.marks.boot_id.clone(),
        Err(_) => seen.ssh.marks()?.boot_id.clone(),
    };
    match identity {
        Identity::Different { .. } => by_channel,
        Identity::Same { .. } | Identity::Unproven { .. } => by_channel.or_else(inside),
    }
}

impl Check {
    /// The guest that was checked.
    #[must_use]
    pub const fn guest(&self) -> &GuestId {
        &self.observation.guest
    }

    /// Where it is.
    #[must_use]
    pub const fn node(&self) -> &NodeName {
        &self.observation.node
    }

    /// Whether it runs.
    #[must_use]
    pub const fn run_state(&self) -> &RunState {
        &self.observation.run_state
    }

    /// Why the hypervisor refuses lifecycle calls at the moment, if it does.
    #[must_use]
    pub fn lock(&self) -> Option<&str> {
        self.observation.lock.as_deref()
    }

    /// What the hypervisor said.
    #[must_use]
    pub const fn observation(&self) -> &Observation {
        &self.observation
    }

    /// What the agent said.
    #[must_use]
    pub const fn channel(&self) -> &ChannelReport {
        &self.channel
    }

    /// What came of SSH.
    #[must_use]
    pub const fn ssh(&self) -> &SshSighting {
        &self.ssh
    }

    /// The boot id of the machine that the hypervisor would act on, where it could be read.
    #[must_use]
    pub const fn boot_id(&self) -> Option<&BootId> {
        self.boot_id.as_ref()
    }

    /// The six verdicts, in the order of the contract.
    #[must_use]
    pub const fn verdicts(&self) -> &[Verdict; 6] {
        &self.verdicts
    }

    /// The verdict on one condition.
    #[must_use]
    pub const fn verdict(&self, condition: Condition) -> &Verdict {
        &self.verdicts[condition as usize]
    }

    /// Whether all six conditions are healthy.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.verdicts
            .iter()
            .all(|verdict| verdict.state == State::Healthy)
    }

    /// Whether SSH and the channel lead to the same machine.
    #[must_use]
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// `systemctl is-system-running`, for people; decides nothing but [`Check::is_stopping`].
    #[must_use]
    pub fn system_state(&self) -> Option<&str> {
        self.facts.as_ref()?.system_state.as_deref()
    }

    /// Whether the guest is on its way down already.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        let has_job = |facts: &GuestFacts| {
            facts.jobs.iter().flatten().any(|job| {
                let mut words = job.split_whitespace().skip(1);
                let unit = words.next().unwrap_or("");
                let starts = words.next() == Some("start");
                let stem = unit.strip_suffix(".target").unwrap_or("");
                starts && matches!(stem, "shutdown" | "poweroff" | "reboot" | "halt" | "kexec")
            })
        };
        self.system_state() == Some("stopping") || self.facts.as_ref().is_some_and(has_job)
    }

    /// When the first question was asked.
    #[must_use]
    pub const fn started_at(&self) -> Timestamp {
        self.started
    }

    /// When the last answer was there.
    #[must_use]
    pub const fn finished_at(&self) -> Timestamp {
        self.finished
    }

    /// What was read inside the guest.
    #[must_use]
    pub const fn facts(&self) -> Option<&GuestFacts> {
        self.facts.as_ref()
    }

    /// The shutdown hooks that were found.
    #[must_use]
    pub fn hooks(&self) -> &[Hook] {
        &self.hooks
    }

    /// What could not be told about hooks.
    #[must_use]
    pub fn gaps(&self) -> &[String] {
        &self.gaps
    }
}
