//! The state machine.

use std::mem;
use std::time::Duration;

use super::debt::{ForcedThaw, Why};
use super::stage::{Freezing, FreezingStep, Next, Stage, Thawing, ThawingStep};
use super::state_file::{Recovery, StateFile};
use super::talk::{Effect, Event, Moment, Rules, Severity};

/// How long an agent that has to stop tries to thaw: longer than a hook may run by default, and
/// shorter than systemd waits by default before it kills (90 s).
pub const TERMINATION_LIMIT: Duration = Duration::from_secs(75);

/// How many thaws may wait for the one that is under way.
const MOST_WAITING: usize = 64;

/// Freezes and thaws; `T` says to whom an answer goes.
#[derive(Debug)]
pub struct Freezer<T> {
    pub(super) rules: Rules,
    pub(super) stage: Stage<T>,
    /// What the next thaw must be told.
    pub(super) debt: Option<ForcedThaw>,
    /// When the timer is due.
    due: Option<Duration>,
    /// The agent has to stop: when it gives up.
    pub(super) exit_at: Option<Duration>,
    pub(super) effects: Vec<Effect<T>>,
}

impl<T> Freezer<T> {
    /// Begins with what an agent before has left. Nothing of the agent may be written to a disk
    /// until these effects are done, as file systems may be frozen: the log file is opened at
    /// [`Effect::ReleaseLog`].
    #[must_use]
    pub fn start(rules: Rules, recovery: Recovery) -> (Self, Vec<Effect<T>>) {
        let mut freezer = Self {
            rules,
            stage: Stage::Thawed,
            debt: None,
            due: None,
            exit_at: None,
            effects: Vec::new(),
        };
        match recovery {
            Recovery::Nothing => {}
            Recovery::Stale => freezer.effects.push(Effect::ClearState),
            Recovery::Owed(debt) => freezer.debt = Some(debt),
            Recovery::Frozen => {
                freezer.effects.push(Effect::HoldLog);
                freezer.warn("an agent that had frozen file systems has died; they are thawed");
                freezer.thaw(Thawing::of_frozen(Some(Why::Restarted)));
            }
        }
        let effects = mem::take(&mut freezer.effects);
        (freezer, effects)
    }

    /// File systems may be frozen now: `guest-fsfreeze-status` says so, and few commands are
    /// allowed.
    #[must_use]
    pub const fn is_frozen(&self) -> bool {
        self.stage.is_frozen()
    }

    /// What the next thaw will be told.
    #[must_use]
    pub const fn debt(&self) -> Option<ForcedThaw> {
        self.debt
    }

    /// Takes one event, and says what to do.
    #[must_use]
    pub fn step(&mut self, event: Event<T>, now: Moment) -> Vec<Effect<T>> {
        match event {
            Event::FreezeAsked { from, mount_points } => self.freeze_asked(from, mount_points, now),
            Event::ThawAsked { from } => self.thaw_asked(from),
            Event::StateWritten(result) => self.state_written(result, now),
            Event::HookEnded(result) => self.hook_ended(result, now),
            Event::Froze(result) => self.froze(result, now),
            Event::Thawed(result) => self.thawed(result, now),
            Event::TimerDue => self.timer_due(now),
            Event::TerminationAsked => self.terminate(now),
        }
        mem::take(&mut self.effects)
    }

    fn freeze_asked(&mut self, from: T, mount_points: Option<Vec<String>>, now: Moment) {
        if let Some(refusal) = self.stage.refusal() {
            return self.answer(from, Err(refusal.to_owned()));
        }
        self.debt = None;
        let state = StateFile::frozen(&self.rules.boot, now.unix);
        self.effects.push(Effect::WriteState(state));
        self.stage = Stage::Freezing(Freezing {
            asker: from,
            mount_points,
            step: FreezingStep::State,
            cancelled: None,
            thaw_askers: Vec::new(),
        });
    }

    fn thaw_asked(&mut self, from: T) {
        match &mut self.stage {
            Stage::Thawed => match self.debt.take() {
                Some(debt) => {
                    self.answer(from, Err(debt.to_string()));
                    self.effects.push(Effect::ClearState);
                }
                // Somebody else may have frozen them, and the hook may have been left alone.
                None => self.thaw(Thawing::asked(from, false)),
            },
            Stage::Frozen(next) => {
                let forced = next.forced();
                self.thaw(Thawing {
                    forced,
                    ..Thawing::asked(from, true)
                });
            }
            Stage::Gone => self.answer(from, Err("the agent is stopping".to_owned())),
            Stage::Freezing(Freezing { thaw_askers, .. })
            | Stage::Thawing(Thawing { thaw_askers, .. }) => {
                if thaw_askers.len() >= MOST_WAITING {
                    let text = format!("{MOST_WAITING} others wait for a thaw already");
                    return self.answer(from, Err(text));
                }
                thaw_askers.push(from);
                self.cancel("the freeze was ended by a thaw before it was complete");
            }
        }
    }

    /// Ends a freeze that is not complete.
    fn cancel(&mut self, why: &str) {
        let Stage::Freezing(freezing) = &mut self.stage else {
            return;
        };
        match freezing.step {
            FreezingStep::State => freezing.cancelled = Some(why.to_owned()),
            FreezingStep::Hook => {
                if freezing.cancelled.replace(why.to_owned()).is_none() {
                    self.effects.push(Effect::StopHook);
                }
            }
            FreezingStep::FileSystems { .. } => {
                let Some(freezing) = self.take_freezing(|_| true) else {
                    return;
                };
                self.effects.push(Effect::StopFreezing);
                self.thaw(Thawing {
                    step: ThawingStep::FileSystems {
                        freezing: true,
                        thawing: true,
                        again: false,
                    },
                    ..Thawing::undoing(freezing, Err(why.to_owned()))
                });
            }
        }
    }

    pub(super) fn thaw(&mut self, thawing: Thawing<T>) {
        self.arm(None);
        self.effects.push(Effect::ThawFileSystems);
        self.stage = Stage::Thawing(thawing);
    }

    fn timer_due(&mut self, now: Moment) {
        if self.due.is_none_or(|due| now.monotonic < due) {
            return;
        }
        self.due = None;
        if self.exit_at.is_some_and(|at| at <= now.monotonic) {
            self.warn("file systems could not be thawed in time; the agent stops");
            return self.exit();
        }
        match &self.stage {
            Stage::Frozen(next) => {
                let forced = match *next {
                    Next::Limit { since } => Some(Why::Watchdog {
                        after: now.monotonic.saturating_sub(since).as_secs(),
                    }),
                    Next::Retry { forced } => forced,
                };
                self.thaw(Thawing::of_frozen(forced));
            }
            Stage::Freezing(_) => self.cancel("the freeze was not complete within its limit"),
            Stage::Thawed | Stage::Thawing(_) | Stage::Gone => {}
        }
    }

    fn terminate(&mut self, now: Moment) {
        if self.exit_at.is_some() {
            return;
        }
        self.exit_at = Some(now.monotonic.saturating_add(TERMINATION_LIMIT));
        match &self.stage {
            Stage::Thawed => self.exit(),
            Stage::Frozen(next) => {
                let forced = match *next {
                    Next::Limit { .. } => Some(Why::Terminated),
                    Next::Retry { forced } => forced,
                };
                self.thaw(Thawing::of_frozen(forced));
            }
            Stage::Freezing(_) => {
                self.arm(None);
                self.cancel("the agent was told to stop");
            }
            Stage::Thawing(_) => self.arm(None),
            Stage::Gone => {}
        }
    }

    pub(super) fn exit(&mut self) {
        self.stage = Stage::Gone;
        self.effects.push(Effect::Exit);
    }

    /// Sets the timer; an agent that has to stop waits at most for its own.
    pub(super) fn arm(&mut self, at: Option<Duration>) {
        let due = at.into_iter().chain(self.exit_at).min();
        if due != self.due {
            self.due = due;
            self.effects.push(match due {
                Some(at) => Effect::ArmTimer(at),
                None => Effect::DisarmTimer,
            });
        }
    }

    pub(super) fn take_freezing(
        &mut self,
        is_at: impl Fn(FreezingStep) -> bool,
    ) -> Option<Freezing<T>> {
        match mem::replace(&mut self.stage, Stage::Thawed) {
            Stage::Freezing(freezing) if is_at(freezing.step) => Some(freezing),
            other => {
                self.stage = other;
                None
            }
        }
    }

    pub(super) fn take_thawing(
        &mut self,
        is_at: impl Fn(ThawingStep) -> bool,
    ) -> Option<Thawing<T>> {
        match mem::replace(&mut self.stage, Stage::Thawed) {
            Stage::Thawing(thawing) if is_at(thawing.step) => Some(thawing),
            other => {
                self.stage = other;
                None
            }
        }
    }

    pub(super) fn answer(&mut self, to: T, result: Result<i64, String>) {
        self.effects.push(Effect::Answer { to, result });
    }

    pub(super) fn warn(&mut self, text: &str) {
        self.log(Severity::Warning, text.to_owned());
    }

    pub(super) fn log(&mut self, severity: Severity, text: String) {
        self.effects.push(Effect::Log(severity, text));
    }
}
