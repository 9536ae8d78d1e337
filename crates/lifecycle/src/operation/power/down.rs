//! The way down: asking with a permit, and waiting for the guest to go.

use conditions::{BootId, Check, GuestId, Observation, Timestamp};

use super::super::{AskReport, Effect, Limits, Outcome};
use super::machine::is_stopped;
use super::saved::{Asked, Cause, Phase};
use super::{Goal, Power};
use crate::gate::{Permit, Refusal, RefusalReason, Way, admit};
use crate::{Health, Readiness};

impl Power {
    pub(super) fn ask(&mut self, check: Check, limits: &Limits, now: Timestamp) -> Effect {
        match admit(check, self.purpose(), &self.accepted, now, limits.permit) {
            Ok(permit) => self.ask_with(permit, now),
            Err(refusal) => self.refuse(refusal.guest, refusal.reasons),
        }
    }

    pub(super) fn ask_with(&mut self, permit: Permit, now: Timestamp) -> Effect {
        self.phase = Phase::Asking(Asked {
            boot: permit.boot_id().clone(),
            at: now,
            again: false,
            way: permit.way(),
        });
        take_down(permit)
    }

    /// The guest was not asked.
    pub(super) fn refuse(&mut self, guest: GuestId, reasons: Vec<RefusalReason>) -> Effect {
        let refused = self.refused(Refusal { guest, reasons });
        self.end(refused)
    }

    const fn refused(&self, refusal: Refusal) -> Outcome {
        Outcome::Refused {
            refusal,
            announced: self.announced.is_some(),
        }
    }

    /// A second request needs what the first needed, and the same boot, not on its way down.
    pub(super) fn ask_again(
        &mut self,
        check: Check,
        asked: Asked,
        limits: &Limits,
        now: Timestamp,
    ) -> Effect {
        if is_stopped(&check) {
            self.phase = Phase::Stopping {
                asked,
                until: now + limits.stop,
            };
            return Effect::Observe;
        }
        match check.boot_id().cloned() {
            Some(boot) if boot != asked.boot => self.other_boot(&check, asked, boot, limits, now),
            Some(_) if !check.is_stopping() => {
                match admit(check, self.purpose(), &self.accepted, now, limits.permit) {
                    Ok(permit) => {
                        let was_restart = asked.way == Way::Restart;
                        self.phase = Phase::Asking(Asked {
                            boot: asked.boot,
                            at: now,
                            again: true,
                            way: if was_restart { asked.way } else { permit.way() },
                        });
                        take_down(permit)
                    }
                    // It may still go down late: the run stays open.
                    Err(refusal) => {
                        self.phase = Phase::Stopping { asked, until: now };
                        Effect::finish(self.refused(refusal))
                    }
                }
            }
            _ => {
                let until = now + asked.window(limits);
                self.phase = Phase::Stopping { asked, until };
                Effect::Sleep(limits.poll)
            }
        }
    }

    pub(super) fn asked(&mut self, report: AskReport, limits: &Limits) -> Effect {
        let Phase::Asking(asked) = self.phase.clone() else {
            return self.look();
        };
        let until = asked.at + asked.window(limits);
        let outcome = match report {
            AskReport::Taken(_) | AskReport::Unknown(_) => {
                self.phase = Phase::Stopping { asked, until };
                return Effect::Observe;
            }
            AskReport::Denied(refusal) => self.refused(refusal),
            AskReport::Refused(words) => Outcome::Failed {
                reason: match asked.way {
                    Way::Shutdown => format!("the agent refused to shut the guest down: {words}"),
                    Way::Restart => format!("the hypervisor refused to restart the guest: {words}"),
                },
            },
            AskReport::NotSent(why) => Outcome::Failed {
                reason: match asked.way {
                    Way::Shutdown => format!("the shutdown was not asked for: {why}"),
                    Way::Restart => format!("the restart was not asked for: {why}"),
                },
            },
        };
        if asked.again {
            self.phase = Phase::Stopping {
                until: asked.at,
                asked,
            };
            return Effect::finish(outcome);
        }
        self.end(outcome)
    }

    pub(super) fn settle(
        &mut self,
        asked: Asked,
        until: Timestamp,
        limits: &Limits,
        now: Timestamp,
    ) -> Effect {
        if now < until {
            return Effect::Sleep(limits.poll);
        }
        self.phase = Phase::Reasking(asked);
        Effect::Check
    }

    pub(super) fn linger(
        &mut self,
        check: &Check,
        asked: Asked,
        limits: &Limits,
        now: Timestamp,
    ) -> Effect {
        match check.boot_id().cloned() {
            _ if is_stopped(check) => {
                self.phase = Phase::Stopping {
                    asked,
                    until: now + limits.poll,
                };
                Effect::Observe
            }
            Some(boot) if boot != asked.boot => self.other_boot(check, asked, boot, limits, now),
            boot => {
                let waited = now.since(asked.at);
                let outcome = match (asked.way, boot) {
                    (Way::Restart, None) => Outcome::NotReady {
                        reason: "neither SSH nor the agent tells whether it was restarted".into(),
                        waited,
                        health: Some(Health::of(check)),
                    },
                    _ => Outcome::StillRunning { after: waited },
                };
                // It may still go down late: the run stays open.
                self.phase = Phase::Stopping { asked, until: now };
                Effect::finish(outcome)
            }
        }
    }

    /// The boot that was asked has ended, and its stop was not seen.
    fn other_boot(
        &mut self,
        check: &Check,
        asked: Asked,
        boot: BootId,
        limits: &Limits,
        now: Timestamp,
    ) -> Effect {
        match self.is_powered_on_by_others(&asked, check.observation()) {
            true => self.is_up(asked.into(), limits, now),
            false => self.rebooted(asked.boot, boot),
        }
    }

    pub(super) fn stopped(
        &mut self,
        asked: Asked,
        seen: &Observation,
        limits: &Limits,
        now: Timestamp,
    ) -> Effect {
        if self.goal == Goal::Shutdown {
            return self.end(Outcome::Stopped { already: false });
        }
        let is_left = self.is_powered_on_by_others(&asked, seen);
        let cause = Cause::from(asked);
        if !is_left {
            return self.power_on(cause, seen, now);
        }
        let until = (cause.since + limits.stop).max(now + limits.settle);
        self.phase = Phase::Resting { cause, until };
        Effect::Sleep(limits.poll)
    }

    /// The hypervisor was asked to, or high availability will.
    pub(super) fn is_powered_on_by_others(&self, asked: &Asked, seen: &Observation) -> bool {
        let comes_back = asked.way == Way::Restart || seen.high_availability().is_some();
        self.goal == Goal::Restart && comes_back
    }

    /// What SSH says while the guest is waited for to go down: an old boot id is no failure, and
    /// no answer is none either.
    pub(super) fn probed_waiting(
        &mut self,
        asked: Asked,
        ready: Option<Readiness>,
        limits: &Limits,
        now: Timestamp,
    ) -> Effect {
        let proves = |ready: &Readiness| ready.proves_boot_since(&asked.boot, asked.at);
        match (ready.filter(proves), self.phase.clone()) {
            (Some(ready), _) => self.came_back(asked.into(), ready, limits, now),
            (None, Phase::Settling { until, .. }) => self.settle(asked, until, limits, now),
            (None, Phase::Stopping { until, .. }) if now < until => Effect::Sleep(limits.poll),
            (None, _) => {
                self.phase = Phase::Lingering(asked);
                Effect::Check
            }
        }
    }
}

/// Asks in the permit's way.
const fn take_down(permit: Permit) -> Effect {
    match permit.way() {
        Way::Shutdown => Effect::Shutdown(permit),
        Way::Restart => Effect::Restart(permit),
    }
}
