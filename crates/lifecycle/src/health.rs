//! Agent health: whether the hypervisor may act, and nothing else. See [`Readiness`] for the
//! other question.
//!
//! [`Readiness`]: crate::Readiness

use conditions::{Check, State, Verdict};
use serde::{Deserialize, Serialize};

/// The six conditions at the end of an operation. It says nothing about the guest's readiness
/// and is no permit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// What does not hold or is not known; empty means healthy.
    pub unhealthy: Vec<Verdict>,
}

impl Health {
    /// The health that a check shows.
    #[must_use]
    pub fn of(check: &Check) -> Self {
        let unhealthy = check
            .verdicts()
            .iter()
            .filter(|v| v.state != State::Healthy);
        Self {
            unhealthy: unhealthy.cloned().collect(),
        }
    }

    /// All six hold.
    #[must_use]
    pub const fn is_healthy(&self) -> bool {
        self.unhealthy.is_empty()
    }
}
