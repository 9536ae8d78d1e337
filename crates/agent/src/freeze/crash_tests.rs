//! The laws of freezing, in a small world where anything may fail and the agent may die at every
//! effect.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use super::*;

/// What one step of the world does.
#[derive(Debug, Clone)]
enum Happening {
    AskFreeze,
    AskThaw,
    /// One of the things under way is done: well, or not.
    Done(usize, Outcome),
    /// Time passes, and the timer may ring.
    Pass(u64),
    Terminate,
    /// The agent dies between two steps, and another starts.
    Crash,
    /// The agent dies after so many effects of its next step.
    CrashAfter(usize),
    /// The guest boots.
    Reboot,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Well,
    Empty,
    Failed,
}

/// What is under way beside the agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    Hook(Hook),
    Freeze,
    Thaw,
}

/// What whoever asked for the last freeze has to believe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Truth {
    /// Nothing: no freeze was answered with success.
    Nothing,
    /// File systems are frozen since.
    Frozen,
    /// They were thawed before a thaw was asked for: it must be told.
    Broken,
    /// A reply or a thaw was lost with an agent: it may be told.
    Unclear,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ask {
    Freeze,
    Thaw,
}

struct World {
    rules: Rules,
    agent: Option<Freezer<u32>>,
    now: Duration,
    timer: Option<Duration>,
    work: Vec<Work>,
    is_frozen: bool,
    /// Something was frozen during a thaw, which may have passed it by.
    thaw_misses: bool,
    /// The hook has got `freeze` and no `thaw` since.
    hook_waits: bool,
    log_held: bool,
    state: Option<String>,
    asks: BTreeMap<u32, Ask>,
    next_ask: u32,
    truth: Truth,
    crash_after: Option<usize>,
}

impl World {
    fn new(rules: Rules) -> Self {
        let mut world = Self {
            rules,
            agent: None,
            now: Duration::ZERO,
            timer: None,
            work: Vec::new(),
            is_frozen: false,
            thaw_misses: false,
            hook_waits: false,
            log_held: false,
            state: None,
            asks: BTreeMap::new(),
            next_ask: 0,
            truth: Truth::Nothing,
            crash_after: None,
        };
        world.start();
        world
    }

    fn start(&mut self) {
        let (agent, effects) = Freezer::start(self.rules.clone(), self.recovery());
        self.agent = Some(agent);
        self.carry_out(effects);
    }

    fn recovery(&self) -> Recovery {
        let state = self.state.as_ref().map(String::as_bytes);
        Recovery::read(state, false, &self.rules.boot)
    }

    fn moment(&self) -> Moment {
        Moment {
            monotonic: self.now,
            unix: 1_795_309_200 + self.now.as_secs(),
        }
    }

    fn tell(&mut self, event: Event<u32>) {
        let now = self.moment();
        if let Some(agent) = &mut self.agent {
            let effects = agent.step(event, now);
            self.carry_out(effects);
        }
    }

    /// Carries effects out, or only the first of them when the agent dies.
    fn carry_out(&mut self, effects: Vec<Effect<u32>>) {
        let crash_after = self.crash_after.take();
        let lives = crash_after.unwrap_or(usize::MAX);
        let mut follow_ups = Vec::new();
        for effect in effects.into_iter().take(lives) {
            follow_ups.extend(self.carry_out_one(effect));
        }
        if crash_after.is_some() {
            return self.crash();
        }
        for event in follow_ups {
            self.tell(event);
        }
    }

    fn carry_out_one(&mut self, effect: Effect<u32>) -> Option<Event<u32>> {
        match effect {
            Effect::WriteState(state) => {
                self.check_disk_is_writable();
                self.state = Some(state.encode());
                if self.recovery() == Recovery::Frozen {
                    self.truth = Truth::Nothing;
                }
                return Some(Event::StateWritten(Ok(())));
            }
            Effect::ClearState => {
                self.check_disk_is_writable();
                assert!(!self.hook_waits, "the hook's thaw would be forgotten");
                self.state = None;
            }
            Effect::RunHook(hook) => {
                let runs = self.work.iter().any(|work| matches!(work, Work::Hook(_)));
                assert!(!runs, "two hooks at once");
                assert!(!self.is_frozen, "the hook writes to a frozen disk");
                if hook == Hook::Freeze {
                    self.check_state_is_there();
                    self.hook_waits = true;
                }
                self.work.push(Work::Hook(hook));
            }
            Effect::FreezeFileSystems(_) => {
                self.check_state_is_there();
                assert!(self.log_held, "the log may be on a frozen disk");
                self.work.push(Work::Freeze);
            }
            Effect::ThawFileSystems => {
                assert!(!self.work.contains(&Work::Thaw), "two thaws at once");
                let is_asked = self.asks.values().any(|ask| *ask == Ask::Thaw);
                if self.truth == Truth::Frozen && !is_asked {
                    self.truth = Truth::Broken;
                }
                self.work.push(Work::Thaw);
            }
            Effect::HoldLog => self.log_held = true,
            Effect::ReleaseLog => {
                self.check_disk_is_writable();
                self.log_held = false;
            }
            Effect::ArmTimer(at) => self.timer = Some(at),
            Effect::DisarmTimer => self.timer = None,
            Effect::Answer { to, result } => self.answered(to, result),
            Effect::Exit => self.exit(),
            Effect::StopHook | Effect::StopFreezing | Effect::Log(..) => {}
        }
        None
    }

    fn check_disk_is_writable(&self) {
        assert!(!self.is_frozen, "the agent would wait for a frozen disk");
        assert!(!self.work.contains(&Work::Freeze), "a disk may freeze now");
    }

    fn check_state_is_there(&self) {
        assert_eq!(
            self.recovery(),
            Recovery::Frozen,
            "the next agent would not know"
        );
    }

    fn answered(&mut self, to: u32, result: Result<i64, String>) {
        let ask = self.asks.remove(&to);
        let is_debt = matches!(&result, Err(text) if text.contains("not consistent"));
        match (ask, result) {
            (None, _) => panic!("{to} is answered twice"),
            (Some(Ask::Freeze), Ok(count @ 1..)) => {
                assert!(self.is_frozen, "{count} file systems are not frozen");
                let limited = self.timer.is_some() || self.rules.limit.is_none();
                assert!(limited, "no limit is armed");
                self.truth = Truth::Frozen;
            }
            (Some(Ask::Freeze), _) => assert!(!is_debt, "a debt is for thaws"),
            (Some(Ask::Thaw), result) => {
                match self.truth {
                    Truth::Broken if result.is_ok() => panic!("the thaw hides what happened"),
                    Truth::Nothing | Truth::Frozen if is_debt => panic!("nothing is owed"),
                    _ => {}
                }
                // One that failed has said so: its freeze is over for whoever asked.
                if is_debt || self.truth == Truth::Frozen || result.is_ok() {
                    // Others that waited with it may hear the same.
                    let others_wait = self.asks.values().any(|ask| *ask == Ask::Thaw);
                    self.truth = match (is_debt, others_wait) {
                        (true, true) => Truth::Unclear,
                        _ => Truth::Nothing,
                    };
                }
            }
        }
    }

    /// The agent has ended as it was told; what it runs ends with it, and another starts.
    fn exit(&mut self) {
        self.crash();
    }

    fn crash(&mut self) {
        let thaw_was_asked = self.asks.values().any(|ask| *ask == Ask::Thaw);
        let freezing = self.work.contains(&Work::Freeze);
        self.truth = match self.truth {
            Truth::Frozen | Truth::Broken if !thaw_was_asked => Truth::Broken,
            _ => Truth::Unclear,
        };
        self.is_frozen |= freezing;
        self.thaw_misses = false;
        self.asks.clear();
        self.work.clear();
        self.timer = None;
        self.log_held = false;
        self.start();
    }

    fn reboot(&mut self) {
        self.rules.boot.push('+');
        self.work.clear();
        self.is_frozen = false;
        self.hook_waits = false;
        self.crash();
        self.truth = Truth::Nothing;
    }

    fn ask(&mut self, ask: Ask) {
        let from = self.next_ask;
        self.next_ask += 1;
        self.asks.insert(from, ask);
        self.tell(match ask {
            Ask::Thaw => Event::ThawAsked { from },
            Ask::Freeze => Event::FreezeAsked {
                from,
                mount_points: None,
            },
        });
    }

    fn done(&mut self, which: usize, outcome: Outcome) {
        if self.work.is_empty() {
            return;
        }
        let work = self.work.remove(which % self.work.len());
        let result = match outcome {
            Outcome::Well => Ok(2),
            Outcome::Empty => Ok(0),
            Outcome::Failed => Err("it failed".to_owned()),
        };
        let event = match work {
            Work::Hook(hook) => {
                // Whether it failed or not, it has run.
                self.hook_waits = hook == Hook::Freeze;
                Event::HookEnded(result.map(|_| ()))
            }
            Work::Freeze => {
                // One that failed may have frozen some.
                self.is_frozen |= outcome != Outcome::Empty;
                self.thaw_misses = self.is_frozen && self.work.contains(&Work::Thaw);
                Event::Froze(result)
            }
            Work::Thaw => {
                self.is_frozen &= outcome == Outcome::Failed || self.thaw_misses;
                self.thaw_misses = false;
                Event::Thawed(result)
            }
        };
        self.tell(event);
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        if self.timer.is_some_and(|timer| timer <= self.now) {
            self.timer = None;
            self.tell(Event::TimerDue);
        }
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::AskFreeze => self.ask(Ask::Freeze),
            Happening::AskThaw => self.ask(Ask::Thaw),
            Happening::Done(which, outcome) => self.done(which, outcome),
            Happening::Pass(seconds) => self.pass(Duration::from_secs(seconds)),
            Happening::Terminate => self.tell(Event::TerminationAsked),
            Happening::Crash => self.crash(),
            Happening::CrashAfter(effects) => self.crash_after = Some(effects),
            Happening::Reboot => self.reboot(),
        }
        let says_frozen = self.agent.as_ref().is_some_and(Freezer::is_frozen);
        assert!(
            says_frozen || !self.is_frozen,
            "frozen, and the agent denies it"
        );
    }

    /// Lets everything go well until nothing is left to do.
    fn settle(&mut self) {
        self.crash_after = None;
        for _ in 0..20 {
            while !self.work.is_empty() {
                self.done(0, Outcome::Well);
            }
            if self.timer.is_some() {
                self.pass(Duration::from_secs(600));
            } else if self.is_frozen {
                assert_eq!(self.rules.limit, None, "nothing would thaw it");
                self.ask(Ask::Thaw);
            }
        }
    }
}

fn any_happening() -> impl Strategy<Value = Happening> {
    let outcome = prop_oneof![
        6 => Just(Outcome::Well),
        1 => Just(Outcome::Empty),
        2 => Just(Outcome::Failed),
    ];
    prop_oneof![
        3 => Just(Happening::AskFreeze),
        3 => Just(Happening::AskThaw),
        9 => (0_usize..3, outcome).prop_map(|(which, outcome)| Happening::Done(which, outcome)),
        2 => (0_u64..700).prop_map(Happening::Pass),
        1 => Just(Happening::Terminate),
        1 => Just(Happening::Crash),
        2 => (0_usize..5).prop_map(Happening::CrashAfter),
        1 => Just(Happening::Reboot),
    ]
}

fn any_rules() -> impl Strategy<Value = Rules> {
    (any::<bool>(), any::<bool>()).prop_map(|(has_hook, is_limited)| Rules {
        has_hook,
        limit: is_limited.then_some(Duration::from_secs(600)),
        boot: "boot".into(),
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]
    #[test]
    fn whatever_happens_all_is_thawed_in_the_end_and_no_thaw_lies(
        rules in any_rules(),
        happenings in proptest::collection::vec(any_happening(), 0..40),
    ) {
        let mut world = World::new(rules);
        for happening in happenings {
            world.happen(happening);
        }
        world.settle();
        prop_assert!(!world.is_frozen);
        prop_assert!(!world.hook_waits);
        prop_assert!(!world.log_held);
        prop_assert_eq!(&world.asks, &BTreeMap::new(), "somebody waits for an answer");
        let left = world.recovery();
        let debt = world.agent.as_ref().and_then(Freezer::debt);
        prop_assert_eq!(left, debt.map_or(Recovery::Nothing, Recovery::Owed));
    }
}

/// A freeze and its thaw, with a crash at each effect on the way.
#[test]
fn a_crash_at_any_effect_ends_thawed_and_with_a_debt() {
    let well = || Happening::Done(0, Outcome::Well);
    let story = [
        Happening::AskFreeze,
        well(),
        well(),
        Happening::AskThaw,
        well(),
        well(),
    ];
    for step in 0..story.len() {
        for effects in 0..6 {
            let rules = Rules {
                has_hook: true,
                limit: Some(Duration::from_secs(600)),
                boot: "boot".into(),
            };
            let mut world = World::new(rules);
            for (index, happening) in story.iter().enumerate().take(step + 1) {
                if index == step {
                    world.crash_after = Some(effects);
                }
                world.happen(happening.clone());
            }
            let was_noted = world.state.is_some();
            world.settle();
            assert!(!world.is_frozen && !world.hook_waits, "{step} {effects}");
            let debt = world.agent.as_ref().and_then(Freezer::debt);
            assert_eq!(debt.is_some(), was_noted, "{step} {effects}");
        }
    }
}
