//! What is stored of a run over a node: enough to take it up from anywhere.

use anyhow::{Context, Result};
use lifecycle::operation::Saved as Operation;
use patch::node::{Phase, Saved};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A node's patch run as the journal keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct State {
    /// Where it is.
    pub(crate) node: Saved,
    /// The reboot that is a part of it, as soon as the node may have been asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reboot: Option<Operation>,
    /// What was asked of one of its guests, and is not over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) guest: Option<Asked>,
}

/// A shutdown or a start of a guest that is a part of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Asked {
    /// The guest's number.
    pub(crate) vmid: u32,
    /// What it is asked to be.
    pub(crate) wanted: Power,
    /// Where its operation is.
    pub(crate) operation: Operation,
}

/// What a guest is asked to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Power {
    /// Shut down.
    Off,
    /// Powered on.
    On,
}

impl State {
    pub(crate) fn read(stored: Value) -> Result<Self> {
        serde_json::from_value(stored).context(
            "the run's state cannot be read by this version; look at the node, then abandon the run",
        )
    }

    pub(super) fn value(&self) -> Result<Value> {
        serde_json::to_value(self).context("a run's state is plain data")
    }

    /// Something around the node is not as it was found, or may still happen: a new run must not
    /// begin before this one is resumed or abandoned.
    pub(crate) fn is_owed(&self) -> bool {
        let has_ended = matches!(self.node.phase, Phase::Ended(_));
        let is_patching = matches!(self.node.phase, Phase::Patching(_));
        !has_ended && (is_patching || !self.node.left().is_nothing())
    }
}
