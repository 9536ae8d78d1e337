//! What is kept of a power operation.

use std::time::Duration;

use conditions::{BootId, Timestamp};
use serde::{Deserialize, Serialize};

use super::super::{Effect, Graceful, Limits, Outcome, WaitEnd};
use super::Goal;
use super::graceful::Pending;
use crate::Readiness;
use crate::gate::Way;

/// Where a power operation is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    pub(super) goal: Goal,
    pub(super) phase: Phase,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) graceful: Option<Graceful>,
    /// The identity of the stop that the guest is told of, until that is withdrawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) announced: Option<String>,
    /// How the time for scripts ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) waited: Option<WaitEnd>,
}

/// The boot that was asked to end, when, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Asked {
    pub(super) boot: BootId,
    pub(super) at: Timestamp,
    /// An earlier request to this boot may still show effect, whatever becomes of this one.
    pub(super) again: bool,
    /// What was asked for; a restart, if that was ever asked.
    #[serde(default, skip_serializing_if = "Way::is_shutdown")]
    pub(super) way: Way,
}

/// What brought the guest up: a restart that asked a boot to end, or a plain start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cause {
    pub(super) old: Option<BootId>,
    pub(super) since: Timestamp,
}

impl Asked {
    /// How long this may take to show its effect.
    pub(super) const fn window(&self, limits: &Limits) -> Duration {
        match self.way {
            Way::Shutdown => limits.stop,
            Way::Restart => limits.reboot,
        }
    }
}

impl From<Asked> for Cause {
    fn from(asked: Asked) -> Self {
        Self {
            old: Some(asked.boot),
            since: asked.at,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Phase {
    /// Nothing has been asked.
    Checking,
    /// A graceful stop is about to be announced, or may have been.
    Announcing(Pending),
    /// It is announced, and the guest has time for its scripts.
    Waiting(Pending),
    /// That time is over; a new check decides whether to ask.
    Rechecking(Pending),
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
    /// It is stopped, and the hypervisor may power it on by itself until then.
    Resting { cause: Cause, until: Timestamp },
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
    /// What is announced is owed its withdrawal.
    pub(in crate::operation) const fn is_owed(&self) -> bool {
        self.may_stop() || self.announced.is_some()
    }

    /// The guest may stop for what it was asked or told, or has.
    const fn may_stop(&self) -> bool {
        matches!(
            self.phase,
            Phase::Asking(_)
                | Phase::Settling { .. }
                | Phase::Reasking(_)
                | Phase::Stopping { .. }
                | Phase::Lingering(_)
                | Phase::Resting { .. }
                | Phase::Starting(_)
        ) || (self.phase.is_graceful() && self.announced.is_some())
    }

    pub(in crate::operation) const fn owes_start(&self) -> bool {
        self.may_stop() && !matches!(self.goal, Goal::Shutdown)
    }

    pub(in crate::operation) const fn is_cancellable(&self) -> bool {
        self.phase.is_cancellable(self.graceful.is_some())
    }

    pub(in crate::operation) const fn has_asked(&self) -> bool {
        let before = self.phase.is_graceful() || matches!(self.phase, Phase::Checking);
        !before && !matches!(self.phase, Phase::Looking { .. } | Phase::Ended(_))
    }

    pub(in crate::operation) fn announced(&self) -> Option<&str> {
        self.announced.as_deref()
    }

    pub(in crate::operation) const fn waits_until(&self) -> Option<Timestamp> {
        match &self.phase {
            Phase::Waiting(pending) => Some(pending.until()),
            _ => None,
        }
    }

    pub(in crate::operation) const fn wait_end(&self) -> Option<&WaitEnd> {
        self.waited.as_ref()
    }
}

impl Phase {
    /// Where another controller goes on; with the look that comes first, where that is not the
    /// phase's own.
    pub(super) fn resumed(self, limits: &Limits, now: Timestamp) -> (Self, Option<Effect>) {
        let phase = match self {
            Self::Ended(outcome) => {
                let effect = Effect::Finish(outcome.clone());
                return (Self::Ended(outcome), Some(effect));
            }
            Self::Waiting(pending) => return (Self::Waiting(pending), Some(Effect::Observe)),
            Self::Looking { .. } => Self::Looking { began: now },
            Self::Asking(asked) | Self::Settling { asked, .. } => Self::Settling {
                asked,
                until: now + limits.settle,
            },
            Self::Stopping { asked, until } if now < until => Self::Stopping { asked, until },
            Self::Stopping { asked, .. } | Self::Reasking(asked) | Self::Lingering(asked) => {
                Self::Settling { asked, until: now }
            }
            Self::Starting(cause)
            | Self::Readying { cause, .. }
            | Self::Verifying { cause, .. }
            | Self::Concluding { cause, .. } => Self::Starting(cause),
            phase @ (Self::Checking
            | Self::Announcing(_)
            | Self::Rechecking(_)
            | Self::Resting { .. }) => phase,
        };
        (phase, None)
    }

    /// The guest has gone down, and is up again or soon will be.
    pub(super) const fn is_past_stop(&self) -> bool {
        matches!(
            self,
            Self::Resting { .. } | Self::Readying { .. } | Self::Verifying { .. }
        )
    }

    /// Of a graceful stop that has not been asked for.
    const fn is_graceful(&self) -> bool {
        matches!(
            self,
            Self::Announcing(_) | Self::Waiting(_) | Self::Rechecking(_)
        )
    }

    pub(super) const fn is_cancellable(&self, graceful: bool) -> bool {
        self.is_graceful() || (graceful && matches!(self, Self::Checking))
    }
}
