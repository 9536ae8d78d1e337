//! The way up: powering on, and proving that the guest came back.

use conditions::{Check, Identity, Observation, RunState, Timestamp};

use super::super::{BootProof, Effect, Limits, Outcome};
use super::machine::is_stopped;
use super::saved::{Cause, Phase};
use super::{Goal, Power};
use crate::gate::{Refusal, StartOrder};
use crate::{Health, NotReady, Readiness};

impl Power {
    pub(super) fn looked(
        &mut self,
        began: Timestamp,
        seen: Result<Observation, String>,
        now: Timestamp,
    ) -> Effect {
        match seen {
            Ok(seen) if seen.run_state == RunState::Running => self.end(Outcome::Started {
                already: true,
                readiness: None,
            }),
            Ok(seen) => match StartOrder::for_stopped(&seen, now) {
                Ok(order) => {
                    self.phase = Phase::Starting(Cause {
                        old: None,
                        since: began,
                    });
                    Effect::Start(order)
                }
                Err(refusal) => self.refuse(refusal.guest, refusal.reasons),
            },
            Err(why) => self.end(Outcome::Failed {
                reason: format!("the hypervisor cannot say whether the guest is stopped: {why}"),
            }),
        }
    }

    pub(super) fn start(
        &mut self,
        cause: Cause,
        seen: Result<Observation, String>,
        limits: &Limits,
        now: Timestamp,
    ) -> Effect {
        match seen {
            Ok(seen) if seen.run_state != RunState::Stopped => self.is_up(cause, limits, now),
            seen => match (seen, self.not_started.take()) {
                (Ok(seen), None) => self.power_on(cause, &seen, now),
                (Err(reason), None) | (_, Some(reason)) => {
                    Effect::finish(Outcome::NotStarted { reason })
                }
            },
        }
    }

    /// A stopped guest is left to the hypervisor, and owed a start when that does not come.
    pub(super) fn resting(
        &mut self,
        cause: Cause,
        until: Timestamp,
        seen: Result<Observation, String>,
        limits: &Limits,
        now: Timestamp,
    ) -> Effect {
        match seen {
            Ok(seen) if seen.run_state != RunState::Stopped => self.is_up(cause, limits, now),
            _ if now < until => Effect::Sleep(limits.poll),
            Ok(seen) => self.power_on(cause, &seen, now),
            Err(reason) => Effect::finish(Outcome::NotStarted { reason }),
        }
    }

    /// It runs again, whoever powered it on.
    pub(super) fn is_up(&mut self, cause: Cause, limits: &Limits, now: Timestamp) -> Effect {
        let until = now + limits.ready;
        self.phase = Phase::Readying { cause, until };
        Effect::Probe
    }

    pub(super) fn power_on(&mut self, cause: Cause, seen: &Observation, now: Timestamp) -> Effect {
        self.phase = Phase::Starting(cause);
        match StartOrder::for_stopped(seen, now) {
            Ok(order) => Effect::Start(order),
            Err(Refusal { reasons, .. }) => {
                let words: Vec<_> = reasons.iter().map(ToString::to_string).collect();
                Effect::finish(Outcome::NotStarted {
                    reason: words.join("; "),
                })
            }
        }
    }

    pub(super) fn started(
        &mut self,
        started: Result<String, String>,
        limits: &Limits,
        now: Timestamp,
    ) -> Effect {
        match (self.phase.clone(), started) {
            (Phase::Starting(cause), Ok(_)) => self.is_up(cause, limits, now),
            // Its answer may be lost, and the hypervisor's own start may have come first.
            (Phase::Starting(_), Err(reason)) => {
                self.not_started = Some(reason);
                Effect::Observe
            }
            _ => self.look(),
        }
    }

    pub(super) fn probed(
        &mut self,
        probed: Result<Readiness, NotReady>,
        limits: &Limits,
        now: Timestamp,
    ) -> Effect {
        let (cause, until) = match self.phase.clone() {
            Phase::Readying { cause, until } => (cause, until),
            Phase::Settling { asked, .. } | Phase::Stopping { asked, .. }
                if self.goal == Goal::Restart =>
            {
                return self.probed_waiting(asked, probed.ok(), limits, now);
            }
            _ => return self.look(),
        };
        let not_ready = match probed {
            Ok(readiness) if cause.is_proved_by(&readiness) => {
                return self.came_back(cause, readiness, limits, now);
            }
            Ok(readiness) => NotReady::later(format!(
                "boot {} answers, up for {:.0?}: not the boot that was started {:.0?} ago",
                readiness.boot_id.short(),
                readiness.uptime,
                now.since(cause.since)
            )),
            Err(not_ready) => not_ready,
        };
        if now < until && !not_ready.is_final {
            return Effect::Sleep(limits.poll);
        }
        self.phase = Phase::Concluding {
            cause,
            reason: not_ready.reason,
        };
        Effect::Check
    }

    /// It did not get ready. One that is stopped did not come up, or has gone down again: it is
    /// owed a start once more.
    pub(super) fn concluded(
        &mut self,
        check: &Check,
        cause: Cause,
        reason: String,
        now: Timestamp,
    ) -> Effect {
        if is_stopped(check) {
            self.phase = Phase::Starting(cause);
            let reason = format!("the start was accepted, and it did not come up: {reason}");
            return Effect::finish(Outcome::NotStarted { reason });
        }
        Effect::finish(Outcome::NotReady {
            reason,
            waited: now.since(cause.since),
            health: Some(Health::of(check)),
        })
    }

    pub(super) fn came_back(
        &mut self,
        cause: Cause,
        readiness: Readiness,
        limits: &Limits,
        now: Timestamp,
    ) -> Effect {
        if self.goal == Goal::Start {
            return self.end(Outcome::Started {
                already: false,
                readiness: Some(readiness),
            });
        }
        self.phase = Phase::Verifying {
            cause,
            readiness,
            until: now + limits.health,
        };
        Effect::Check
    }

    pub(super) fn verified(
        &mut self,
        check: &Check,
        cause: &Cause,
        readiness: Readiness,
        until: Timestamp,
        limits: &Limits,
        now: Timestamp,
    ) -> Effect {
        let health = Health::of(check);
        let other = match check.identity() {
            Identity::Different { evidence } => Some(evidence),
            Identity::Same { .. } | Identity::Unproven { .. } => None,
        };
        if (!health.is_healthy() || other.is_some()) && now < until {
            return Effect::Sleep(limits.poll);
        }
        // SSH proved a new boot, and the channel says that it is another machine's.
        if let Some(evidence) = other {
            let reason = format!("another machine answers at the SSH address: {evidence}");
            return self.end(Outcome::NotReady {
                reason,
                waited: now.since(cause.since),
                health: Some(health),
            });
        }
        let proof = cause
            .old
            .clone()
            .map(|old| BootProof::new(old, readiness.clone(), cause.since));
        self.end(match proof {
            Some(proof) if health.is_healthy() => Outcome::Restarted { proof },
            None if health.is_healthy() => Outcome::Started {
                already: false,
                readiness: Some(readiness),
            },
            proof => Outcome::BackUnhealthy { proof, health },
        })
    }
}

impl Cause {
    /// The readiness of the boot that this cause brought up: not the old one, not older.
    fn is_proved_by(&self, readiness: &Readiness) -> bool {
        match &self.old {
            Some(old) => readiness.proves_boot_since(old, self.since),
            None => readiness.is_younger_than(self.since),
        }
    }
}
