//! A requested stop: what the host announces, and what the guest reports.
//!
//! ```text
//! idle ──► PENDING_STOP (max-duration runs) ──► STOPPING
//!   ▲             │ cancelled
//!   └─────────────┘
//! ```
//!
//! # In the guest
//!
//! The watcher, the script runner and whoever sees the runner's end are three processes, any of which
//! may die at any point. What they agree on lies in one directory that a reboot forgets:
//!
//! ```text
//! watcher    writes pending-stop.json (PendingStop), then starts the runner; looks later whether
//!            graceful/NAME has come
//! runner     reads it, locks runners/NAME up to its end, creates graceful/NAME (exclusively; holds
//!            the request), waits for runners/turn, runs the scripts, puts the Report, creates
//!            reported/NAME
//! its end    puts a Report for whatever is in graceful/, not in reported/, and not locked in runners/
//! ```
//!
//! | | Linux | Windows |
//! | --- | --- | --- |
//! | the directory | `/run/hospes-agent`: in memory | `C:\ProgramData\hospes-agent\run\BOOT`: a directory for each boot; a later boot removes it |
//! | the runner is started | by systemd: the watcher queues its unit's start job | by the watcher, as a process that outlives it |
//! | its end is seen | by systemd (`ExecStopPost=`), whatever became of the watcher | by the watcher that started it and waits for it, else by the next one, which waits for its lock |
//!
//! - NAME is [`file_name`] of the request.
//! - **The runner alone keeps scripts from running twice**: when graceful/NAME exists, it says so in
//!   one line and exits 0. So the watcher may start it whenever it is unsure, and does: after it died
//!   between its intent and the start.
//! - Without pending-stop.json nobody asked for a stop: scripts that are started by hand run without
//!   marker and without report. An idle state removes the file; scripts that run go on.
//! - systemd merges a start job with one that runs, up to the end of `ExecStopPost=`: a second
//!   request that comes while scripts run would be lost. So the watcher queues the job again as long
//!   as graceful/ holds other requests and not this one.
//! - On Windows the second runner starts at once; runners/turn lets its scripts wait for those of the
//!   first.
//! - The system lets go of a lock with its process: what is locked in runners/ has a runner that lives.

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
    /// When that is over, in milliseconds of the clock since boot that goes on while the system is
    /// suspended (on Linux `CLOCK_BOOTTIME`): steps of the wall clock do not move it.
    pub deadline_boot_ms: Option<u64>,
}

/// The file that holds the [`PendingStop`].
pub const PENDING_STOP: &str = "pending-stop.json";

/// The name of a request in `graceful/` and `reported/`: letters, digits, `+` and `-` as they are,
/// other bytes as `_` and two hexadecimal digits. Windows gives `:` and a last `.` a meaning of their
/// own; to it, letters that differ in case only are the same.
#[must_use]
pub fn file_name(request: &str) -> String {
    let escaped = request.bytes().map(|byte| match byte {
        byte if byte.is_ascii_alphanumeric() || b"+-".contains(&byte) => {
            char::from(byte).to_string()
        }
        byte => format!("_{byte:02x}"),
    });
    escaped.fold("stop-".to_owned(), |name, part| name + &part)
}

/// The guest attribute that holds the report, in the namespace `hospes`.
pub const REPORT: &str = "hospes/graceful-shutdown";

/// How the graceful scripts of one request ended: the guest attribute `hospes/graceful-shutdown`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Report {
    /// [`PendingStop::request`].
    pub request: String,
    /// How.
    pub outcome: ReportOutcome,
    /// The exit code of the first script that failed; on Windows it may have all of its 32 bits, and
    /// no sign.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<i64>,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_has_a_file_name_of_its_own_that_stays_in_its_directory() {
        for (request, name) in [
            (
                "2026-11-22T04:51:45.123456Z",
                "stop-2026-11-22T04_3a51_3a45_2e123456Z",
            ),
            ("", "stop-"),
            ("..", "stop-_2e_2e"),
            ("../a/b", "stop-_2e_2e_2fa_2fb"),
            (r"C:\x. ", "stop-C_3a_5cx_2e_20"),
            ("a_2f", "stop-a_5f2f"),
            ("\0é", "stop-_00_c3_a9"),
        ] {
            assert_eq!(file_name(request), name);
        }
    }
}
