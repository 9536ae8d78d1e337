//! The way down: asking with a permit, and waiting for the guest to go.

use conditions::{Check, GuestId, Observation, Timestamp};

use super::super::{AskReport, Effect, Limits, Outcome};
use super::{Asked, Cause, Goal, Phase, Power, is_stopped};
use crate::gate::{Permit, Refusal, RefusalReason, admit};

impl Power {
    pub(super) fn ask(&mut self, check: Check, limits: &Limits, now: Timestamp) -> Effect {
        match admit(check, &self.accepted, now, limits.permit) {
            Ok(permit) => self.ask_with(permit, now),
            Err(refusal) => self.refuse(refusal.guest, refusal.reasons),
        }
    }

    pub(super) fn ask_with(&mut self, permit: Permit, now: Timestamp) -> Effect {
        self.phase = Phase::Asking(Asked {
            boot: permit.boot_id().clone(),
            at: now,
            again: false,
        });
        Effect::Shutdown(permit)
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
        match check.boot_id() {
            Some(boot) if *boot != asked.boot => self.rebooted(asked.boot, boot.clone()),
            Some(_) if !check.is_stopping() => {
                match admit(check, &self.accepted, now, limits.permit) {
                    Ok(permit) => {
                        self.phase = Phase::Asking(Asked {
                            boot: asked.boot,
                            at: now,
                            again: true,
                        });
                        Effect::Shutdown(permit)
                    }
                    // It may still go down late: the run stays open.
                    Err(refusal) => {
                        self.phase = Phase::Stopping { asked, until: now };
                        Effect::finish(self.refused(refusal))
                    }
                }
            }
            _ => {
                self.phase = Phase::Stopping {
                    asked,
                    until: now + limits.stop,
                };
                Effect::Sleep(limits.poll)
            }
        }
    }

    pub(super) fn asked(&mut self, report: AskReport, limits: &Limits) -> Effect {
        let Phase::Asking(asked) = self.phase.clone() else {
            return self.look();
        };
        let until = asked.at + limits.stop;
        let outcome = match report {
            AskReport::Taken(_) | AskReport::Unknown(_) => {
                self.phase = Phase::Stopping { asked, until };
                return Effect::Observe;
            }
            AskReport::Denied(refusal) => self.refused(refusal),
            AskReport::Refused(words) => Outcome::Failed {
                reason: format!("the agent refused to shut the guest down: {words}"),
            },
            AskReport::NotSent(why) => Outcome::Failed {
                reason: format!("the shutdown was not asked for: {why}"),
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
        match check.boot_id() {
            _ if is_stopped(check) => {
                self.phase = Phase::Stopping {
                    asked,
                    until: now + limits.poll,
                };
                Effect::Observe
            }
            Some(boot) if *boot != asked.boot => self.rebooted(asked.boot, boot.clone()),
            _ => {
                let after = now.since(asked.at);
                self.phase = Phase::Stopping { asked, until: now };
                Effect::finish(Outcome::StillRunning { after })
            }
        }
    }

    pub(super) fn stopped(&mut self, asked: Asked, seen: &Observation, now: Timestamp) -> Effect {
        if self.goal == Goal::Shutdown {
            return self.end(Outcome::Stopped { already: false });
        }
        self.power_on(
            Cause {
                old: Some(asked.boot),
                since: asked.at,
            },
            seen,
            now,
        )
    }
}
