//! One hook and where it comes from.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One guest-side shutdown hook that is tied to the agent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Hook {
    /// The unit, or for a maintainer script the package, that has it.
    pub unit: String,
    /// The unit's property (`ExecStopPost`, `SuccessAction`, `OnFailure`, ...), or the name of the
    /// maintainer script (`postinst`).
    pub property: String,
    /// The setting's value or the script's line.
    pub what: String,
    /// How that ends in a power action (`poweroff`, `starts a.service: reboot`).
    pub action: String,
    /// Where it is configured.
    pub source: Source,
}

impl fmt::Display for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            unit,
            property,
            what,
            action,
            source,
        } = self;
        write!(f, "{unit}: {property}={what} ({action}; {source})")
    }
}

/// Where a hook is configured.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// In this file.
    File {
        /// The file.
        path: String,
        /// The line on which the setting or command starts, counted from 1.
        line: usize,
    },
    /// systemd acts on it although no file says so any more: a daemon-reload is missing.
    InEffectOnly,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line } => write!(f, "{path}:{line}"),
            Self::InEffectOnly => write!(f, "in effect but in no file: daemon-reload needed"),
        }
    }
}
