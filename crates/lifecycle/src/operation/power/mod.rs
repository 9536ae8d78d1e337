//! Restart, shutdown and start: the hypervisor's side of recovery.
//!
//! ```text
//!              ┌─ Refused                 ┌─ refused by the agent: Failed
//! Checking ──admit──► Asking ──taken, or answer lost──► Stopping ──stopped──► Starting ──► Readying ──► Verifying
//!    ▲                   │ died here                       │ window over         │            │            │
//!    │                Settling ──stopped──► (as Stopping)  Lingering          NotStarted   Concluding    Restarted
//!    └─ Reasking ◄───────┘ old boot, not stopping          │                               NotReady      BackUnhealthy
//!                                                 StillRunning | RebootedInstead
//! shutdown ends at stopped; start enters at Looking ──stopped──► Starting, and ends at readiness
//! ```
//!
//! Nothing here is ever forced: a guest that does not go down is left as it is.

mod down;
mod up;

use conditions::{BootId, Check, Observation, RunState, Timestamp};
use serde::{Deserialize, Serialize};

use super::{AskReport, Effect, Event, Limits, Outcome};
use crate::gate::Accepted;
use crate::{Health, Readiness};

/// What a power operation is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Goal {
    /// Down and up again.
    Restart,
    /// Down.
    Shutdown,
    /// Up.
    Start,
}

/// Where a power operation is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    goal: Goal,
    phase: Phase,
}

#[derive(Debug)]
pub(super) struct Power {
    goal: Goal,
    phase: Phase,
    accepted: Accepted,
}

/// The boot that was asked to end, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Asked {
    boot: BootId,
    at: Timestamp,
    /// An earlier request to this boot may still show effect, whatever becomes of this one.
    again: bool,
}

/// What brought the guest up: a restart that asked a boot to end, or a plain start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Cause {
    old: Option<BootId>,
    since: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Phase {
    /// Nothing has been asked.
    Checking,
    /// A start that has not looked yet.
    Looking { began: Timestamp },
    /// The agent is being asked; the answer is not known.
    Asking(Asked),
    /// It may have been asked by a controller that died; waiting to see.
    Settling { asked: Asked, until: Timestamp },
    /// It showed no effect; a new check decides whether to ask again.
    Reasking(Asked),
    /// It was asked and may stop at any time.
    Stopping { asked: Asked, until: Timestamp },
    /// The window is over; one last look at which boot runs.
    Lingering(Asked),
    /// It is stopped and owed a start.
    Starting(Cause),
    /// It was powered on.
    Readying { cause: Cause, until: Timestamp },
    /// It is back; the agent's health is awaited.
    Verifying {
        cause: Cause,
        readiness: Readiness,
        until: Timestamp,
    },
    /// Readiness was not reached; a last check is made for the report.
    Concluding { cause: Cause, reason: String },
    /// Nothing is owed. The end is kept: a controller may die before it is recorded, and nothing
    /// is done a second time for that.
    Ended(Box<Outcome>),
}

impl Saved {
    pub(super) const fn is_owed(&self) -> bool {
        matches!(
            self.phase,
            Phase::Asking(_)
                | Phase::Settling { .. }
                | Phase::Reasking(_)
                | Phase::Stopping { .. }
                | Phase::Lingering(_)
                | Phase::Starting(_)
        )
    }

    pub(super) const fn owes_start(&self) -> bool {
        self.is_owed() && !matches!(self.goal, Goal::Shutdown)
    }
}

impl Power {
    pub(super) const fn begin(goal: Goal, accepted: Accepted, now: Timestamp) -> (Self, Effect) {
        let (phase, effect) = match goal {
            Goal::Start => (Phase::Looking { began: now }, Effect::Observe),
            Goal::Restart | Goal::Shutdown => (Phase::Checking, Effect::Check),
        };
        (
            Self {
                goal,
                phase,
                accepted,
            },
            effect,
        )
    }

    /// Looks at reality first, whatever was saved.
    pub(super) fn resume(
        saved: Saved,
        accepted: Accepted,
        limits: &Limits,
        now: Timestamp,
    ) -> (Self, Effect) {
        let Saved { goal, phase } = saved;
        let (phase, effect) = match phase {
            Phase::Checking => return Self::begin(goal, accepted, now),
            Phase::Ended(outcome) => (Phase::Ended(outcome.clone()), Effect::Finish(outcome)),
            Phase::Looking { .. } => (Phase::Looking { began: now }, Effect::Observe),
            Phase::Asking(asked) | Phase::Settling { asked, .. } => (
                Phase::Settling {
                    asked,
                    until: now + limits.settle,
                },
                Effect::Observe,
            ),
            Phase::Stopping { asked, until } if now < until => {
                (Phase::Stopping { asked, until }, Effect::Observe)
            }
            Phase::Stopping { asked, .. } | Phase::Reasking(asked) | Phase::Lingering(asked) => {
                (Phase::Settling { asked, until: now }, Effect::Observe)
            }
            Phase::Starting(cause)
            | Phase::Readying { cause, .. }
            | Phase::Verifying { cause, .. }
            | Phase::Concluding { cause, .. } => (Phase::Starting(cause), Effect::Observe),
        };
        (
            Self {
                goal,
                phase,
                accepted,
            },
            effect,
        )
    }

    pub(super) fn saved(&self) -> Saved {
        Saved {
            goal: self.goal,
            phase: self.phase.clone(),
        }
    }

    pub(super) fn step(&mut self, event: Event, limits: &Limits, now: Timestamp) -> Effect {
        match event {
            Event::Asked(report) => self.asked(report, limits),
            _ if matches!(self.phase, Phase::Asking(_)) => self.asked(AskReport::lost(), limits),
            Event::Checked(check) => self.checked(*check, limits, now),
            Event::Observed(observed) => self.observed(observed, limits, now),
            Event::Started(started) => self.started(started, limits, now),
            Event::Probed(probed) => self.probed(probed, limits, now),
            Event::Woke | Event::Applied(_) => self.look(),
        }
    }

    /// The look that the phase is waiting for.
    const fn look(&self) -> Effect {
        match self.phase {
            Phase::Readying { .. } => Effect::Probe,
            Phase::Checking
            | Phase::Reasking(_)
            | Phase::Lingering(_)
            | Phase::Verifying { .. }
            | Phase::Concluding { .. } => Effect::Check,
            _ => Effect::Observe,
        }
    }

    fn checked(&mut self, check: Check, limits: &Limits, now: Timestamp) -> Effect {
        match self.phase.clone() {
            Phase::Checking if self.goal == Goal::Shutdown && is_stopped(&check) => {
                self.end(Outcome::Stopped { already: true })
            }
            Phase::Checking => self.ask(check, limits, now),
            Phase::Reasking(asked) => self.ask_again(check, asked, limits, now),
            Phase::Lingering(asked) => self.linger(&check, asked, limits, now),
            Phase::Verifying {
                cause,
                readiness,
                until,
            } => self.verified(&check, &cause, readiness, until, limits, now),
            Phase::Concluding { cause, reason } => {
                let waited = now.since(cause.since);
                let health = Some(Health::of(&check));
                Effect::finish(Outcome::NotReady {
                    reason,
                    waited,
                    health,
                })
            }
            _ => self.look(),
        }
    }

    fn observed(
        &mut self,
        observed: Result<Observation, String>,
        limits: &Limits,
        now: Timestamp,
    ) -> Effect {
        let stopped = matches!(&observed, Ok(o) if o.run_state == RunState::Stopped);
        match (self.phase.clone(), observed) {
            (Phase::Settling { asked, .. } | Phase::Stopping { asked, .. }, Ok(seen))
                if stopped =>
            {
                self.stopped(asked, &seen, now)
            }
            (Phase::Settling { asked, until }, _) => self.settle(asked, until, limits, now),
            (Phase::Stopping { asked, until }, seen) => {
                if now < until {
                    return Effect::Sleep(limits.poll);
                }
                match seen {
                    Ok(_) => {
                        self.phase = Phase::Lingering(asked);
                        Effect::Check
                    }
                    Err(why) => Effect::failed(format!(
                        "the guest was asked to shut down {:.0?} ago and the hypervisor cannot \
                         say whether it did: {why}",
                        now.since(asked.at)
                    )),
                }
            }
            (Phase::Looking { began }, seen) => self.looked(began, seen, now),
            (Phase::Starting(cause), seen) => self.start(cause, seen, limits, now),
            _ => self.look(),
        }
    }

    pub(super) fn rebooted(&mut self, old: BootId, new: BootId) -> Effect {
        self.end(Outcome::RebootedInstead { old, new })
    }

    /// The end, with nothing owed.
    pub(super) fn end(&mut self, outcome: Outcome) -> Effect {
        self.phase = Phase::Ended(Box::new(outcome.clone()));
        Effect::finish(outcome)
    }
}

pub(super) fn is_stopped(check: &Check) -> bool {
    *check.run_state() == RunState::Stopped
}
