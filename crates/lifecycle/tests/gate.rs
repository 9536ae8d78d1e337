//! The gate: which check yields a permit, which observation redeems it, and what powers on.

mod fixture;

use std::collections::BTreeMap;
use std::time::Duration;

use conditions::{
    ChannelDevice, ChannelReport, Check, Condition, FreezeStatus, GuestFacts, NodeName,
    Observation, RunState, Sightings, SilenceReason, SshSighting, State, Timestamp, assess,
};
use lifecycle::gate::{Accepted, CannotBeAccepted, Permit, RefusalReason, StartOrder, admit};

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
    admit(check(|_| {}), &Accepted::none(), DONE, TTL).expect("a healthy guest")
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
    };
    reasons.iter().map(word).collect()
}

fn refused(check: Check, now: Timestamp) -> Vec<String> {
    let refusal = admit(check, &Accepted::none(), now, TTL).expect_err("it must refuse");
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
    let permit = admit(check(|_| {}), &Accepted::none(), DONE, TTL).unwrap();
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
                match admit(spoilt, &accepted, DONE, TTL) {
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
    assert!(admit(check(|_| {}), &Accepted::none(), edge, TTL).is_ok());
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
fn a_start_takes_a_guest_that_was_just_seen_stopped_and_unlocked() {
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
    }
}

/// The law of the permit, told a second time over plain values, against any interleaving.
mod model {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone)]
    enum Step {
        Pass(u64),
        SetBack(u64),
        Move(u8),
        Lock(bool),
        Run(u8),
        Reboot,
        Begin { stopping: bool },
        Spoil { condition: usize, state: u8 },
        Check { takes: u64 },
        Admit { accepted: usize, ttl: u64 },
        Look { other_guest: bool },
        Redeem,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            6 => prop_oneof![0..200_u64, 0..6_000_u64, 0..70_000_u64].prop_map(Step::Pass),
            1 => (0..4_000_u64).prop_map(Step::SetBack),
            1 => (1..3_u8).prop_map(Step::Move),
            1 => any::<bool>().prop_map(Step::Lock),
            2 => (0..6_u8).prop_map(Step::Run),
            1 => Just(Step::Reboot),
            1 => any::<bool>().prop_map(|stopping| Step::Begin { stopping }),
            3 => (0..6_usize, 0..6_u8)
                .prop_map(|(condition, state)| Step::Spoil { condition, state }),
            6 => (0..3_000_u64).prop_map(|takes| Step::Check { takes }),
            6 => (0..8_usize, prop_oneof![4 => Just(60_000), 1 => 0..4_000_u64])
                .prop_map(|(accepted, ttl)| Step::Admit { accepted, ttl }),
            6 => prop::bool::weighted(0.05).prop_map(|other_guest| Step::Look { other_guest }),
            6 => Just(Step::Redeem),
        ]
    }

    /// What is really so.
    #[derive(Debug, Clone)]
    struct World {
        now: u64,
        node: u8,
        locked: bool,
        run: u8,
        boot: u64,
        stopping: bool,
        states: [u8; 6],
    }

    const HEALTHY: u8 = 0;
    const UNKNOWN: u8 = 1;
    const FAILED: u8 = 2;
    const RUNNING: u8 = 0;
    const STOPPED: u8 = 1;

    /// What a check saw of it.
    #[derive(Debug)]
    struct Snapshot {
        world: World,
        began: u64,
        ended: u64,
    }

    #[derive(Debug)]
    struct Held {
        snapshot: Snapshot,
        ttl: u64,
    }

    /// What a look from outside saw.
    #[derive(Debug)]
    struct Look {
        world: World,
        other_guest: bool,
    }

    fn is_older(than: u64, at: u64, now: u64) -> bool {
        now > at + than
    }

    /// A complete, fresh, healthy check of a guest that runs, unlocked, and is not going down.
    fn may_admit(snapshot: &Snapshot, accepted: &[Condition], ttl: u64, now: u64) -> bool {
        let world = &snapshot.world;
        let all_fit = Condition::ALL.iter().zip(world.states).all(|(c, state)| {
            let may_be_unknown = accepted.contains(c) && [1, 2, 4].contains(&c.number());
            state == HEALTHY || (state == UNKNOWN && may_be_unknown)
        });
        let fit = world.run == RUNNING && !world.locked && !world.stopping;
        fit && all_fit && !is_older(ttl, snapshot.began, now)
    }

    /// The same guest where it was checked, running unlocked, seen after the check and just now.
    fn may_redeem(held: &Held, look: &Look, now: u64) -> bool {
        let (then, seen) = (&held.snapshot.world, &look.world);
        let same = !look.other_guest && then.node == seen.node;
        let fit = seen.run == RUNNING && !seen.locked;
        let fresh = seen.now >= held.snapshot.ended && !is_older(5_000, seen.now, now);
        same && fit && fresh && !is_older(held.ttl, held.snapshot.began, now)
    }

    impl World {
        fn observation(&self) -> Observation {
            let run_state = match self.run {
                RUNNING => RunState::Running,
                STOPPED => RunState::Stopped,
                _ => RunState::Other("paused".to_owned()),
            };
            let mut seen = fixture::observation(run_state, Timestamp::from_millis(self.now));
            seen.node = NodeName::new(format!("node{}", self.node));
            seen.lock = self.locked.then(|| "backup".to_owned());
            seen
        }

        fn sightings(&self, began: u64, ended: u64) -> Sightings {
            let at = Timestamp::from_millis;
            let mut seen = fixture::healthy(self.boot, at(began), at(ended));
            seen.observation = self.observation();
            for ((_, fail, blind), state) in SPOILS.into_iter().zip(self.states) {
                match state {
                    FAILED => fail(&mut seen),
                    UNKNOWN => blind(&mut seen),
                    _ => {}
                }
            }
            if self.stopping {
                inside(&mut seen).system_state = Some("stopping".to_owned());
            }
            seen
        }

        fn change(&mut self, step: &Step) {
            match *step {
                Step::Pass(ms) => self.now += ms,
                Step::SetBack(ms) => self.now -= ms,
                Step::Move(node) => self.node = node,
                Step::Lock(locked) => self.locked = locked,
                Step::Run(run) => self.run = run.saturating_sub(3),
                Step::Reboot => (self.boot, self.stopping) = (self.boot + 1, false),
                Step::Begin { stopping } => self.stopping = stopping,
                Step::Spoil { condition, state } => {
                    self.states[condition] = state.saturating_sub(3);
                }
                Step::Check { .. } | Step::Admit { .. } | Step::Look { .. } | Step::Redeem => {}
            }
        }
    }

    /// What happened so far: an order, or not, for each call of the gate.
    #[derive(Debug, Default)]
    struct Desk {
        check: Option<(Check, Snapshot)>,
        permit: Option<(Permit, Held)>,
        look: Option<(Observation, Look)>,
        orders: u32,
    }

    impl Desk {
        fn check(&mut self, world: &mut World, takes: u64) {
            let began = world.now;
            world.now += takes;
            let ended = world.now;
            let snapshot = Snapshot {
                world: world.clone(),
                began,
                ended,
            };
            self.check = Some((assess(world.sightings(began, ended)), snapshot));
        }

        fn admit(&mut self, accepted: &[Condition], ttl: u64, now: u64) {
            let Some((check, snapshot)) = self.check.take() else {
                return;
            };
            let allowed = may_admit(&snapshot, accepted, ttl, now);
            let accepted = Accepted::new(accepted.iter().copied()).expect("1, 2 or 4");
            let span = Duration::from_millis(ttl);
            match admit(check, &accepted, Timestamp::from_millis(now), span) {
                Ok(permit) => {
                    assert!(allowed, "a permit against the law: {snapshot:?} at {now}");
                    assert_eq!(*permit.boot_id(), fixture::boot_id(snapshot.world.boot));
                    assert_eq!(permit.expires_at().as_millis(), snapshot.began + ttl);
                    self.permit = Some((permit, Held { snapshot, ttl }));
                }
                Err(refusal) => {
                    assert!(!allowed, "refused what the law allows: {refusal}");
                    assert!(!refusal.reasons.is_empty(), "refused without a reason");
                }
            }
        }

        fn redeem(&mut self, now: u64) {
            let (Some((permit, held)), Some((seen, look))) = (self.permit.take(), &self.look)
            else {
                return;
            };
            let allowed = may_redeem(&held, look, now);
            match permit.redeem(seen, Timestamp::from_millis(now)) {
                Ok(order) => {
                    assert!(allowed, "an order against the law: {held:?} {look:?} {now}");
                    assert_eq!(*order.guest(), fixture::guest());
                    assert_eq!(*order.node(), seen.node);
                    self.orders += 1;
                }
                Err(refusal) => {
                    assert!(!allowed, "refused what the law allows: {refusal}");
                    assert!(!refusal.reasons.is_empty(), "refused without a reason");
                }
            }
        }

        fn look(&mut self, world: &World, other_guest: bool) {
            let mut seen = world.observation();
            if other_guest {
                seen.guest = "web2".parse().expect("a name");
            }
            let world = world.clone();
            self.look = Some((seen, Look { world, other_guest }));
        }
    }

    fn play(steps: &[Step]) -> u32 {
        let mut world = World {
            now: BEGAN.as_millis(),
            node: 1,
            locked: false,
            run: RUNNING,
            boot: 1,
            stopping: false,
            states: [HEALTHY; 6],
        };
        let mut desk = Desk::default();
        for step in steps {
            world.change(step);
            match *step {
                Step::Check { takes } => desk.check(&mut world, takes),
                Step::Admit { accepted, ttl } => {
                    desk.admit(&all_accepted()[accepted], ttl, world.now);
                }
                Step::Look { other_guest } => desk.look(&world, other_guest),
                Step::Redeem => desk.redeem(world.now),
                _ => {}
            }
        }
        desk.orders
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

        #[test]
        fn an_order_exists_exactly_when_the_law_allows_it(
            steps in prop::collection::vec(step(), 1..60),
        ) {
            play(&steps);
        }
    }

    #[test]
    fn the_straight_way_leads_to_one_order() {
        let steps = [
            Step::Check { takes: 2_000 },
            Step::Admit {
                accepted: 0,
                ttl: 60_000,
            },
            Step::Look { other_guest: false },
            Step::Redeem,
            Step::Redeem,
        ];
        assert_eq!(play(&steps), 1);
    }
}
