//! The watcher in a world that crashes it at any effect: scripts run once for each request of a
//! boot, and never without one.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::Failure;
use crate::stop::{PendingStop, StopState};

/// What happens to the world.
#[derive(Debug, Clone)]
enum Act {
    /// The host announces a stop: with a new timestamp, or without.
    Announce { is_named: bool },
    /// The host takes it back.
    Cancel,
    /// The host goes on.
    Stop,
    /// A later version's state.
    Unknown,
    /// A reply reaches the watcher, as after each hanging GET; the etag plays no part.
    Reply,
    /// The time of the next retry comes.
    Wake,
    /// The next so many effects are done, then the watcher dies and is started again.
    CrashAfter(usize),
    /// The next requests for details, or starts, fail so often.
    Fail { details: u8, starts: u8 },
    /// The scripts end, and with them the unit.
    ScriptsEnd,
    /// The guest is started again. `/run` may survive it, as it does in some containers.
    Reboot { keeps_run: bool },
}

#[derive(Default)]
struct World {
    boot: u32,
    clock: Duration,
    // the host
    state: &'static str,
    request: Option<String>,
    requests: u32,
    failing: (u8, u8),
    // the run directory
    kept: Option<Kept>,
    pending: Option<PendingStop>,
    taken: BTreeSet<String>,
    // the unit
    is_active: bool,
    // what the watcher that lives has heard last
    heard: &'static str,
    // what is proved
    given_up: BTreeSet<String>,
    runs: BTreeMap<(u32, String), u32>,
    lines: usize,
}

impl World {
    fn now(&self) -> Now {
        Now {
            boot: self.clock,
            unix: self.clock,
        }
    }

    fn boot_id(&self) -> String {
        format!("boot-{}", self.boot)
    }

    /// A start job: merged while the scripts run, else the runner begins.
    fn start(&mut self) {
        if self.is_active {
            return;
        }
        let Some(pending) = &self.pending else { return };
        assert_eq!(self.kept.as_ref().expect("an intent").boot, self.boot_id());
        if self.taken.insert(pending.request.clone()) {
            self.is_active = true;
            let run = (self.boot, pending.request.clone());
            *self.runs.entry(run).or_default() += 1;
        }
    }

    fn details(&mut self) -> Result<Details, Failure> {
        if self.failing.0 > 0 {
            self.failing.0 -= 1;
            return Err(Failure::Status(503));
        }
        self.heard = self.state;
        Ok(Details {
            state: Some(StopState::read(self.state)),
            request: self.request.clone(),
            max: Some(Duration::from_secs(60)),
        })
    }

    /// Does one effect; answers what it leads to.
    fn perform(&mut self, effect: Effect) -> Option<Event<'static>> {
        match effect {
            Effect::Forget => {
                self.taken.clear();
                self.pending = None;
            }
            Effect::Save(kept) => self.kept = Some(kept),
            Effect::Leave(pending) => self.pending = Some(pending),
            Effect::Withdraw => self.pending = None,
            Effect::ReadDetails => return Some(Event::Details(self.details())),
            Effect::Start => {
                assert_eq!(self.heard, "PENDING_STOP", "nothing else starts scripts");
                if self.failing.1 > 0 {
                    self.failing.1 -= 1;
                    return Some(Event::Started(Err("refused".to_owned())));
                }
                self.start();
                return Some(Event::Started(Ok(())));
            }
            Effect::Look(request) => {
                let runner = match self.taken.contains(&request) {
                    true => Runner::Took,
                    false if self.taken.is_empty() => Runner::Unknown,
                    false => Runner::Behind,
                };
                return Some(Event::Looked(runner));
            }
            Effect::Report(report) => drop(self.given_up.insert(report.request)),
            Effect::Say(_) => self.lines += 1,
        }
        None
    }
}

struct Guest {
    world: World,
    watch: Watch,
    crash_after: Option<usize>,
}

impl Guest {
    fn new() -> Self {
        let world = World {
            state: "NONE",
            ..World::default()
        };
        let watch = Watch::new(world.boot_id(), None).0;
        Self {
            world,
            watch,
            crash_after: None,
        }
    }

    fn restart(&mut self) {
        let (watch, effects) = Watch::new(self.world.boot_id(), self.world.kept.clone());
        self.watch = watch;
        self.world.heard = "";
        // A crash in here is a restart that does them again: they are all repeatable.
        for effect in effects {
            self.world.perform(effect);
        }
    }

    /// As the program does it: what an effect leads to comes behind the effects that wait.
    fn feed(&mut self, event: Event<'_>) {
        let mut effects = VecDeque::from(self.watch.step(event, self.world.now()));
        while let Some(effect) = effects.pop_front() {
            if self.has_crashed() {
                return self.restart();
            }
            let event = self.world.perform(effect);
            self.crash_after = self.crash_after.map(|count| count - 1);
            let Some(event) = event else { continue };
            // Died after the effect, before its result was taken in.
            if self.has_crashed() {
                return self.restart();
            }
            effects.extend(self.watch.step(event, self.world.now()));
        }
    }

    fn has_crashed(&mut self) -> bool {
        self.crash_after.take_if(|count| *count == 0).is_some()
    }

    fn reply(&mut self) {
        let state = self.world.state;
        self.world.heard = state;
        self.feed(Event::Seen(Some(state)));
    }

    fn wake(&mut self) {
        if let Some(at) = self.watch.wake_at() {
            self.world.clock = self.world.clock.max(at);
            self.feed(Event::Woken);
        }
    }

    fn act(&mut self, act: &Act) {
        self.world.clock += Duration::from_millis(7);
        match act {
            Act::Announce { is_named } => {
                self.world.requests += 1;
                self.world.state = "PENDING_STOP";
                let name = format!("request-{}", self.world.requests);
                self.world.request = is_named.then_some(name);
            }
            Act::Cancel => {
                self.world.state = "NONE";
                self.world.request = None;
            }
            Act::Stop => self.world.state = "STOPPING",
            Act::Unknown => self.world.state = "DEFERRED",
            Act::Reply => self.reply(),
            Act::Wake => self.wake(),
            Act::CrashAfter(count) => self.crash_after = Some(*count),
            Act::Fail { details, starts } => self.world.failing = (*details, *starts),
            Act::ScriptsEnd => self.world.is_active = false,
            Act::Reboot { keeps_run } => {
                self.world.boot += 1;
                self.world.is_active = false;
                if !keeps_run {
                    self.world.perform(Effect::Forget);
                    self.world.kept = None;
                }
                self.restart();
            }
        }
    }

    /// Nothing fails and nothing crashes any more; the scripts end when they will.
    fn settle(&mut self) {
        self.crash_after = None;
        self.world.failing = (0, 0);
        for _ in 0..3 {
            self.reply();
            for _ in 0..9 {
                self.wake();
            }
            self.world.is_active = false;
        }
    }

    fn runs(&self, request: &str) -> u32 {
        let run = (self.world.boot, request.to_owned());
        self.world.runs.get(&run).copied().unwrap_or_default()
    }
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        3 => any::<bool>().prop_map(|is_named| Act::Announce { is_named }),
        2 => Just(Act::Cancel),
        1 => Just(Act::Stop),
        1 => Just(Act::Unknown),
        8 => Just(Act::Reply),
        3 => Just(Act::Wake),
        3 => (0_usize..6).prop_map(Act::CrashAfter),
        1 => (0_u8..9, 0_u8..3).prop_map(|(details, starts)| Act::Fail { details, starts }),
        3 => Just(Act::ScriptsEnd),
        1 => any::<bool>().prop_map(|keeps_run| Act::Reboot { keeps_run }),
    ];
    prop::collection::vec(act, 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn scripts_run_once_for_each_request_of_a_boot(acts in acts()) {
        let mut guest = Guest::new();
        for act in &acts {
            guest.act(act);
        }
        prop_assert!(guest.world.runs.values().all(|runs| *runs == 1));
        // The stop that is pending in the end is served, unless its start was refused for good.
        guest.settle();
        if guest.world.state == "PENDING_STOP" {
            let stop = guest.world.kept.clone().and_then(|kept| kept.stop);
            let request = stop.expect("the pending stop is known").pending.request;
            if !guest.world.given_up.contains(&request) {
                prop_assert_eq!(guest.runs(&request), 1);
            }
        }
        prop_assert!(guest.world.runs.values().all(|runs| *runs == 1));
    }

    #[test]
    fn a_named_request_is_served_exactly_once_whatever_came_before(acts in acts()) {
        let mut guest = Guest::new();
        for act in &acts {
            guest.act(act);
        }
        // Scripts of another stop may run still.
        guest.act(&Act::Cancel);
        guest.crash_after = None;
        guest.reply();
        guest.act(&Act::Announce { is_named: true });
        let request = guest.world.request.clone().expect("a name");
        guest.settle();
        prop_assert_eq!(guest.runs(&request), 1);
        guest.restart();
        guest.settle();
        prop_assert_eq!(guest.runs(&request), 1);
    }

    #[test]
    fn a_crash_at_any_effect_of_a_stop_neither_loses_nor_repeats_the_scripts(
        first in 0_usize..8, second in 0_usize..8, is_named: bool,
    ) {
        let mut guest = Guest::new();
        guest.act(&Act::Announce { is_named });
        for crash in [first, second] {
            guest.crash_after = Some(crash);
            guest.reply();
        }
        guest.settle();
        prop_assert_eq!(guest.world.runs.values().sum::<u32>(), 1);
    }

    #[test]
    fn replies_without_news_are_without_lines(acts in acts()) {
        let mut guest = Guest::new();
        for act in &acts {
            guest.act(act);
        }
        guest.settle();
        let before = guest.world.lines;
        for _ in 0..20 {
            guest.reply();
        }
        prop_assert_eq!(guest.world.lines, before);
    }
}
