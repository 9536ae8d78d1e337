//! Reboot: the guest's own, asked for through SSH. The agent is never consulted.
//!
//! ```text
//! Reading ──ready (old boot)──► Asking ──taken, or answer lost──► Awaiting ──new boot proved──► Rebooted
//!    └─ NotReady                  └─ refused: Failed               └─ deadline: StillRunning | NotReady
//! resumed in Asking: Settling (old boot, not stopping, after a while) ──► Asking
//! ```

use conditions::{BootId, Timestamp};
use serde::{Deserialize, Serialize};

use super::outcome::BootProof;
use super::{AskReport, Effect, Event, Limits, Outcome};
use crate::{NotReady, Readiness};

#[derive(Debug)]
pub(super) struct Reboot {
    phase: Saved,
    /// The last thing SSH showed, for the end's words.
    last: Last,
}

/// Where a reboot is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Saved {
    /// Reading the old boot id; nothing has been asked.
    Reading {
        /// Until when.
        until: Timestamp,
    },
    /// The guest is being asked; the answer is not known.
    Asking {
        /// The boot that is asked.
        old: BootId,
        /// When.
        asked_at: Timestamp,
    },
    /// The guest may have been asked by a controller that died; waiting to see.
    Settling {
        /// The boot that may have been asked.
        old: BootId,
        /// When.
        asked_at: Timestamp,
        /// From when on it may be asked again.
        until: Timestamp,
    },
    /// The guest was asked.
    Awaiting {
        /// The boot that was asked.
        old: BootId,
        /// When.
        asked_at: Timestamp,
        /// Until when.
        until: Timestamp,
    },
    /// Nothing is owed. The end is kept: a controller may die before it is recorded, and nothing
    /// is done a second time for that.
    Ended(Box<Outcome>),
}

#[derive(Debug)]
enum Last {
    Nothing,
    OldBoot,
    Unproved(String),
}

impl Saved {
    pub(super) const fn is_owed(&self) -> bool {
        !matches!(self, Self::Reading { .. } | Self::Ended(_))
    }
}

impl Reboot {
    pub(super) fn begin(limits: &Limits, now: Timestamp) -> (Self, Effect) {
        let until = now + limits.settle;
        (
            Self {
                phase: Saved::Reading { until },
                last: Last::Nothing,
            },
            Effect::Probe,
        )
    }

    pub(super) fn resume(saved: Saved, limits: &Limits, now: Timestamp) -> (Self, Effect) {
        let mut effect = Effect::Probe;
        let phase = match saved {
            Saved::Reading { .. } => Saved::Reading {
                until: now + limits.settle,
            },
            Saved::Ended(outcome) => {
                effect = Effect::Finish(outcome.clone());
                Saved::Ended(outcome)
            }
            Saved::Asking { old, asked_at } | Saved::Settling { old, asked_at, .. } => {
                Saved::Settling {
                    old,
                    asked_at,
                    until: now + limits.settle,
                }
            }
            Saved::Awaiting {
                old,
                asked_at,
                until,
            } if now < until => Saved::Awaiting {
                old,
                asked_at,
                until,
            },
            Saved::Awaiting { old, asked_at, .. } => Saved::Settling {
                old,
                asked_at,
                until: now + limits.settle,
            },
        };
        (
            Self {
                phase,
                last: Last::Nothing,
            },
            effect,
        )
    }

    pub(super) fn saved(&self) -> Saved {
        self.phase.clone()
    }

    pub(super) fn step(&mut self, event: Event, limits: &Limits, now: Timestamp) -> Effect {
        match event {
            Event::Asked(report) => self.asked(report, limits),
            _ if matches!(self.phase, Saved::Asking { .. }) => {
                self.asked(AskReport::lost(), limits)
            }
            Event::Probed(probed) => self.probed(probed, limits, now),
            _ => Effect::Probe,
        }
    }

    fn asked(&mut self, report: AskReport, limits: &Limits) -> Effect {
        let Saved::Asking { old, asked_at } = &self.phase else {
            return Effect::Probe;
        };
        let failed = match report {
            AskReport::Taken(_) | AskReport::Unknown(_) => {
                let until = *asked_at + limits.reboot;
                self.phase = Saved::Awaiting {
                    old: old.clone(),
                    asked_at: *asked_at,
                    until,
                };
                return Effect::Sleep(limits.poll);
            }
            AskReport::Refused(words) => format!("the guest refused to reboot: {words}"),
            AskReport::NotSent(why) => format!("the guest was not asked to reboot: {why}"),
            AskReport::Denied(refusal) => return self.end(Outcome::not_admitted(refusal)),
        };
        self.end(Outcome::Failed { reason: failed })
    }

    fn probed(
        &mut self,
        probed: Result<Readiness, NotReady>,
        limits: &Limits,
        now: Timestamp,
    ) -> Effect {
        match (self.phase.clone(), probed) {
            (Saved::Reading { .. }, Ok(ready)) => self.ask(ready.boot_id, now),
            (Saved::Reading { until }, Err(not)) if not.is_final || now >= until => {
                let waited = (now + limits.settle).since(until);
                let reason = format!("nothing was asked: {}", not.reason);
                Effect::finish(Outcome::NotReady {
                    reason,
                    waited,
                    health: None,
                })
            }
            (
                Saved::Settling {
                    old,
                    asked_at,
                    until,
                },
                Ok(ready),
            ) if ready.boot_id == old => {
                let stopping = ready.system_state.as_deref() == Some("stopping");
                if now < until {
                    return Effect::Sleep(limits.poll);
                }
                if stopping {
                    let until = now + limits.reboot;
                    self.phase = Saved::Awaiting {
                        old,
                        asked_at,
                        until,
                    };
                    return Effect::Sleep(limits.poll);
                }
                self.ask(old, now)
            }
            (
                Saved::Settling { old, asked_at, .. } | Saved::Awaiting { old, asked_at, .. },
                Ok(ready),
            ) if ready.proves_boot_since(&old, asked_at) => self.end(Outcome::Rebooted {
                proof: BootProof::new(old, ready, asked_at),
            }),
            (
                Saved::Settling {
                    old,
                    asked_at,
                    until,
                },
                _,
            ) if now >= until => {
                self.phase = Saved::Awaiting {
                    old,
                    asked_at,
                    until: now + limits.reboot,
                };
                Effect::Sleep(limits.poll)
            }
            (
                Saved::Awaiting {
                    old,
                    asked_at,
                    until,
                },
                probed,
            ) => self.not_yet(&old, asked_at, until, probed, limits, now),
            (_, _) => Effect::Sleep(limits.poll),
        }
    }

    /// The end, with nothing owed.
    fn end(&mut self, outcome: Outcome) -> Effect {
        self.phase = Saved::Ended(Box::new(outcome.clone()));
        Effect::finish(outcome)
    }

    fn ask(&mut self, old: BootId, now: Timestamp) -> Effect {
        self.phase = Saved::Asking { old, asked_at: now };
        Effect::Reboot
    }

    fn not_yet(
        &mut self,
        old: &BootId,
        asked_at: Timestamp,
        until: Timestamp,
        probed: Result<Readiness, NotReady>,
        limits: &Limits,
        now: Timestamp,
    ) -> Effect {
        self.last = match probed {
            Ok(ready) if ready.boot_id == *old => Last::OldBoot,
            Ok(ready) => Last::Unproved(format!(
                "boot {} answers with an uptime of {:.0?}, longer than the {:.0?} since the request: \
                 it is not the reboot that was asked for",
                ready.boot_id.short(),
                ready.uptime,
                now.since(asked_at)
            )),
            Err(not) => Last::Unproved(not.reason),
        };
        if now < until {
            return Effect::Sleep(limits.poll);
        }
        let waited = now.since(asked_at);
        Effect::finish(match &self.last {
            Last::OldBoot | Last::Nothing => Outcome::StillRunning { after: waited },
            Last::Unproved(reason) => Outcome::NotReady {
                reason: reason.clone(),
                waited,
                health: None,
            },
        })
    }
}

impl BootProof {
    /// `ready` answered after `old` was asked at `asked_at`.
    pub(super) fn new(old: BootId, ready: Readiness, asked_at: Timestamp) -> Self {
        let took = ready.at.since(asked_at);
        Self {
            old,
            new: ready.boot_id,
            uptime: ready.uptime,
            took,
        }
    }
}
