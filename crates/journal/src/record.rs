//! What the journal keeps about a run.

use std::fmt;

use conditions::{MachineId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use crate::{RunId, StepId};

/// A run that is about to begin.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRun {
    /// Which operation (`restart`).
    pub operation: String,
    /// On which guest or node.
    pub machine: MachineId,
    /// Who asked for it.
    pub operator: String,
    /// With which options; opaque to the journal.
    pub options: Value,
    /// The operation's state at the beginning; opaque to the journal.
    pub state: Value,
    /// When.
    pub at: Timestamp,
}

/// An effect that is about to be attempted.
#[derive(Debug, Clone, PartialEq)]
pub struct IntendedStep {
    /// Which effect (`ask-shutdown`).
    pub effect: String,
    /// What exactly, for people.
    pub detail: String,
    /// The state from which to resume if nothing more is recorded; opaque to the journal.
    pub state: Value,
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunStatus {
    /// A controller works on it, or was killed while it did.
    Active,
    /// It ended without reaching its aim and may be resumed (the guest still runs, for one).
    Resumable,
    /// It reached its aim.
    Done,
    /// It did not, and resuming would not help.
    Failed,
    /// The gate refused it before anything was done.
    Refused,
    /// An operator gave it up.
    Abandoned,
}

impl RunStatus {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Active,
        Self::Resumable,
        Self::Done,
        Self::Failed,
        Self::Refused,
        Self::Abandoned,
    ];

    /// The word for people, logs and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Resumable => "resumable",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::Abandoned => "abandoned",
        }
    }

    /// Whether more can happen in such a run.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Active | Self::Resumable)
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

impl fmt::Display for RunStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One run, without its steps.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunSummary {
    /// Its number.
    pub id: RunId,
    /// Which operation.
    pub operation: String,
    /// On which guest or node; `guest` in documents.
    #[serde(rename = "guest")]
    pub machine: MachineId,
    /// Who asked for it.
    pub operator: String,
    /// Where it stands.
    pub status: RunStatus,
    /// How it ended, in a short text; absent while it is active.
    pub outcome: Option<String>,
    /// When it began.
    pub began: Timestamp,
    /// When something was last recorded about it.
    pub changed: Timestamp,
}

/// Everything about one run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunRecord {
    /// What a list shows of it.
    #[serde(flatten)]
    pub summary: RunSummary,
    /// The options it began with.
    pub options: Value,
    /// The latest state, from which it resumes.
    pub state: Value,
    /// Its steps, in order.
    pub steps: Vec<StepRecord>,
    /// Remarks on its timeline, in order.
    pub notes: Vec<Note>,
}

/// One effect of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepRecord {
    /// Its number.
    pub id: StepId,
    /// Which effect.
    pub effect: String,
    /// What exactly, for people.
    pub detail: String,
    /// When it was about to be attempted.
    pub intended: Timestamp,
    /// What came of it; absent when nobody lived to record it: it may or may not have happened.
    pub result: Option<StepResult>,
}

/// What came of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepResult {
    /// In a short text.
    pub outcome: String,
    /// With what was seen, for people.
    pub detail: String,
    /// When.
    pub at: Timestamp,
}

/// A remark on a run's timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// What.
    pub text: String,
    /// When.
    pub at: Timestamp,
}

/// A run whose stored form cannot be read. It is kept as it is; other runs are not affected.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "run {run} ({operation} of {guest}) is damaged in the journal: {reason}; it was left as it is and cannot be resumed: look at the guest, then `hospes runs abandon {run}`"
)]
pub struct CorruptRun {
    /// Its number.
    pub run: RunId,
    /// Its operation as stored.
    pub operation: String,
    /// Its guest or node as stored.
    pub guest: String,
    /// What is wrong with it.
    pub reason: String,
}
