//! Whose machine was read.

use super::{seen, silent, unreadable};
use crate::{
    ChannelReport, Identity, MachineMarks, SilenceReason, SshSighting, UnreadableReason, Via,
};

fn marks(boot: Option<&str>, macs: &[&str], host: Option<&str>) -> MachineMarks {
    MachineMarks {
        boot_id: boot.map(|id| id.parse().unwrap()),
        macs: macs.iter().map(|mac| (*mac).to_owned()).collect(),
        host_name: host.map(str::to_owned),
    }
}

#[test]
fn the_same_machine_is_proved_by_boot_id_or_else_by_addresses_and_name() {
    const A: Option<&str> = Some("8d0e5f1e-1111-4222-8333-94444444444a");
    const B: Option<&str> = Some("8d0e5f1e-1111-4222-8333-94444444444b");
    let full = |boot| marks(boot, &["m1"], Some("web1"));
    for (ssh, channel, expected) in [
        (full(A), full(A), "same"),
        (full(A), full(B), "different"),
        (full(A), full(None), "same"),
        (
            marks(A, &["m1", "m2"], Some("web1")),
            full(None),
            "unproven",
        ),
        (marks(A, &["m2"], Some("web1")), full(None), "different"),
        (marks(A, &["m1"], Some("web2")), full(None), "different"),
        (
            marks(A, &[], Some("web1")),
            marks(None, &[], Some("web1")),
            "unproven",
        ),
        (full(None), marks(None, &["m1"], None), "unproven"),
        (marks(None, &[], None), marks(None, &[], None), "unproven"),
    ] {
        let said = format!("{ssh:?} {channel:?}");
        let check = seen(|seen| {
            if let (Ok(facts), ChannelReport::Answered(answers)) =
                (&mut seen.shell, &mut seen.channel)
            {
                facts.marks = ssh.clone();
                answers.marks = channel;
            }
            seen.ssh = SshSighting::Read(ssh);
        });
        let found = match check.identity() {
            Identity::Same { .. } => "same",
            Identity::Different { .. } => "different",
            Identity::Unproven { .. } => "unproven",
        };
        assert_eq!(found, expected, "{said}");
    }
}

#[test]
fn what_was_read_through_the_channel_is_the_channels_machine() {
    let by_channel = |ssh: SshSighting| {
        seen(|seen| {
            if let Ok(facts) = &mut seen.shell {
                facts.via = Via::Channel;
            }
            seen.ssh = ssh;
        })
    };
    let check = by_channel(SshSighting::Unreadable(unreadable(
        UnreadableReason::Unreachable,
    )));
    assert!(check.is_healthy() && matches!(check.identity(), Identity::Same { .. }));
    let told = check.verdicts()[0].evidence.last().unwrap();
    assert!(told.asked.contains("through the agent channel"), "{told:?}");
    assert!(told.answered.contains("unreachable"), "{told:?}");
    let check = by_channel(SshSighting::Unreadable(unreadable(
        UnreadableReason::HostKey,
    )));
    assert!(
        matches!(check.identity(), Identity::Unproven { .. }),
        "somebody answers, and it may be somebody else"
    );
    let other = marks(
        Some("00000000-1111-4222-8333-94444444444a"),
        &["x"],
        Some("web2"),
    );
    let check = by_channel(SshSighting::Read(other));
    assert!(matches!(check.identity(), Identity::Different { .. }));
    assert_eq!(
        check.boot_id().map(|id| id.short()),
        Some("8d0e5f1e"),
        "the channel's machine"
    );
    let check = seen(|seen| silent(seen, SilenceReason::TimedOut));
    assert!(matches!(check.identity(), Identity::Unproven { .. }));
}

#[test]
fn a_login_that_may_not_become_root_still_tells_its_machine() {
    let check_with = |boot| {
        seen(|seen| {
            if let Ok(facts) = &mut seen.shell {
                facts.via = Via::Channel;
            }
            let marks = marks(Some(boot), &[], None);
            let why = unreadable(UnreadableReason::SudoDenied);
            seen.ssh = SshSighting::LoginOnly { marks, why };
        })
    };
    let check = check_with("8d0e5f1e-1111-4222-8333-94444444444a");
    assert!(matches!(check.identity(), Identity::Same { by } if by.contains("boot id")));
    let told = &check.verdicts()[3].evidence.last().unwrap().answered;
    assert!(
        told.contains("sudo not allowed") && told.contains("NOPASSWD"),
        "{told}"
    );
    let check = check_with("00000000-1111-4222-8333-94444444444a");
    assert!(matches!(check.identity(), Identity::Different { .. }));
}
