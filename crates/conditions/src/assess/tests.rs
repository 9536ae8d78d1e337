mod identity;
mod inside;
mod outside;

use std::fmt::Write as _;

use super::{SshSighting, Unreadable, UnreadableReason, assess};
use crate::fixture::{DROP_IN, UNIT, add, check, healthy, set, sightings};
use crate::{
    ChannelDevice, ChannelReport, Check, Condition, GuestFacts, RunState, Sightings, SilenceReason,
    State,
};

fn state(check: &Check, condition: Condition) -> State {
    check.verdict(condition).state
}

/// The states in order, `h`, `f` or `u` each.
fn states(check: &Check) -> String {
    check
        .verdicts()
        .iter()
        .map(|v| &v.state.as_str()[..1])
        .collect()
}

fn changed(change: impl FnOnce(&mut GuestFacts)) -> Check {
    let mut facts = healthy();
    change(&mut facts);
    check(facts)
}

fn seen(change: impl FnOnce(&mut Sightings)) -> Check {
    let mut sightings = sightings(healthy());
    change(&mut sightings);
    assess(sightings)
}

fn silent(seen: &mut Sightings, reason: SilenceReason) {
    seen.channel = ChannelReport::Silent {
        reason,
        evidence: "no answer within 5 s".to_owned(),
    };
}

fn unreadable(reason: UnreadableReason) -> Unreadable {
    Unreadable::new(reason, "connect 192.0.2.7:22: refused")
}

/// A check as text: what people read.
fn told(check: &Check) -> String {
    let mut text = String::new();
    for verdict in check.verdicts() {
        let _ = writeln!(
            text,
            "{}: {} - {}",
            verdict.condition,
            verdict.state.as_str(),
            verdict.summary
        );
        for evidence in &verdict.evidence {
            let _ = writeln!(text, "    {} => {}", evidence.asked, evidence.answered);
        }
        if let Some(remedy) = &verdict.remedy {
            let _ = writeln!(text, "    remedy: {remedy}");
        }
    }
    let _ = write!(text, "identity: {:?}", check.identity());
    text
}

#[test]
fn a_healthy_guest_reads_healthy_with_evidence() {
    insta::assert_snapshot!(told(&check(healthy())));
}

#[test]
fn the_demo_guest_reads_failed_with_evidence() {
    let mut facts = healthy();
    add(
        &mut facts,
        DROP_IN,
        "[Service]\nExecStopPost=/usr/bin/qemu-ga --shutdown\n",
    );
    set(&mut facts, UNIT, "SuccessAction", "poweroff");
    set(&mut facts, UNIT, "NeedDaemonReload", "yes");
    let mut seen = sightings(facts);
    silent(&mut seen, SilenceReason::TimedOut);
    insta::assert_snapshot!(told(&assess(seen)));
}

#[test]
fn a_guest_that_nobody_can_read_is_unknown() {
    let check = seen(|seen| {
        silent(seen, SilenceReason::Held);
        seen.shell = Err(unreadable(UnreadableReason::SudoDenied));
        seen.ssh = SshSighting::Unreadable(unreadable(UnreadableReason::SudoDenied));
    });
    assert_eq!(states(&check), "uuuuuu");
    insta::assert_snapshot!(told(&check));
}

#[test]
fn a_guest_on_its_way_down_is_told() {
    assert!(!check(healthy()).is_stopping());
    assert!(changed(|facts| facts.system_state = Some("stopping".to_owned())).is_stopping());
    for (job, expected) in [
        ("1 poweroff.target start waiting", true),
        ("1 shutdown.target start waiting", true),
        ("1 shutdown.target stop waiting", false),
        ("1 shutdown.service start waiting", false),
    ] {
        let check = changed(|facts| facts.jobs = Some(vec![job.to_owned()]));
        assert_eq!(check.is_stopping(), expected, "{job}");
    }
}

#[test]
fn a_stopped_guest_is_never_healthy_and_names_start() {
    let check = seen(|seen| {
        seen.observation.run_state = RunState::Stopped;
        silent(seen, SilenceReason::NoSocket);
        seen.shell = Err(unreadable(UnreadableReason::Unreachable));
        seen.ssh = SshSighting::Unreadable(unreadable(UnreadableReason::Unreachable));
    });
    assert_eq!(states(&check), "uuuuuf");
    let remedy = check.verdict(Condition::Answers).remedy.as_deref();
    assert_eq!(remedy, Some("hospes start web1"));
}

#[test]
fn remedies_name_the_guest_and_the_keys_of_its_configuration() {
    for (reason, expected) in [
        (UnreadableReason::HostKey, "hospes trust web1"),
        (UnreadableReason::Login, "ssh.user and ssh.identities"),
        (UnreadableReason::NotConfigured, "the guest's ssh.host"),
        (UnreadableReason::Broken, "reachable by SSH"),
    ] {
        let check = seen(|seen| seen.shell = Err(unreadable(reason)));
        let remedy = check.verdict(Condition::Package).remedy.as_deref();
        assert!(remedy.is_some_and(|r| r.contains(expected)), "{remedy:?}");
    }
    let check = changed(|facts| facts.gaps.extend(["a gap".to_owned()]));
    let remedy = check.verdict(Condition::NoHooks).remedy.as_deref();
    assert!(remedy.is_some_and(|r| r.ends_with("hospes fix web1")));
    let check = seen(|seen| seen.observation.channel_device = ChannelDevice::Absent);
    let remedy = check.verdict(Condition::Port).remedy.as_deref();
    assert!(remedy.is_some_and(|r| r.ends_with("hospes start web1")));
}

#[test]
fn a_check_is_a_json_document() {
    let json = serde_json::to_value(check(healthy())).unwrap();
    assert_eq!(json["verdicts"][2]["state"], "healthy");
    assert_eq!(json["observation"]["guest"], "web1");
    assert_eq!(json["boot_id"], "8d0e5f1e-1111-4222-8333-94444444444a");
}
