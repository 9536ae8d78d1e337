//! What the watcher has to say, each once.

use std::fmt;
use std::time::Duration;

use crate::Failure;
use crate::stop::{PendingStop, StopState};

/// Characters of a foreign value that are shown.
const SHOWN: usize = 64;

/// A line for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The stop state is another than before.
    State(StopState),
    /// A stop is taken up.
    TakenUp(PendingStop),
    /// A watcher before this one has taken it up, and scripts run or have run.
    TakenUpBefore(String),
    /// What stands beside the stop state cannot be read: the stop has no name and no deadline.
    NoDetails(Failure),
    /// The start job was queued.
    Started(String),
    /// It was merged with that of another stop, whose scripts run still.
    Behind(String),
    /// The start job was not queued; another try follows.
    NotStarted(String),
    /// No start job was queued, and no more tries follow.
    GivenUp(String),
}

impl Notice {
    /// Whether somebody should look at it.
    #[must_use]
    pub const fn is_warning(&self) -> bool {
        matches!(
            self,
            Self::State(StopState::Other(_))
                | Self::NoDetails(_)
                | Self::NotStarted(_)
                | Self::GivenUp(_)
        )
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::State(StopState::Idle) => write!(f, "no stop is pending any more"),
            Self::State(StopState::PendingStop) => write!(f, "the host announces a stop"),
            Self::State(StopState::Stopping) => {
                write!(f, "the guest is being stopped: nothing more is started")
            }
            Self::State(StopState::Other(value)) => {
                let shown: String = value.chars().take(SHOWN).collect();
                write!(
                    f,
                    "the stop state is {shown:?}, which means nothing to this version; nothing is started"
                )
            }
            Self::TakenUp(pending) => {
                write!(f, "stop {} is pending", pending.request)?;
                match pending.max_seconds {
                    Some(seconds) => write!(f, ": its scripts have {seconds} s"),
                    None => write!(f, ", without a deadline"),
                }
            }
            Self::TakenUpBefore(request) => write!(
                f,
                "stop {request} was taken up before in this boot: its scripts are not started again"
            ),
            Self::NoDetails(failure) => write!(
                f,
                "the details of the stop cannot be read, its scripts start without a deadline: {failure}"
            ),
            Self::Started(request) => write!(f, "the scripts of stop {request} are started"),
            Self::Behind(request) => write!(
                f,
                "the scripts of another stop run still; those of stop {request} follow"
            ),
            Self::NotStarted(reason) => {
                write!(
                    f,
                    "cannot start the graceful scripts, trying again: {reason}"
                )
            }
            Self::GivenUp(reason) => write!(
                f,
                "the graceful scripts do not run for this stop, the host is told so: {reason}"
            ),
        }
    }
}

/// A duration in seconds or minutes, for a line.
pub(super) struct Rounded(pub(super) Duration);

impl fmt::Display for Rounded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_secs() {
            seconds @ 0..120 => write!(f, "{seconds} s"),
            seconds => write!(f, "{} min", seconds / 60),
        }
    }
}
