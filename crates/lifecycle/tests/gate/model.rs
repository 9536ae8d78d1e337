//! The law of the permit, told a second time over plain values, against any interleaving.

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
    Begin {
        stopping: bool,
    },
    Join {
        quorum: u8,
        ha: u8,
    },
    Spoil {
        condition: usize,
        state: u8,
    },
    Check {
        takes: u64,
    },
    Admit {
        shuts_down: bool,
        accepted: usize,
        ttl: u64,
    },
    Look {
        other_guest: bool,
    },
    Redeem {
        restarts: bool,
    },
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
        2 => (0..6_u8, 0..6_u8).prop_map(|(quorum, ha)| Step::Join { quorum, ha }),
        3 => (0..6_usize, 0..6_u8)
            .prop_map(|(condition, state)| Step::Spoil { condition, state }),
        6 => (0..3_000_u64).prop_map(|takes| Step::Check { takes }),
        6 => (any::<bool>(), 0..8_usize, prop_oneof![4 => Just(60_000), 1 => 0..4_000_u64])
            .prop_map(|(shuts_down, accepted, ttl)| Step::Admit { shuts_down, accepted, ttl }),
        6 => prop::bool::weighted(0.05).prop_map(|other_guest| Step::Look { other_guest }),
        6 => any::<bool>().prop_map(|restarts| Step::Redeem { restarts }),
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
    /// Three and more: in no cluster at all.
    quorum: u8,
    ha: u8,
}

const QUORATE: u8 = 0;
const MANAGED: u8 = 1;
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
fn may_admit(
    snapshot: &Snapshot,
    shuts_down: bool,
    accepted: &[Condition],
    ttl: u64,
    now: u64,
) -> bool {
    let world = &snapshot.world;
    if !world.may_decide() || (shuts_down && world.is_managed()) {
        return false;
    }
    let all_fit = Condition::ALL.iter().zip(world.states).all(|(c, state)| {
        let may_be_unknown = accepted.contains(c) && [1, 2, 4].contains(&c.number());
        state == HEALTHY || (state == UNKNOWN && may_be_unknown)
    });
    let fit = world.run == RUNNING && !world.locked && !world.stopping;
    fit && all_fit && !is_older(ttl, snapshot.began, now)
}

/// The same guest where it was checked, running unlocked, seen after the check and just now, and
/// under high availability then and now, or neither.
fn may_redeem(held: &Held, look: &Look, restarts: bool, now: u64) -> bool {
    let (then, seen) = (&held.snapshot.world, &look.world);
    let one_way = then.is_managed() == restarts && seen.is_managed() == restarts;
    if !seen.may_decide() || !one_way {
        return false;
    }
    let same = !look.other_guest && then.node == seen.node;
    let fit = seen.run == RUNNING && !seen.locked;
    let fresh = seen.now >= held.snapshot.ended && !is_older(5_000, seen.now, now);
    same && fit && fresh && !is_older(held.ttl, held.snapshot.began, now)
}

impl World {
    const fn in_cluster(&self) -> bool {
        self.quorum < 3
    }

    const fn may_decide(&self) -> bool {
        !self.in_cluster() || self.quorum == QUORATE
    }

    const fn is_managed(&self) -> bool {
        self.in_cluster() && self.ha == MANAGED
    }

    fn observation(&self) -> Observation {
        let run_state = match self.run {
            RUNNING => RunState::Running,
            STOPPED => RunState::Stopped,
            _ => RunState::Other("paused".to_owned()),
        };
        let mut seen = fixture::observation(run_state, Timestamp::from_millis(self.now));
        seen.node = NodeName::new(format!("node{}", self.node));
        let quorate = [Some(true), Some(false), None].get(usize::from(self.quorum));
        let ha = ["", "started", "ignored"].get(usize::from(self.ha));
        let ha = ha.copied().filter(|state| !state.is_empty());
        seen.cluster = quorate.and_then(|quorate| fixture::in_cluster(*quorate, ha));
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
            Step::Join { quorum, ha } => (self.quorum, self.ha) = (quorum, ha),
            Step::Spoil { condition, state } => {
                self.states[condition] = state.saturating_sub(3);
            }
            Step::Check { .. } | Step::Admit { .. } | Step::Look { .. } | Step::Redeem { .. } => {}
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

    fn admit(&mut self, shuts_down: bool, accepted: &[Condition], ttl: u64, now: u64) {
        let Some((check, snapshot)) = self.check.take() else {
            return;
        };
        let allowed = may_admit(&snapshot, shuts_down, accepted, ttl, now);
        let purpose = match shuts_down {
            true => Purpose::Shutdown,
            false => Purpose::Restart,
        };
        let accepted = Accepted::new(accepted.iter().copied()).expect("1, 2 or 4");
        let span = Duration::from_millis(ttl);
        match admit(check, purpose, &accepted, Timestamp::from_millis(now), span) {
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

    fn redeem(&mut self, restarts: bool, now: u64) {
        let (Some((permit, held)), Some((seen, look))) = (self.permit.take(), &self.look) else {
            return;
        };
        let allowed = may_redeem(&held, look, restarts, now);
        let at = Timestamp::from_millis(now);
        let order = match restarts {
            true => permit
                .redeem_for_restart(seen, at)
                .map(|order| (order.guest().clone(), order.node().clone())),
            false => permit
                .redeem(seen, at)
                .map(|order| (order.guest().clone(), order.node().clone())),
        };
        match order {
            Ok((guest, node)) => {
                assert!(allowed, "an order against the law: {held:?} {look:?} {now}");
                assert_eq!(guest, fixture::guest());
                assert_eq!(node, seen.node);
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
        quorum: 3,
        ha: 0,
    };
    let mut desk = Desk::default();
    for step in steps {
        world.change(step);
        match *step {
            Step::Check { takes } => desk.check(&mut world, takes),
            Step::Admit {
                shuts_down,
                accepted,
                ttl,
            } => desk.admit(shuts_down, &all_accepted()[accepted], ttl, world.now),
            Step::Look { other_guest } => desk.look(&world, other_guest),
            Step::Redeem { restarts } => desk.redeem(restarts, world.now),
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

/// Checked, admitted, seen, and redeemed twice.
fn straight(shuts_down: bool, restarts: bool) -> [Step; 5] {
    [
        Step::Check { takes: 2_000 },
        Step::Admit {
            shuts_down,
            accepted: 0,
            ttl: 60_000,
        },
        Step::Look { other_guest: false },
        Step::Redeem { restarts },
        Step::Redeem { restarts },
    ]
}

#[test]
fn the_straight_way_leads_to_one_order() {
    for (ha, shuts_down, restarts, orders) in [
        (0, true, false, 1),
        (0, false, false, 1),
        (0, false, true, 0),
        (MANAGED, true, false, 0),
        (MANAGED, false, false, 0),
        (MANAGED, false, true, 1),
    ] {
        let join = Step::Join {
            quorum: QUORATE,
            ha,
        };
        let steps = [&[join], straight(shuts_down, restarts).as_slice()].concat();
        assert_eq!(play(&steps), orders, "{steps:?}");
    }
}
