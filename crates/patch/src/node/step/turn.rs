//! One turn: the effect of a phase, and who takes in what came of it.

use conditions::{NodeName, Timestamp};

use super::super::facts::{Seen, View};
use super::super::{
    ClusterError, Drain, Effect, Ending, Event, Outcome, Phase, Refusal, Restore, Run, Stage,
};

impl Run {
    /// The first effect of a phase that was begun or resumed.
    pub(in crate::node) fn first(&mut self, now: Timestamp) -> Effect {
        match &self.saved.phase {
            Phase::Patching(_) => self.resume_patch(now),
            _ => self.effect(),
        }
    }

    /// The effect of the phase.
    pub(super) fn effect(&mut self) -> Effect {
        match &self.saved.phase {
            Phase::SettingNoout { .. } => Effect::Noout(true),
            Phase::Entering { asked: false, .. } => self.ask_for_maintenance(),
            Phase::Draining(drain) => self.drain_effect(drain),
            Phase::Restoring { step, .. } => self.restore_effect(step),
            Phase::Ended(outcome) => Effect::Finish(outcome.clone()),
            // Surveying is begun by its caller, and planning never waits without an answer.
            Phase::Looking { .. }
            | Phase::Surveying
            | Phase::Planning { .. }
            | Phase::Entering { asked: true, .. }
            | Phase::Emptying { .. }
            | Phase::Patching(_) => Effect::View,
        }
    }

    pub(in crate::node) fn take(&mut self, event: Event, now: Timestamp) -> Effect {
        match (&self.saved.phase, event) {
            (Phase::Surveying | Phase::Patching(Stage::Running), event) => {
                self.feed_packages(event, now)
            }
            (Phase::Planning { .. }, Event::Preconditions(said)) => self.heard(said, now),
            (Phase::Planning { .. }, _) => self.plan(now),
            (Phase::Draining(Drain::Retargeting { .. }), Event::Preconditions(said)) => {
                self.retargeted(said, now)
            }
            (Phase::SettingNoout { .. }, Event::Done(result)) => self.noout_set(result, now),
            (Phase::Draining(Drain::Acting { .. }), Event::Done(result)) => {
                self.departed(result, now)
            }
            (Phase::Restoring { .. }, Event::Done(result)) => self.put_back(result, now),
            (Phase::Entering { .. }, Event::Printed(result)) => self.maintenance_asked(result, now),
            (Phase::Restoring { .. }, Event::Printed(result)) => {
                self.maintenance_asked_off(result, now)
            }
            (_, Event::Viewed(Ok(view))) => self.viewed(view, now),
            (_, Event::Viewed(Err(error))) => self.unseen(error.to_string(), now),
            _ => self.effect(),
        }
    }

    fn viewed(&mut self, view: Box<View>, now: Timestamp) -> Effect {
        // Who is where decides from the drain on; everything else is judged part by part.
        let needs_guests = matches!(
            self.saved.phase,
            Phase::Draining(_)
                | Phase::Emptying { .. }
                | Phase::Restoring {
                    step: Restore::Guests { .. },
                    ..
                }
        );
        if let (true, Seen::Unread(why)) = (needs_guests, &view.guests) {
            return self.unseen(format!("the guests cannot be read: {why}"), now);
        }
        let home = &self.saved.settings.node;
        for departure in &mut self.saved.report.departures {
            departure.see(home, view.guest(departure.vmid));
        }
        let next = match &self.saved.phase {
            Phase::Looking { .. } => self.looked(&view, now),
            Phase::Entering { .. } => self.maintenance_seen(&view, now),
            Phase::Draining(_) => self.drain(&view, now),
            Phase::Emptying { .. } => self.emptied(&view, now),
            Phase::Patching(Stage::Gate { since }) => {
                let since = *since;
                self.gate(&view, since, now)
            }
            Phase::Patching(Stage::Returning { until }) => {
                let until = *until;
                self.returning(&view, until, now)
            }
            Phase::Restoring { .. } => self.restoring(&view, now),
            _ => self.effect(),
        };
        self.view = Some(view);
        next
    }

    /// The cluster did not answer.
    pub(super) fn unseen(&mut self, reason: String, now: Timestamp) -> Effect {
        let limits = &self.saved.settings.limits;
        let until = match &self.saved.phase {
            Phase::Looking { until, .. }
            | Phase::Planning { until, .. }
            | Phase::Entering { until, .. }
            | Phase::Emptying { until, .. }
            | Phase::Draining(Drain::Looking { until, .. })
            | Phase::Restoring { until, .. }
            | Phase::Patching(Stage::Returning { until }) => *until,
            Phase::Patching(Stage::Gate { since }) => {
                if self.is_standalone_and_rebooting() {
                    return self.release();
                }
                *since + limits.look
            }
            _ => return self.effect(),
        };
        if now < until {
            return self.pause();
        }
        match self.saved.phase {
            Phase::Patching(Stage::Returning { .. }) => self.leave(Ending::NotBack { reason }, now),
            _ => {
                let during = self.saved.phase.name().to_owned();
                self.leave(Ending::Unreachable { during, reason }, now)
            }
        }
    }

    pub(super) fn go(&mut self, phase: Phase) -> Effect {
        self.saved.phase = phase;
        self.effect()
    }

    pub(super) const fn pause(&self) -> Effect {
        Effect::Sleep(self.saved.settings.limits.poll)
    }

    /// The end, with nothing owed but what it says.
    pub(super) fn end(&mut self, ending: Ending, now: Timestamp) -> Effect {
        let outcome = self.outcome(ending, now);
        self.go(Phase::Ended(outcome))
    }

    /// The end for now: the phase is kept, and resumed from.
    pub(super) fn leave(&self, ending: Ending, now: Timestamp) -> Effect {
        Effect::Finish(self.outcome(ending, now))
    }

    fn outcome(&self, ending: Ending, now: Timestamp) -> Box<Outcome> {
        Box::new(Outcome {
            ending,
            left: self.saved.left(),
            report: (*self.saved.report).clone(),
            at: now,
        })
    }

    pub(super) const fn home(&self) -> &NodeName {
        &self.saved.settings.node
    }
}

/// The words of what did not come to pass.
pub(super) fn words(error: &ClusterError) -> String {
    error.to_string()
}

pub(super) fn list(refusals: &[Refusal]) -> String {
    let words: Vec<String> = refusals.iter().map(ToString::to_string).collect();
    words.join("; ")
}
