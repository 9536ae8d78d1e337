//! What is stored of a run: enough to take it up from anywhere.

use std::time::Duration;

use anyhow::{Context, Result};
use lifecycle::operation::Saved as Reboot;
use patch::run::{Phase, Saved};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A patch run as the journal keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct State {
    /// Where it is.
    pub(crate) patch: Saved,
    /// The reboot that is a part of it, as soon as the guest may have been asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reboot: Option<Reboot>,
    /// How long its snapshot is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) snapshot_expires: Option<Duration>,
    /// What was seen of the agent at the end, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) agent: Option<String>,
}

impl State {
    pub(crate) fn read(stored: Value) -> Result<Self> {
        serde_json::from_value(stored).context(
            "the run's state cannot be read by this version; look at the guest, then abandon the run",
        )
    }

    pub(super) fn value(&self) -> Result<Value> {
        serde_json::to_value(self).context("a run's state is plain data")
    }

    /// Packages may be changing, or the guest be going down, by this run: a new one must not begin
    /// before it is resumed or abandoned.
    pub(crate) const fn is_owed(&self) -> bool {
        self.patch.phase.has_begun() && !matches!(self.patch.phase, Phase::Ended(_))
    }
}
