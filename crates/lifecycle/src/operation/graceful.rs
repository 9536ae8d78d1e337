//! What a graceful stop is made of: how it is asked for, what the guest is told, what is heard.

use std::time::Duration;

use metadata::stop::{Report, StopRequest};
use serde::{Deserialize, Serialize};

use crate::gate::Accepted;
use crate::ports::Standing;

/// How a guest is to be stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    /// What is accepted as unknown for this call.
    pub accepted: Accepted,
    /// Its graceful scripts run first.
    pub graceful: Option<Graceful>,
}

impl From<Accepted> for Stop {
    /// Without graceful scripts.
    fn from(accepted: Accepted) -> Self {
        Self {
            accepted,
            graceful: None,
        }
    }
}

/// A stop that the guest may prepare for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Graceful {
    /// How long its scripts may take; whole seconds.
    pub max: Duration,
    /// What if nobody in the guest watches.
    pub without_watcher: WithoutWatcher,
}

/// What becomes of a graceful stop that nobody in the guest watches for, or that cannot be
/// announced.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WithoutWatcher {
    /// The guest is stopped without its scripts, and uses up no time.
    #[default]
    GoOn,
    /// It is announced all the same, and waited for until the deadline. What cannot be announced
    /// is refused.
    Wait,
    /// It is refused.
    Refuse,
}

/// What is written for the guest to read, by the identity of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// `PENDING_STOP`, with its deadline.
    Pending(StopRequest),
    /// `STOPPING`: the time to prepare is over.
    Stopping(String),
    /// `NONE`: there is no such stop any more.
    Withdrawn(String),
}

/// What is heard while a stop is announced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// From the guest; the store's words where it cannot be read.
    pub standing: Result<Standing, String>,
    /// From the operator.
    pub word: Option<Word>,
}

/// What the operator says to a run that waits for graceful scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// The stop is cancelled.
    Abort,
    /// The wait is over; it goes on at once.
    Now,
}

/// How the time for a guest's graceful scripts ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "ended")]
pub enum WaitEnd {
    /// The guest reported.
    Report {
        /// What.
        report: Report,
    },
    /// No report came in time.
    Deadline,
    /// The operator ended it.
    Operator,
    /// The guest powered itself off.
    PoweredOff,
    /// It never began: nobody in the guest watches.
    NoWatcher {
        /// What was seen instead.
        why: String,
    },
    /// It never began: the stop could not be announced.
    NotAnnounced {
        /// The store's words.
        why: String,
    },
}
