//! The machine: where it is, and what each phase makes of an event.

use conditions::{BootId, Check, Observation, RunState, Timestamp};

use super::super::{AskReport, Effect, Event, Graceful, Limits, Outcome, Stop, WaitEnd};
use super::Goal;
use super::graceful::Held;
use super::parting::Parting;
use super::saved::{Phase, Saved};
use crate::gate::{Accepted, Purpose};
use crate::ports::Presence;

#[derive(Debug)]
pub(in crate::operation) struct Power {
    pub(super) goal: Goal,
    pub(super) phase: Phase,
    pub(super) graceful: Option<Graceful>,
    pub(super) announced: Option<String>,
    pub(super) waited: Option<WaitEnd>,
    pub(super) accepted: Accepted,
    /// What the check that is out is for, besides.
    pub(super) watcher: Option<Presence>,
    pub(super) held: Option<Held>,
    pub(super) parting: Parting,
    /// Why powering on failed, until it is seen whether it did.
    pub(super) not_started: Option<String>,
}

impl Power {
    pub(in crate::operation) fn begin(goal: Goal, stop: Stop, now: Timestamp) -> (Self, Effect) {
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
    pub(in crate::operation) fn resume(
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
    pub(in crate::operation) fn cancel(
        saved: Saved,
        limits: &Limits,
        now: Timestamp,
    ) -> (Self, Effect) {
        let (mut power, _) = Self::resume(saved, Accepted::none(), limits, now);
        let effect = power.aborted();
        let effect = power.part(effect);
        (power, effect)
    }

    pub(in crate::operation) fn saved(&self) -> Saved {
        Saved {
            goal: self.goal,
            phase: self.phase.clone(),
            graceful: self.graceful,
            announced: self.announced.clone(),
            waited: self.waited.clone(),
        }
    }

    /// What a permit is needed for.
    pub(super) const fn purpose(&self) -> Purpose {
        match self.goal {
            Goal::Shutdown => Purpose::Shutdown,
            Goal::Restart | Goal::Start => Purpose::Restart,
        }
    }

    pub(super) const fn is_cancellable(&self) -> bool {
        self.phase.is_cancellable(self.graceful.is_some())
    }

    pub(in crate::operation) fn step(
        &mut self,
        event: Event,
        limits: &Limits,
        now: Timestamp,
    ) -> Effect {
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
    pub(super) fn look(&self) -> Effect {
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
