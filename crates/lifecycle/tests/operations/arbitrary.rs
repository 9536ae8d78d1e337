//! Any events in any order: an action follows only from the sight that allows it, what was asked
//! stays owed, and no operation does another's work.

use std::time::Duration;

use conditions::{BootId, Check, Condition, RunState, Sightings, State, Timestamp, assess};
use lifecycle::gate::Accepted;
use lifecycle::operation::{
    AskReport, Effect, Event, Graceful, Heard, Limits, Notice, Operation, Request, Stop, WaitEnd,
    WithoutWatcher, Word,
};
use lifecycle::ports::{Presence, Standing};
use lifecycle::{NotReady, Readiness};
use metadata::stop::{Report, ReportOutcome};
use proptest::prelude::*;

use crate::drive::managed;
use crate::{fix, fixture};

#[derive(Debug, Clone, Copy)]
enum Answer {
    Checked { boot: u64, kind: u8, age: u64 },
    Observed { kind: u8, age: u64 },
    Asked(u8),
    Started(bool),
    Probed { boot: u64, uptime: u64, kind: u8 },
    Applied(bool),
    Watcher(bool),
    Notified(bool),
    Heard(u8),
    Woke,
    Killed,
    Fitting { boot: u64, kind: u8 },
}

fn answer() -> impl Strategy<Value = Answer> {
    let boot = || 1..3_u64;
    let age = || prop_oneof![4 => Just(0), 1 => 0..90_u64];
    prop_oneof![
        1 => (boot(), 0..12_u8, age())
            .prop_map(|(boot, kind, age)| Answer::Checked { boot, kind, age }),
        1 => (0..6_u8, age()).prop_map(|(kind, age)| Answer::Observed { kind, age }),
        1 => (0..4_u8).prop_map(Answer::Asked),
        1 => any::<bool>().prop_map(Answer::Started),
        1 => (boot(), 0..1_000_u64, 0..4_u8)
            .prop_map(|(boot, uptime, kind)| Answer::Probed { boot, uptime, kind }),
        1 => any::<bool>().prop_map(Answer::Applied),
        1 => any::<bool>().prop_map(Answer::Watcher),
        1 => any::<bool>().prop_map(Answer::Notified),
        1 => (0..9_u8).prop_map(Answer::Heard),
        1 => Just(Answer::Woke),
        1 => Just(Answer::Killed),
        16 => (boot(), 0..12_u8).prop_map(|(boot, kind)| Answer::Fitting { boot, kind }),
    ]
}

/// How long graceful scripts may take.
const GRACE: Duration = Duration::from_secs(100);

fn stop() -> impl Strategy<Value = Stop> {
    let without_watcher = prop_oneof![
        Just(WithoutWatcher::GoOn),
        Just(WithoutWatcher::Wait),
        Just(WithoutWatcher::Refuse),
    ];
    prop::option::of(without_watcher).prop_map(|without_watcher| Stop {
        accepted: Accepted::none(),
        graceful: without_watcher.map(|without_watcher| Graceful {
            max: GRACE,
            without_watcher,
        }),
    })
}

fn request() -> impl Strategy<Value = Request> {
    prop_oneof![
        8 => stop().prop_map(Request::Restart),
        4 => stop().prop_map(Request::Shutdown),
        1 => Just(Request::Start),
        2 => Just(Request::Reboot),
        3 => Just(Request::Fix),
        1 => Just(Request::Ready),
    ]
}

/// What the operation saw last, as plain facts.
#[derive(Debug, Default)]
struct Sight {
    /// A check that allows to take the guest down: this boot.
    may_stop: Option<BootId>,
    /// It was under high availability then.
    is_managed: bool,
    /// A check that shows no hooks.
    may_touch: bool,
    /// A look that allows a start.
    may_start: bool,
    /// A probe that allows a reboot: of this boot.
    may_reboot: Option<BootId>,
}

/// What a listener hears: nothing of the request, that it stands, a report, or the operator.
fn heard(kind: u8, stands: bool) -> Heard {
    let outcome = match kind {
        2 => Some(ReportOutcome::Done),
        3 => Some(ReportOutcome::Failed),
        _ => None,
    };
    let report = outcome.map(|outcome| Report {
        request: String::new(),
        outcome,
        exit: None,
    });
    let standing = match kind {
        4 => Err(String::new()),
        _ => Ok(Standing {
            announced: stands && kind != 0,
            report: report.filter(|_| stands),
        }),
    };
    let word = match kind {
        5 => Some(Word::Now),
        6 => Some(Word::Abort),
        _ => None,
    };
    Heard { standing, word }
}

struct Trial {
    request: Request,
    operation: Operation,
    effect: Effect,
    limits: Limits,
    now: Timestamp,
    sight: Sight,
    /// The boot that was asked and has not been seen to end.
    asked: Option<BootId>,
    ever_asked: bool,
    /// When the hypervisor was asked for a restart.
    restarts: Vec<Timestamp>,
    /// It was seen stopped since.
    was_stopped: bool,
    told: Told,
}

/// What the guest was told, as far as the operation knows.
#[derive(Debug, Default)]
struct Told {
    /// The request that is announced.
    announced: Option<String>,
    /// Since when its time runs, or ran.
    since: Option<Timestamp>,
    /// Withdrawals that failed.
    failed: u8,
}

fn spoilt(seen: &mut Sightings, kind: u8) {
    match kind {
        3 => managed(seen),
        4 => fix::hooked(seen),
        5 => fix::hung(seen),
        6 => {
            fix::hooked(seen);
            fix::hung(seen);
        }
        7 => fix::failed(seen),
        8 => fix::other_machine(seen),
        9 => fix::blind(seen),
        10 => seen.observation.run_state = RunState::Stopped,
        11 => fix::inside(seen).system_state = Some("stopping".to_owned()),
        _ => {}
    }
}

impl Trial {
    fn new(request: Request) -> Self {
        let now = Timestamp::from_millis(1_700_000_000_000);
        let limits = Limits::default();
        let (operation, effect) = Operation::start(request.clone(), limits, now);
        Self {
            request,
            operation,
            effect,
            limits,
            now,
            sight: Sight::default(),
            asked: None,
            ever_asked: false,
            restarts: Vec::new(),
            was_stopped: false,
            told: Told::default(),
        }
    }

    fn graceful(&self) -> Option<Graceful> {
        match &self.request {
            Request::Restart(stop) | Request::Shutdown(stop) => stop.graceful,
            _ => None,
        }
    }

    fn ago(&self, seconds: u64) -> Timestamp {
        Timestamp::from_millis(self.now.as_millis() - seconds * 1_000)
    }

    fn check(&mut self, boot: u64, kind: u8, age: u64) -> Check {
        let began = self.ago(age);
        let mut seen = fixture::healthy(boot, began, began);
        spoilt(&mut seen, kind);
        let check = assess(seen);
        let hooks = &check.verdicts()[Condition::NoHooks as usize];
        self.sight.may_touch = hooks.state == State::Healthy;
        self.sight.is_managed = kind == 3;
        let is_left_alone = kind == 3 && matches!(self.request, Request::Shutdown(_));
        if kind < 4 && age <= 60 && !is_left_alone {
            self.sight.may_stop = Some(fixture::boot_id(boot));
        }
        check
    }

    fn event(&mut self, answer: Answer) -> Option<Event> {
        // The last things before a shutdown do not make its check an older one.
        if !matches!(self.effect, Effect::Listen(_) | Effect::Notify(_)) {
            self.sight.may_stop = None;
        }
        self.sight.may_start = false;
        self.sight.may_reboot = None;
        Some(match answer {
            Answer::Checked { boot, kind, age } => {
                Event::Checked(Box::new(self.check(boot, kind, age)))
            }
            Answer::Observed { kind: 0, .. } => Event::Observed(Err("deaf".to_owned())),
            Answer::Observed { kind, age } => {
                let run_state = match kind {
                    1 => RunState::Running,
                    2 => RunState::Other("paused".to_owned()),
                    _ => RunState::Stopped,
                };
                let mut seen = fixture::observation(run_state, self.ago(age));
                seen.lock = (kind == 3).then(|| "backup".to_owned());
                if kind == 5 {
                    seen.cluster = fixture::in_cluster(Some(true), Some("started"));
                }
                self.sight.may_start = kind >= 4 && age <= 5;
                Event::Observed(Ok(seen))
            }
            Answer::Asked(kind) => Event::Asked(match kind {
                0 => AskReport::Taken(String::new()),
                1 => AskReport::Unknown(String::new()),
                2 => AskReport::Refused(String::new()),
                _ => AskReport::NotSent(String::new()),
            }),
            Answer::Started(true) => Event::Started(Ok(String::new())),
            Answer::Started(false) => Event::Started(Err(String::new())),
            Answer::Probed { kind: 0, .. } => {
                Event::Probed(Err(NotReady::later("no route".to_owned())))
            }
            Answer::Probed { boot, uptime, kind } => {
                let word = if kind == 1 { "stopping" } else { "running" };
                let boot_id = fixture::boot_id(boot);
                self.sight.may_reboot = Some(boot_id.clone());
                Event::Probed(Ok(Readiness {
                    boot_id,
                    uptime: Duration::from_secs(uptime),
                    system_state: Some(word.to_owned()),
                    at: self.now,
                }))
            }
            Answer::Applied(true) => Event::Applied(Ok(String::new())),
            Answer::Applied(false) => Event::Applied(Err(String::new())),
            Answer::Watcher(true) => Event::Watcher(Presence::Watching),
            Answer::Watcher(false) => Event::Watcher(Presence::Absent { why: String::new() }),
            Answer::Notified(true) => Event::Notified(Ok(())),
            Answer::Notified(false) => Event::Notified(Err(String::new())),
            Answer::Heard(kind) => Event::Heard(heard(kind, self.told.announced.is_some())),
            Answer::Woke => Event::Woke,
            Answer::Fitting { boot, kind } => return self.fitting(boot, kind),
            Answer::Killed => return None,
        })
    }

    /// The kind of answer that the effect asks for.
    fn fitting(&mut self, boot: u64, kind: u8) -> Option<Event> {
        let good = !kind.is_multiple_of(4);
        let answer = match &self.effect {
            Effect::Check => Answer::Checked { boot, kind, age: 0 },
            Effect::Observe => Answer::Observed {
                kind: kind % 6,
                age: 0,
            },
            Effect::Shutdown(_) | Effect::Restart(_) | Effect::Reboot => Answer::Asked(kind % 4),
            Effect::Start(_) => Answer::Started(good),
            Effect::Probe => Answer::Probed {
                boot,
                uptime: u64::from(kind),
                kind: kind % 4,
            },
            Effect::Apply(_) => Answer::Applied(good),
            Effect::Watcher => Answer::Watcher(good),
            Effect::Notify(_) => Answer::Notified(good),
            Effect::Listen(_) => Answer::Heard(kind % 9),
            Effect::Sleep(span) => {
                self.now = self.now + *span;
                Answer::Woke
            }
            Effect::Finish(_) => Answer::Killed,
        };
        self.event(answer)
    }

    fn take(&mut self, answer: Answer, pause: u64) {
        self.now = self.now + Duration::from_secs(pause);
        let ended = matches!(self.effect, Effect::Finish(_));
        let event = if ended { None } else { self.event(answer) };
        self.effect = match event {
            Some(event) => {
                self.settle(&event);
                self.operation.step(event, self.now)
            }
            None => {
                let saved = self.operation.saved();
                if !saved.is_owed() {
                    self.asked = None;
                }
                let (operation, effect) =
                    Operation::resume(saved, Accepted::none(), self.limits, self.now);
                self.operation = operation;
                self.sight = Sight::default();
                effect
            }
        };
        self.judge();
    }

    /// What an answer means for what was asked and told.
    fn settle(&mut self, event: &Event) {
        if let Effect::Notify(Notice::Withdrawn(_)) = self.effect {
            match event {
                Event::Notified(Ok(())) => self.told.announced = None,
                Event::Notified(Err(_)) => self.told.failed += 1,
                _ => {}
            }
        }
        let never_heard = matches!(
            event,
            Event::Asked(AskReport::Refused(_) | AskReport::NotSent(_) | AskReport::Denied(_))
        );
        if never_heard && matches!(self.effect, Effect::Restart(_)) {
            self.restarts.pop();
        }
        if self.has_come_back(event) {
            self.restarts.clear();
        }
        if never_heard {
            self.asked = None;
        }
    }

    /// It is seen to run after it was seen stopped, or another boot answers.
    fn has_come_back(&mut self, event: &Event) -> bool {
        match (&self.effect, event) {
            (Effect::Restart(_), _) => self.was_stopped = false,
            (Effect::Observe, Event::Observed(Ok(seen))) => {
                let is_stopped = seen.run_state == RunState::Stopped;
                return std::mem::replace(&mut self.was_stopped, is_stopped) && !is_stopped;
            }
            (Effect::Probe, Event::Probed(Ok(ready))) => {
                return self
                    .asked
                    .as_ref()
                    .is_some_and(|asked| ready.boot_id != *asked);
            }
            (Effect::Check, Event::Checked(check)) => {
                let boot = check.boot_id().cloned();
                return boot.is_some_and(|boot| Some(boot) != self.asked);
            }
            _ => {}
        }
        false
    }

    fn judge(&mut self) {
        self.stays_in_its_trade();
        self.tells_the_guest();
        match &self.effect {
            Effect::Shutdown(permit) | Effect::Restart(permit) => {
                let by_hypervisor = matches!(self.effect, Effect::Restart(_));
                assert_eq!(by_hypervisor, self.sight.is_managed, "the other way");
                if by_hypervisor {
                    self.restarts.push(self.now);
                }
                let boot = permit.boot_id().clone();
                assert_eq!(Some(&boot), self.sight.may_stop.as_ref(), "an unfit guest");
                if let Some(asked) = &self.asked {
                    assert_eq!(
                        boot, *asked,
                        "another boot is asked, and the first not settled"
                    );
                }
                self.asked = Some(boot);
                self.ever_asked = true;
            }
            Effect::Reboot => {
                let boot = self
                    .sight
                    .may_reboot
                    .clone()
                    .expect("a guest that was not read");
                if let Some(asked) = &self.asked {
                    assert_eq!(
                        boot, *asked,
                        "another boot is asked, and the first not settled"
                    );
                }
                self.asked = Some(boot);
            }
            Effect::Start(_) => {
                assert!(self.sight.may_start, "not seen stopped");
                let promised =
                    self.ever_asked || self.told.since.is_some() || self.request == Request::Start;
                assert!(promised, "nobody promised a start");
                let is_left = |asked: &Timestamp| self.now >= *asked + self.limits.stop;
                assert!(
                    self.restarts.iter().all(is_left),
                    "the hypervisor's own start may come yet"
                );
                self.asked = None;
            }
            Effect::Apply(remedy) if remedy.touches_agent() => {
                assert!(
                    self.sight.may_touch,
                    "the agent is touched without a proof: {remedy:?}"
                );
            }
            Effect::Finish(outcome) if outcome.is_success() => {
                assert!(
                    !self.operation.saved().is_owed(),
                    "success, and something is owed"
                );
            }
            _ => {}
        }
    }

    /// One request, in its order, and nothing of it left when it matters.
    fn tells_the_guest(&mut self) {
        let announced = self.told.announced.clone();
        match &self.effect {
            Effect::Notify(Notice::Pending(request)) => {
                if let Some(earlier) = announced {
                    assert_eq!(earlier, request.request, "a second request");
                }
                self.told.announced = Some(request.request.clone());
                self.told.since = Some(self.now);
            }
            Effect::Notify(Notice::Stopping(request)) => {
                assert!(self.sight.may_stop.is_some(), "STOPPING before the permit");
                assert_eq!(*request, announced.expect("announced"));
            }
            Effect::Notify(Notice::Withdrawn(request)) => {
                assert_eq!(*request, announced.expect("announced"));
            }
            Effect::Shutdown(_) | Effect::Restart(_)
                if self.graceful().is_some() && self.told.failed == 0 =>
            {
                let ended = self.operation.saved().wait_end().cloned();
                let ended = ended.expect("asked before the time for scripts was over");
                if ended == WaitEnd::Deadline {
                    let since = self.told.since.expect("announced");
                    assert!(self.now.since(since) >= GRACE, "asked before the deadline");
                }
            }
            Effect::Start(_) => {
                let taken_back = announced.is_none() || self.told.failed >= 2;
                assert!(taken_back, "the next boot finds a stop announced");
            }
            Effect::Finish(_) => {
                let taken_back = announced.is_none() || self.told.failed >= 5;
                assert!(taken_back, "a stop stays announced after the end");
                assert_eq!(self.operation.saved().announced(), None);
            }
            _ => {}
        }
    }

    fn stays_in_its_trade(&self) {
        let effect = &self.effect;
        let tells = matches!(
            effect,
            Effect::Watcher | Effect::Notify(_) | Effect::Listen(_)
        );
        let tells_unasked = tells && self.graceful().is_none();
        assert!(!tells_unasked, "a plain stop wants {}", effect.name());
        let fits = match self.request {
            Request::Restart(_) => !matches!(effect, Effect::Reboot | Effect::Apply(_)),
            Request::Shutdown(_) => !matches!(
                effect,
                Effect::Reboot
                    | Effect::Apply(_)
                    | Effect::Start(_)
                    | Effect::Restart(_)
                    | Effect::Probe
            ),
            Request::Start => matches!(
                effect,
                Effect::Observe
                    | Effect::Start(_)
                    | Effect::Probe
                    | Effect::Check
                    | Effect::Sleep(_)
                    | Effect::Finish(_)
            ),
            Request::Reboot => matches!(
                effect,
                Effect::Probe | Effect::Reboot | Effect::Sleep(_) | Effect::Finish(_)
            ),
            Request::Fix => matches!(
                effect,
                Effect::Check | Effect::Apply(_) | Effect::Sleep(_) | Effect::Finish(_)
            ),
            Request::Ready => {
                matches!(effect, Effect::Probe | Effect::Sleep(_) | Effect::Finish(_))
            }
        };
        assert!(fits, "{:?} wants {}", self.request, effect.name());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn no_order_of_events_leads_to_an_action_that_nothing_allows(
        request in request(),
        answers in prop::collection::vec((answer(), prop_oneof![4 => 0..3_u64, 1 => 0..700_u64]), 1..60),
    ) {
        let mut trial = Trial::new(request);
        for (answer, pause) in answers {
            trial.take(answer, pause);
        }
    }
}
