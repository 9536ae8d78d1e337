//! The gate: which check yields a permit, which observation redeems it, and what powers on.

mod cluster;
#[path = "../fixture/guest.rs"]
mod fixture;
mod model;

use std::collections::BTreeMap;
use std::time::Duration;

use conditions::{
    ChannelDevice, ChannelReport, Check, Condition, FreezeStatus, GuestFacts, NodeName,
    Observation, RunState, Sightings, SilenceReason, SshSighting, State, Timestamp, assess,
};
use lifecycle::gate::{
    Accepted, CannotBeAccepted, Permit, Purpose, RefusalReason, RollbackOrder, StartOrder, Way,
    admit,
};
use lifecycle::ports::SnapshotName;

const TTL: Duration = Duration::from_secs(60);

/// When the check of these tests began, and when it was over.
const BEGAN: Timestamp = Timestamp::from_millis(1_700_000_000_000);
const DONE: Timestamp = Timestamp::from_millis(1_700_000_002_000);

fn after(began: Timestamp, ms: u64) -> Timestamp {
    began + Duration::from_millis(ms)
}

fn healthy() -> Sightings {
    fixture::healthy(1, BEGAN, DONE)
}

fn inside(seen: &mut Sightings) -> &mut GuestFacts {
    seen.shell.as_mut().expect("it was read")
}

fn answers(seen: &mut Sightings) -> &mut conditions::ChannelAnswers {
    match &mut seen.channel {
        ChannelReport::Answered(answers) => answers,
        ChannelReport::Silent { .. } => unreachable!("a healthy agent answers"),
    }
}

fn check(spoil: impl FnOnce(&mut Sightings)) -> Check {
    let mut seen = healthy();
    spoil(&mut seen);
    assess(seen)
}

fn permit() -> Permit {
    admit(
        check(|_| {}),
        Purpose::Restart,
        &Accepted::none(),
        DONE,
        TTL,
    )
    .expect("a healthy guest")
}

/// The reasons of a refusal, as short words.
fn words(reasons: &[RefusalReason]) -> Vec<String> {
    let word = |reason: &RefusalReason| match reason {
        RefusalReason::Condition { verdict } => {
            format!("{} {}", verdict.condition.number(), verdict.state.as_str())
        }
        RefusalReason::NotRunning { run_state, .. } => format!("runs not: {}", run_state.as_str()),
        RefusalReason::NotStopped { run_state } => format!("not stopped: {}", run_state.as_str()),
        RefusalReason::Locked { lock } => format!("locked: {lock}"),
        RefusalReason::OtherMachine { .. } => "other machine".to_owned(),
        RefusalReason::IdentityUnproven { .. } => "identity unproven".to_owned(),
        RefusalReason::BootIdUnknown => "boot id unknown".to_owned(),
        RefusalReason::AlreadyStopping => "stopping".to_owned(),
        RefusalReason::Stale { age_ms, limit_ms } => format!("stale: {age_ms} of {limit_ms}"),
        RefusalReason::Moved { from, to } => format!("moved: {from} to {to}"),
        RefusalReason::OtherGuest { observed } => format!("other guest: {observed}"),
        RefusalReason::NotObserved { .. } => "not observed".to_owned(),
        RefusalReason::NoWatcher { .. } => "no watcher".to_owned(),
        RefusalReason::Template => "template".to_owned(),
        RefusalReason::NoQuorum => "no quorum".to_owned(),
        RefusalReason::QuorumUnknown => "quorum unknown".to_owned(),
        RefusalReason::HighAvailability { sid, state } => format!("HA: {sid} {state}"),
        RefusalReason::HighAvailabilityChanged { sid } => format!("HA now: {sid:?}"),
    };
    reasons.iter().map(word).collect()
}

fn refused(check: Check, now: Timestamp) -> Vec<String> {
    let refusal =
        admit(check, Purpose::Restart, &Accepted::none(), now, TTL).expect_err("it must refuse");
    assert_eq!(refusal.guest, fixture::guest());
    words(&refusal.reasons)
}

type Spoil = fn(&mut Sightings);

/// What makes exactly one condition fail, and what makes it unknown.
const SPOILS: [(Condition, Spoil, Spoil); 6] = [
    (
        Condition::Package,
        |seen| inside(seen).packages = Some(BTreeMap::new()),
        |seen| inside(seen).packages = None,
    ),
    (
        Condition::Service,
        |seen| fixture::set(inside(seen), "SubState", "exited"),
        |seen| unset(inside(seen), "SubState"),
    ),
    (
        Condition::NoHooks,
        |seen| {
            let hook = fixture::command_line("/usr/bin/qemu-ga --shutdown");
            fixture::set(inside(seen), "ExecStopPost", &hook);
        },
        |seen| {
            inside(seen).gaps.insert("too deep".to_owned());
        },
    ),
    (
        Condition::Systemd,
        |seen| fixture::set(inside(seen), "NeedDaemonReload", "yes"),
        |seen| inside(seen).jobs = None,
    ),
    (
        Condition::Port,
        |seen| seen.observation.channel_device = ChannelDevice::Absent,
        |seen| seen.observation.channel_device = ChannelDevice::Unknown("no answer".to_owned()),
    ),
    (
        Condition::Answers,
        |seen| answers(seen).freeze = Some(FreezeStatus::Frozen),
        |seen| answers(seen).freeze = None,
    ),
];

fn unset(facts: &mut GuestFacts, key: &str) {
    let unit = facts.units.get_mut(fixture::UNIT).expect("the agent's");
    unit.properties.remove(key);
}

/// Every set of conditions that an operator may accept as unknown.
fn all_accepted() -> Vec<Vec<Condition>> {
    let may = [Condition::Package, Condition::Service, Condition::Systemd];
    let pick = |bits: u8| {
        let chosen = may.iter().enumerate().filter(|(i, _)| bits >> i & 1 == 1);
        chosen.map(|(_, condition)| *condition).collect()
    };
    (0..8).map(pick).collect()
}

#[test]
fn a_complete_fresh_healthy_check_yields_a_permit_for_that_guest_node_and_boot() {
    let permit = permit();
    assert_eq!(permit.guest(), &fixture::guest());
    assert_eq!(permit.node(), &NodeName::new("node1"));
    assert_eq!(permit.boot_id(), &fixture::boot_id(1));
    assert_eq!(permit.expires_at(), BEGAN + TTL, "counted from the start");
}

#[test]
fn each_condition_alone_refuses_by_its_name_and_only_an_accepted_unknown_does_not() {
    for (condition, fail, blind) in SPOILS {
        for (spoil, state) in [(fail, State::Failed), (blind, State::Unknown)] {
            for accepted in all_accepted() {
                let spoilt = check(spoil);
                let is_bad = |v: &&conditions::Verdict| v.state != State::Healthy;
                let bad: Vec<_> = spoilt.verdicts().iter().filter(is_bad).cloned().collect();
                assert_eq!(bad.len(), 1, "{condition} {state:?}: {bad:?}");
                assert_eq!((bad[0].condition, bad[0].state), (condition, state));

                let may = state == State::Unknown && accepted.contains(&condition);
                let accepted = Accepted::new(accepted).unwrap();
                match admit(spoilt, Purpose::Shutdown, &accepted, DONE, TTL) {
                    Ok(_) => assert!(may, "{condition} {state:?} with {accepted:?}"),
                    Err(refusal) => {
                        assert!(!may, "{condition} {state:?} with {accepted:?}: {refusal}");
                        let named = RefusalReason::Condition {
                            verdict: bad[0].clone(),
                        };
                        assert_eq!(refusal.reasons, [named]);
                    }
                }
            }
        }
    }
}

#[test]
fn hooks_the_port_and_the_answer_can_never_be_accepted_as_unknown() {
    for condition in Condition::ALL {
        let may = matches!(condition.number(), 1 | 2 | 4);
        let accepted = Accepted::new([Condition::Package, condition]);
        match accepted {
            Ok(accepted) => {
                assert!(may, "{condition}");
                assert!(accepted.iter().any(|c| c == condition));
            }
            Err(refused) => {
                assert!(!may, "{condition}");
                assert_eq!(refused, CannotBeAccepted(condition));
            }
        }
    }
    assert_eq!(Accepted::none().iter().count(), 0);
}

/// What speaks against a guest besides its conditions, and the reasons that are given.
const OBJECTIONS: [(&str, Spoil, &[&str]); 12] = [
    (
        "stopped",
        |seen| seen.observation.run_state = RunState::Stopped,
        &["runs not: stopped"],
    ),
    (
        "paused",
        |seen| seen.observation.run_state = RunState::Other("paused".to_owned()),
        &["runs not: paused"],
    ),
    (
        "locked",
        |seen| seen.observation.lock = Some("backup".to_owned()),
        &["locked: backup"],
    ),
    (
        "another machine answers at the SSH address",
        |seen| {
            inside(seen).marks.boot_id = Some(fixture::boot_id(99));
            seen.ssh = SshSighting::Read(inside(seen).marks.clone());
        },
        &["other machine"],
    ),
    (
        "another machine by its addresses",
        |seen| {
            answers(seen).marks.boot_id = None;
            inside(seen).marks.macs = ["52:54:00:99:99:99".to_owned()].into();
        },
        &["other machine", "boot id unknown"],
    ),
    (
        "the channel tells nothing to compare",
        |seen| answers(seen).marks = conditions::MachineMarks::default(),
        &["identity unproven"],
    ),
    (
        "the same by name and address, and no boot id",
        |seen| {
            answers(seen).marks.boot_id = None;
            inside(seen).marks.boot_id = None;
        },
        &["boot id unknown"],
    ),
    (
        "systemd says stopping",
        |seen| inside(seen).system_state = Some("stopping".to_owned()),
        &["stopping"],
    ),
    (
        "a reboot is queued",
        |seen| inside(seen).jobs = Some(vec!["12 reboot.target start waiting".to_owned()]),
        &["stopping"],
    ),
    (
        "the agent is silent",
        |seen| {
            seen.channel = ChannelReport::Silent {
                reason: SilenceReason::TimedOut,
                evidence: "no answer in 5 s".to_owned(),
            };
        },
        &["6 failed", "identity unproven"],
    ),
    (
        "a stopped guest is not told the rest",
        |seen| {
            seen.observation.run_state = RunState::Stopped;
            seen.observation.lock = Some("backup".to_owned());
            inside(seen).packages = None;
        },
        &["runs not: stopped"],
    ),
    (
        "everything at once",
        |seen| {
            seen.observation.lock = Some("migrate".to_owned());
            answers(seen).marks = conditions::MachineMarks::default();
            inside(seen).marks.boot_id = None;
            inside(seen).packages = None;
            inside(seen).system_state = Some("stopping".to_owned());
        },
        &[
            "locked: migrate",
            "1 unknown",
            "identity unproven",
            "boot id unknown",
            "stopping",
        ],
    ),
];

#[test]
fn whatever_else_speaks_against_a_guest_is_named() {
    for (name, spoil, expected) in OBJECTIONS {
        assert_eq!(refused(check(spoil), DONE), expected, "{name}");
    }
}

#[test]
fn a_check_is_good_until_its_age_from_the_first_question_reaches_the_time_to_live() {
    let edge = BEGAN + TTL;
    assert!(
        admit(
            check(|_| {}),
            Purpose::Restart,
            &Accepted::none(),
            edge,
            TTL
        )
        .is_ok()
    );
    let over = after(edge, 1);
    assert_eq!(refused(check(|_| {}), over), ["stale: 60001 of 60000"]);
}

fn seen(run_state: RunState, at: Timestamp) -> Observation {
    fixture::observation(run_state, at)
}

#[test]
fn a_permit_is_redeemed_for_the_guest_and_node_that_it_names() {
    let order = permit().redeem(&seen(RunState::Running, DONE), DONE);
    let order = order.unwrap();
    assert_eq!(order.guest(), &fixture::guest());
    assert_eq!(order.node(), &NodeName::new("node1"));
}

#[test]
fn a_permit_is_refused_on_anything_else_than_its_guest_running_there_unlocked_and_just_seen() {
    let now = after(DONE, 10_000);
    let edge = BEGAN + TTL;
    let running = |at| seen(RunState::Running, at);
    let with = |change: fn(&mut Observation)| {
        let mut observed = running(now);
        change(&mut observed);
        observed
    };
    let table: [(Observation, Timestamp, &[&str]); 13] = [
        (running(now), now, &[]),
        (
            with(|o| o.guest = "web2".parse().unwrap()),
            now,
            &["other guest: web2"],
        ),
        (
            with(|o| o.node = NodeName::new("node2")),
            now,
            &["moved: node1 to node2"],
        ),
        (
            with(|o| o.run_state = RunState::Stopped),
            now,
            &["runs not: stopped"],
        ),
        (
            with(|o| o.run_state = RunState::Other("paused".to_owned())),
            now,
            &["runs not: paused"],
        ),
        (
            with(|o| o.lock = Some("backup".to_owned())),
            now,
            &["locked: backup"],
        ),
        (running(now), after(now, 5_000), &[]),
        (running(now), after(now, 5_001), &["stale: 5001 of 5000"]),
        (running(DONE), DONE, &[]),
        (
            running(Timestamp::from_millis(DONE.as_millis() - 1)),
            DONE,
            &["stale: 1 of 5000"],
        ),
        (running(edge), edge, &[]),
        (running(edge), after(edge, 1), &["stale: 1 of 0"]),
        (
            with(|o| {
                o.node = NodeName::new("node2");
                o.run_state = RunState::Stopped;
                o.lock = Some("migrate".to_owned());
            }),
            after(edge, 1),
            &[
                "moved: node1 to node2",
                "runs not: stopped",
                "locked: migrate",
                "stale: 48001 of 5000",
                "stale: 1 of 0",
            ],
        ),
    ];
    for (observed, now, expected) in table {
        let reasons = match permit().redeem(&observed, now) {
            Ok(_) => Vec::new(),
            Err(refusal) => words(&refusal.reasons),
        };
        assert_eq!(reasons, expected, "{observed:?} at {now}");
    }
}

#[test]
fn a_start_and_a_rollback_take_a_guest_that_was_just_seen_stopped_and_unlocked() {
    let stopped = |at| seen(RunState::Stopped, at);
    let locked = Observation {
        lock: Some("clone".to_owned()),
        ..stopped(DONE)
    };
    let paused = seen(RunState::Other("paused".to_owned()), DONE);
    let table: [(Observation, Timestamp, &[&str]); 6] = [
        (stopped(DONE), DONE, &[]),
        (stopped(DONE), after(DONE, 5_000), &[]),
        (stopped(DONE), after(DONE, 5_001), &["stale: 5001 of 5000"]),
        (
            seen(RunState::Running, DONE),
            DONE,
            &["not stopped: running"],
        ),
        (paused, DONE, &["not stopped: paused"]),
        (locked, DONE, &["locked: clone"]),
    ];
    for (observed, now, expected) in table {
        match StartOrder::for_stopped(&observed, now) {
            Ok(order) => {
                assert!(expected.is_empty(), "{observed:?}");
                assert_eq!(order.guest(), &fixture::guest());
                assert_eq!(order.node(), &observed.node);
            }
            Err(refusal) => assert_eq!(words(&refusal.reasons), expected, "{observed:?}"),
        }
        let snapshot: SnapshotName = "hospes-7".parse().expect("a name");
        match RollbackOrder::for_stopped(&observed, snapshot.clone(), now) {
            Ok(order) => {
                assert!(expected.is_empty(), "{observed:?}");
                assert_eq!(order.guest(), &fixture::guest());
                assert_eq!(order.node(), &observed.node);
                assert_eq!(order.snapshot(), &snapshot);
            }
            Err(refusal) => assert_eq!(words(&refusal.reasons), expected, "{observed:?}"),
        }
    }
}
