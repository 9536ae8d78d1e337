//! A thaw that nobody had asked for.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::utc::utc_text;

/// The agent has thawed on its own, and whoever thaws next must hear of it: what was copied since
/// is not consistent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForcedThaw {
    /// When, in seconds since 1970.
    pub when: u64,
    /// Why.
    pub why: Why,
}

/// Why the agent thaws on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// Nobody had thawed within the limit.
    Watchdog {
        /// Seconds since the freeze.
        after: u64,
    },
    /// The agent was told to stop.
    Terminated,
    /// The agent that had frozen them died, and its successor has thawed.
    Restarted,
}

impl fmt::Display for ForcedThaw {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "file systems were thawed at {} {}: what was copied since is not consistent",
            utc_text(self.when),
            self.why
        )
    }
}

impl fmt::Display for Why {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Watchdog { after } => write!(formatter, "by the watchdog after {after} s"),
            Self::Terminated => formatter.write_str("because the agent was told to stop"),
            Self::Restarted => formatter.write_str("by a new agent after the old one had died"),
        }
    }
}
