//! What the watcher knows after it was started again.

use serde::{Deserialize, Serialize};

use crate::stop::PendingStop;

/// The watcher's state file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Kept {
    /// The boot that it is about: the kernel's boot id.
    pub boot: String,
    /// The stop that was pending last, until an idle value.
    pub stop: Option<Stop>,
}

/// A stop that the watcher has taken up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Stop {
    /// What the runner is told about it, from the first to the last time.
    pub pending: PendingStop,
    /// How the host calls it, where it does: a name may come later than the stop.
    pub name: Option<String>,
    /// The start job was queued. Until then it may have been, or not.
    pub is_started: bool,
}

impl Stop {
    /// Whether a stop that is pending now is this one. One without a name is, as long as no idle
    /// value was seen.
    pub(super) fn is(&self, request: Option<&str>) -> bool {
        match (self.name.as_deref(), request) {
            (Some(name), Some(request)) => name == request,
            _ => true,
        }
    }
}
