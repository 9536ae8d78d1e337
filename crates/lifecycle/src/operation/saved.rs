//! What is kept of an operation.

use conditions::Timestamp;
use serde::{Deserialize, Serialize};

use super::{WaitEnd, power, reboot};

/// Where an operation is: what a store keeps. It holds no permit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Saved {
    /// Restart, shutdown or start.
    Power(power::Saved),
    /// A reboot through SSH.
    Reboot(reboot::Saved),
    /// A repair.
    Fix,
    /// A wait.
    Ready,
}

impl Saved {
    /// The guest was asked for something that may still happen, or is owed a start: a new
    /// operation must not begin before this one is resumed or abandoned.
    #[must_use]
    pub const fn is_owed(&self) -> bool {
        match self {
            Self::Power(saved) => saved.is_owed(),
            Self::Reboot(saved) => saved.is_owed(),
            Self::Fix | Self::Ready => false,
        }
    }

    /// A graceful stop is announced, or about to be: the operator may cancel it, or end the wait.
    #[must_use]
    pub const fn is_cancellable(&self) -> bool {
        matches!(self, Self::Power(saved) if saved.is_cancellable())
    }

    /// The agent was asked to shut the guest down, or is being asked: nothing can be cancelled.
    #[must_use]
    pub const fn has_asked(&self) -> bool {
        matches!(self, Self::Power(saved) if saved.has_asked())
    }

    /// The identity of the stop that is announced to the guest.
    #[must_use]
    pub fn announced(&self) -> Option<&str> {
        match self {
            Self::Power(saved) => saved.announced(),
            _ => None,
        }
    }

    /// Until when graceful scripts are waited for.
    #[must_use]
    pub const fn waits_until(&self) -> Option<Timestamp> {
        match self {
            Self::Power(saved) => saved.waits_until(),
            _ => None,
        }
    }

    /// How the time for graceful scripts ended.
    #[must_use]
    pub const fn wait_end(&self) -> Option<&WaitEnd> {
        match self {
            Self::Power(saved) => saved.wait_end(),
            _ => None,
        }
    }

    /// The guest is owed a start as soon as it is seen stopped.
    #[must_use]
    pub const fn owes_start(&self) -> bool {
        matches!(self, Self::Power(saved) if saved.owes_start())
    }
}
