//! A requested stop: what the host announces, and what the guest reports.
//!
//! ```text
//! idle ──► PENDING_STOP (max-duration runs) ──► STOPPING
//!   ▲             │ cancelled
//!   └─────────────┘
//! ```

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The value of `instance/shutdown-details/stop-state`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StopState {
    /// No stop is requested: no such key, empty, `UNSPECIFIED`, `UNKNOWN`, `NONE`, alone or behind
    /// the prefix of an enumeration.
    Idle,
    /// The guest will be stopped, and may prepare.
    PendingStop,
    /// The guest is being stopped: the time to prepare is over.
    Stopping,
    /// A value of a later version of the protocol.
    Other(String),
}

impl StopState {
    /// Reads a value.
    #[must_use]
    pub fn read(value: &str) -> Self {
        match value.trim() {
            "" | "UNSPECIFIED" | "UNKNOWN" | "NONE" | "STOP_STATE_UNSPECIFIED" => Self::Idle,
            "PENDING_STOP" => Self::PendingStop,
            "STOPPING" => Self::Stopping,
            other => Self::Other(other.to_owned()),
        }
    }
}

/// A stop as the host announces it: written as one change to `instance/shutdown-details/`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct StopRequest {
    /// `request-timestamp`, RFC 3339 with fractions of a second: what tells one request from the next.
    pub request: String,
    /// `max-duration`, whole seconds.
    pub max_seconds: u64,
    /// `target-state`: `TERMINATED`.
    pub target: String,
}

/// What the guest's watcher leaves for the scripts at [`PENDING_STOP`]: which stop, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PendingStop {
    /// The request's identity: its timestamp, else a word of the watcher's own.
    pub request: String,
    /// How long the scripts may take, where the host says so.
    pub max_seconds: Option<u64>,
    /// When that is over, in seconds since 1970 (for people and for scripts).
    pub deadline_unix: Option<u64>,
    /// When that is over, in milliseconds of the clock since boot (`CLOCK_BOOTTIME`): steps of the
    /// wall clock do not move it.
    pub deadline_boot_ms: Option<u64>,
}

/// Where the watcher leaves it: a file that a reboot forgets.
pub const PENDING_STOP: &str = "/run/hospes-agent/pending-stop.json";

/// The guest attribute that holds the report.
pub const REPORT_NAMESPACE: &str = "hospes";
/// Its name in the namespace.
pub const REPORT_NAME: &str = "graceful-shutdown";

/// How the graceful scripts of one request ended: the guest attribute `hospes/graceful-shutdown`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Report {
    /// [`PendingStop::request`].
    pub request: String,
    /// How.
    pub outcome: ReportOutcome,
    /// The exit code of the first script that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<i32>,
}

/// How graceful scripts ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReportOutcome {
    /// All that there were have run and succeeded.
    Done,
    /// One failed.
    Failed,
    /// The time was over first.
    Timeout,
}

/// A duration as `max-duration` has it: seconds, with or without an `s`.
#[must_use]
pub fn max_duration(value: &str) -> Option<Duration> {
    let text = value.trim();
    let number = text.strip_suffix('s').unwrap_or(text);
    let seconds: f64 = number.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}
