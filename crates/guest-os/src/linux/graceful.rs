//! The graceful scripts' runner: a unit of systemd's.

use super::systemctl::systemctl;
use crate::{Error, Result};

/// How the runner is called in texts for people.
pub const RUNNER: &str = "google-graceful-shutdown-scripts.service";

/// Somebody else tells of the runner's end, also of one that was started before us.
pub const IS_SUPERVISED: bool = true;

/// How a runner ended that nobody else tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// Its exit status, where it had one.
    pub code: Option<i64>,
}

/// Queues the unit's start job and does not wait for it. systemd itself tells of the runner's end
/// (`ExecStopPost=`), so `on_end` is not called.
///
/// # Errors
/// When systemd does not take the job.
pub fn start(_on_end: impl FnOnce(Ended) + Send + 'static) -> Result<()> {
    let finished = systemctl(&["start", "--no-block", RUNNER])?;
    if finished.status.success() {
        return Ok(());
    }
    let said = finished.complaint();
    Err(Error::Invalid(format!(
        "`systemctl start --no-block {RUNNER}` failed, {said}"
    )))
}
