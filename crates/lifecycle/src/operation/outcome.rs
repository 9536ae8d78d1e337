//! How an operation ended.

use std::time::Duration;

use conditions::BootId;
use serde::{Deserialize, Serialize};

use crate::gate::Refusal;
use crate::{Health, Readiness};

/// The end of an operation. Each one says whether the guest was touched and what is owed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "outcome")]
pub enum Outcome {
    /// The guest went down and came back, and that is proved.
    Restarted {
        /// Old boot, new boot, uptime.
        proof: BootProof,
    },
    /// The guest rebooted itself on request, and that is proved.
    Rebooted {
        /// Old boot, new boot, uptime.
        proof: BootProof,
    },
    /// The guest is stopped.
    Stopped {
        /// It was before anything was asked.
        already: bool,
    },
    /// The guest runs and is ready.
    Started {
        /// It ran before anything was asked.
        already: bool,
        /// What SSH said; absent when it ran already.
        readiness: Option<Readiness>,
    },
    /// The guest is usable.
    Ready {
        /// What SSH said.
        readiness: Readiness,
    },
    /// Every remedy was applied and the conditions hold, or there was nothing to do.
    Fixed {
        /// How many remedies were applied.
        applied: usize,
    },
    /// Remedies were applied; what is left is named.
    PartlyFixed {
        /// How many remedies were applied.
        applied: usize,
        /// What does not hold, or is not known.
        health: Health,
        /// What a person has to do.
        manual: Vec<String>,
    },
    /// The gate stayed shut; the guest was not asked to go down.
    Refused {
        /// Every reason.
        refusal: Refusal,
        /// The stop had been announced to the guest, and its graceful scripts may have run. That
        /// was withdrawn.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        announced: bool,
    },
    /// A graceful stop was cancelled before the guest was asked to go down.
    Aborted {
        /// It had been announced to the guest, and its graceful scripts may have run. That was
        /// withdrawn.
        announced: bool,
    },
    /// It was asked to go down and still runs. Nothing is forced. The run can be resumed.
    StillRunning {
        /// How long it was waited for.
        after: Duration,
    },
    /// It was asked to power off and rebooted by itself instead.
    RebootedInstead {
        /// The boot that was asked.
        old: BootId,
        /// The boot that runs now.
        new: BootId,
    },
    /// It is stopped and could not be powered on. The run can be resumed.
    NotStarted {
        /// The hypervisor's words.
        reason: String,
    },
    /// It runs again, or should, but SSH did not prove it in time.
    NotReady {
        /// What SSH showed last.
        reason: String,
        /// How long it was waited for.
        waited: Duration,
        /// What the hypervisor's side shows: supplementary, not decisive.
        health: Option<Health>,
    },
    /// It came back, and that is proved, but the hypervisor may not act on it.
    BackUnhealthy {
        /// Old boot, new boot, uptime; absent after a plain start.
        proof: Option<BootProof>,
        /// What does not hold.
        health: Health,
    },
    /// Something failed; the text says what and whether the guest was touched.
    Failed {
        /// What failed, why, and what to do.
        reason: String,
    },
}

/// The proof of a new boot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BootProof {
    /// The boot that was asked to end.
    pub old: BootId,
    /// The boot that answered, by a command over SSH.
    pub new: BootId,
    /// Its uptime when it answered.
    pub uptime: Duration,
    /// Time from asking to that answer.
    pub took: Duration,
}

impl Outcome {
    /// Refused before anything was asked or announced.
    #[must_use]
    pub(super) const fn not_admitted(refusal: Refusal) -> Self {
        Self::Refused {
            refusal,
            announced: false,
        }
    }

    /// The run may be taken up again: something is still owed or may still happen.
    #[must_use]
    pub const fn is_resumable(&self) -> bool {
        matches!(
            self,
            Self::StillRunning { .. } | Self::NotStarted { .. } | Self::NotReady { .. }
        )
    }

    /// Everything asked for was reached.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        matches!(
            self,
            Self::Restarted { .. }
                | Self::Rebooted { .. }
                | Self::Stopped { .. }
                | Self::Started { .. }
                | Self::Ready { .. }
                | Self::Fixed { .. }
        )
    }
}
