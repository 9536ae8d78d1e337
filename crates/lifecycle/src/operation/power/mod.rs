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
//! Powering on that fails is looked at before it is believed: the answer may be lost, or somebody
//! else's start came first.
//!
//! A guest under high availability is restarted by one request, which the hypervisor turns into a
//! graceful shutdown and a start of its own. That start may come at any time, before or after the
//! request is answered, so a stopped guest is left alone for as long as it may come, and is owed a
//! start by us when it did not:
//!
//! ```text
//! Asking ──taken, or answer lost──► Stopping ──seen stopped──► Resting ──runs again──► Readying ─► ...
//!                                     │ ▲ └─ not, SSH is asked: │ not in time            ▲
//!                                     │ └─ old boot, or nobody  └─────────► Starting ────┤
//!                                     ├──────── new boot ─────────► Verifying            │
//!                              window over: Lingering ──────── another boot ─────────────┘
//!                                              ├─ nobody tells which boot: NotReady ┐ both stay open:
//!                                              └─ the same boot: StillRunning       ┘ it may go down late
//! ```
//!
//! A guest that came under high availability after it was asked to shut down is left to that, too.
//!
//! A graceful stop puts the guest's own scripts between two checks; the second one yields the
//! permit. *Listening* is what the guest reported and what the operator says:
//!
//! ```text
//! watcher absent: by setting as above, Refused, or on
//!    │
//! Checking ──healthy──► Announcing ──► Waiting ──report, deadline, operator──► Rechecking ──► Asking ─► ...
//!                          │ cannot: on, │ │ a script powered it off: (as Stopping, stopped)  │
//!                          │ or Refused  │ └─ cancelled: Aborted                 Refused │ Aborted
//! stop-state   NONE        └── PENDING_STOP ──────────────────────── STOPPING ──┘  ...  NONE
//! ```
//!
//! `PENDING_STOP` is written once the request and its identity are saved: a controller that takes
//! the run up sees whether it stands, and announces the same one if it does not. `STOPPING` is
//! written with the permit in hand, right before the agent is asked. `NONE` is written before the
//! guest is powered on, so that the next boot finds no stop to prepare for, and at every end,
//! whichever it is. Reports stay: they name their request. A guest that reboots meanwhile has the
//! same time left; its watcher runs the scripts in the new boot too.
//!
//! Nothing here is ever forced: a guest that does not go down is left as it is.

mod down;
mod graceful;
mod parting;
mod saved;
mod up;

use conditions::{BootId, Check, Observation, RunState, Timestamp};
use serde::{Deserialize, Serialize};

pub(super) use saved::Saved;

use super::{AskReport, Effect, Event, Graceful, Limits, Outcome, Stop, WaitEnd};
use crate::gate::{Accepted, Purpose};
use crate::ports::Presence;
use graceful::Held;
use parting::Parting;
use saved::{Asked, Cause, Phase};

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

#[derive(Debug)]
pub(super) struct Power {
    goal: Goal,
    phase: Phase,
    graceful: Option<Graceful>,
    announced: Option<String>,
    waited: Option<WaitEnd>,
    accepted: Accepted,
    /// What the check that is out is for, besides.
    watcher: Option<Presence>,
    held: Option<Held>,
    parting: Parting,
    /// Why powering on failed, until it is seen whether it did.
    not_started: Option<String>,
}

impl Power {
    pub(super) fn begin(goal: Goal, stop: Stop, now: Timestamp) -> (Self, Effect) {
        let phase = match goal {
            Goal::Start => Phase::Looking { began: now },
            Goal::Restart | Goal::Shutdown => Phase::Checking,
        };
        let power = Self {
            goal,
            phase,
            graceful: stop.graceful,
            announced: None,
            waited: None,
            accepted: stop.accepted,
            watcher: None,
            held: None,
            parting: Parting::default(),
            not_started: None,
        };
        let effect = power.look();
        (power, effect)
    }

    /// Looks at reality first, whatever was saved.
    pub(super) fn resume(
        saved: Saved,
        accepted: Accepted,
        limits: &Limits,
        now: Timestamp,
    ) -> (Self, Effect) {
        let (phase, effect) = saved.phase.resumed(limits, now);
        let mut power = Self {
            goal: saved.goal,
            phase,
            graceful: saved.graceful,
            announced: saved.announced,
            waited: saved.waited,
            accepted,
            watcher: None,
            held: None,
            parting: Parting::default(),
            not_started: None,
        };
        let effect = effect.unwrap_or_else(|| power.look());
        let effect = power.part(effect);
        (power, effect)
    }

    /// Ends what [`Saved::is_cancellable`], and takes back what was announced.
    pub(super) fn cancel(saved: Saved, limits: &Limits, now: Timestamp) -> (Self, Effect) {
        let (mut power, _) = Self::resume(saved, Accepted::none(), limits, now);
        let effect = power.aborted();
        let effect = power.part(effect);
        (power, effect)
    }

    pub(super) fn saved(&self) -> Saved {
        Saved {
            goal: self.goal,
            phase: self.phase.clone(),
            graceful: self.graceful,
            announced: self.announced.clone(),
            waited: self.waited.clone(),
        }
    }

    /// What a permit is needed for.
    const fn purpose(&self) -> Purpose {
        match self.goal {
            Goal::Shutdown => Purpose::Shutdown,
            Goal::Restart | Goal::Start => Purpose::Restart,
        }
    }

    const fn is_cancellable(&self) -> bool {
        self.phase.is_cancellable(self.graceful.is_some())
    }

    pub(super) fn step(&mut self, event: Event, limits: &Limits, now: Timestamp) -> Effect {
        // A permit is held for the one answer that is waited for.
        let held = self.held.take();
        match self.parted(event, limits) {
            Ok(effect) => effect,
            Err(event) => {
                let effect = self.take(*event, held, limits, now);
                self.part(effect)
            }
        }
    }

    fn take(
        &mut self,
        event: Event,
        held: Option<Held>,
        limits: &Limits,
        now: Timestamp,
    ) -> Effect {
        match event {
            Event::Asked(report) => self.asked(report, limits),
            _ if matches!(self.phase, Phase::Asking(_)) => self.asked(AskReport::lost(), limits),
            Event::Checked(check) => self.checked(*check, limits, now),
            Event::Observed(observed) => self.observed(observed, limits, now),
            Event::Started(started) => self.started(started, limits, now),
            Event::Probed(probed) => self.probed(probed, limits, now),
            Event::Watcher(presence) => self.watched(presence),
            Event::Notified(told) => self.notified(told, held, now),
            Event::Heard(heard) => self.heard(heard, held, limits, now),
            Event::Woke | Event::Applied(_) => self.look(),
        }
    }

    /// The look that the phase is waiting for.
    fn look(&self) -> Effect {
        match &self.phase {
            Phase::Readying { .. } => Effect::Probe,
            Phase::Announcing(pending) | Phase::Waiting(pending) => pending.listen(),
            Phase::Checking if self.graceful.is_some() && self.watcher.is_none() => Effect::Watcher,
            Phase::Checking
            | Phase::Rechecking(_)
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
            Phase::Checking => match self.graceful {
                Some(graceful) => self.prepare(check, graceful, limits, now),
                None => self.ask(check, limits, now),
            },
            Phase::Rechecking(pending) => self.recheck(check, pending, limits, now),
            Phase::Reasking(asked) => self.ask_again(check, asked, limits, now),
            Phase::Lingering(asked) => self.linger(&check, asked, limits, now),
            Phase::Verifying {
                cause,
                readiness,
                until,
            } => self.verified(&check, &cause, readiness, until, limits, now),
            Phase::Concluding { cause, reason } => self.concluded(&check, cause, reason, now),
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
                self.stopped(asked, &seen, limits, now)
            }
            (Phase::Settling { asked, .. } | Phase::Stopping { asked, .. }, Ok(seen))
                if self.is_powered_on_by_others(&asked, &seen) =>
            {
                Effect::Probe
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
            (Phase::Waiting(pending), seen) => {
                let seen = seen.as_ref().ok().filter(|_| stopped);
                self.seen_waiting(pending, seen, limits, now)
            }
            (Phase::Looking { began }, seen) => self.looked(began, seen, now),
            (Phase::Resting { cause, until }, seen) => {
                self.resting(cause, until, seen, limits, now)
            }
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
