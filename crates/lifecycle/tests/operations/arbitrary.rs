//! Any events in any order: an action follows only from the sight that allows it, what was asked
//! stays owed, and no operation does another's work.

use std::time::Duration;

use conditions::{BootId, Check, Condition, RunState, Sightings, State, Timestamp, assess};
use lifecycle::gate::Accepted;
use lifecycle::operation::{AskReport, Effect, Event, Limits, Operation, Request};
use lifecycle::{NotReady, Readiness};
use proptest::prelude::*;

use crate::{fix, fixture};

#[derive(Debug, Clone, Copy)]
enum Answer {
    Checked { boot: u64, kind: u8, age: u64 },
    Observed { kind: u8, age: u64 },
    Asked(u8),
    Started(bool),
    Probed { boot: u64, uptime: u64, kind: u8 },
    Applied(bool),
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
        1 => (0..5_u8, age()).prop_map(|(kind, age)| Answer::Observed { kind, age }),
        1 => (0..4_u8).prop_map(Answer::Asked),
        1 => any::<bool>().prop_map(Answer::Started),
        1 => (boot(), 0..1_000_u64, 0..4_u8)
            .prop_map(|(boot, uptime, kind)| Answer::Probed { boot, uptime, kind }),
        1 => any::<bool>().prop_map(Answer::Applied),
        1 => Just(Answer::Woke),
        1 => Just(Answer::Killed),
        16 => (boot(), 0..12_u8).prop_map(|(boot, kind)| Answer::Fitting { boot, kind }),
    ]
}

fn request() -> impl Strategy<Value = Request> {
    prop_oneof![
        4 => Just(Request::Restart(Accepted::none())),
        2 => Just(Request::Shutdown(Accepted::none())),
        1 => Just(Request::Start),
        2 => Just(Request::Reboot),
        3 => Just(Request::Fix),
        1 => Just(Request::Ready),
    ]
}

/// What the operation saw last, as plain facts.
#[derive(Debug, Default)]
struct Sight {
    /// A check that allows a shutdown: of this boot.
    may_stop: Option<BootId>,
    /// A check that shows no hooks.
    may_touch: bool,
    /// A look that allows a start.
    may_start: bool,
    /// A probe that allows a reboot: of this boot.
    may_reboot: Option<BootId>,
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
}

fn spoilt(seen: &mut Sightings, kind: u8) {
    match kind {
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
        if kind < 4 && age <= 60 {
            self.sight.may_stop = Some(fixture::boot_id(boot));
        }
        check
    }

    fn event(&mut self, answer: Answer) -> Option<Event> {
        self.sight.may_stop = None;
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
                self.sight.may_start = kind == 4 && age <= 5;
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
                kind: kind % 5,
                age: 0,
            },
            Effect::Shutdown(_) | Effect::Reboot => Answer::Asked(kind % 4),
            Effect::Start(_) => Answer::Started(good),
            Effect::Probe => Answer::Probed {
                boot,
                uptime: u64::from(kind),
                kind: kind % 4,
            },
            Effect::Apply(_) => Answer::Applied(good),
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

    /// What an answer means for what was asked.
    fn settle(&mut self, event: &Event) {
        let never_heard = matches!(
            event,
            Event::Asked(AskReport::Refused(_) | AskReport::NotSent(_) | AskReport::Denied(_))
        );
        if never_heard {
            self.asked = None;
        }
    }

    fn judge(&mut self) {
        self.stays_in_its_trade();
        match &self.effect {
            Effect::Shutdown(permit) => {
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
                let promised = self.ever_asked || self.request == Request::Start;
                assert!(promised, "nobody promised a start");
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

    fn stays_in_its_trade(&self) {
        let effect = &self.effect;
        let fits = match self.request {
            Request::Restart(_) => !matches!(effect, Effect::Reboot | Effect::Apply(_)),
            Request::Shutdown(_) => !matches!(
                effect,
                Effect::Reboot | Effect::Apply(_) | Effect::Start(_) | Effect::Probe
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
