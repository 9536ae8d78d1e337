//! From what asks for a reboot to what is done about it.

use serde::{Deserialize, Serialize};

use super::RebootReason;
use crate::settings::RebootPolicy;

/// What else is known when it is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Circumstances {
    /// Packages changed in this run.
    pub changed: bool,
    /// Every package of the guest is configured, and apt ended well.
    pub settled: bool,
}

/// What is done about a reboot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "decision")]
pub enum Decision {
    /// The guest reboots.
    Reboot {
        /// What asks for it.
        reasons: Vec<RebootReason>,
        /// The policy asks for it whatever the reasons.
        by_policy: bool,
    },
    /// Something asks for it and it is not done.
    Owed {
        /// What asks for it.
        reasons: Vec<RebootReason>,
        /// Why not.
        why: NotRebootedReason,
    },
    /// Nothing asks for it.
    NotNeeded,
}

/// Why a guest that should reboot does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotRebootedReason {
    /// The policy is never.
    Policy,
    /// Packages are half-installed: it may not come back. Mend it first.
    Unsettled,
}

/// Decides by policy. A guest whose packages are not settled never reboots.
#[must_use]
pub fn decide(
    policy: RebootPolicy,
    reasons: Vec<RebootReason>,
    circumstances: Circumstances,
) -> Decision {
    let by_policy = policy == RebootPolicy::Always && circumstances.changed;
    if reasons.is_empty() && !by_policy {
        return Decision::NotNeeded;
    }
    let why = if policy == RebootPolicy::Never {
        NotRebootedReason::Policy
    } else if !circumstances.settled {
        NotRebootedReason::Unsettled
    } else {
        return Decision::Reboot { reasons, by_policy };
    };
    Decision::Owed { reasons, why }
}
