//! What a guest is interrupted for, and in which of two ways.

use conditions::Observation;
use serde::{Deserialize, Serialize};

/// What a permit is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The guest is to rest.
    Shutdown,
    /// It is to come up again.
    Restart,
}

/// How a guest is taken down.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// Its agent is asked; then it rests until it is powered on.
    #[default]
    Shutdown,
    /// The hypervisor is asked to do both, for a guest under high availability: that would end a
    /// plain shutdown with force, and let it rest for no time.
    Restart,
}

impl Way {
    /// The plain one, which is stored as nothing.
    pub(crate) fn is_shutdown(&self) -> bool {
        *self == Self::Shutdown
    }

    /// The one way that there is for a guest that is seen like this.
    pub(super) fn of(observed: &Observation) -> Self {
        match observed.high_availability() {
            Some(_) => Self::Restart,
            None => Self::Shutdown,
        }
    }
}
