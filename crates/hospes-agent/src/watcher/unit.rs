//! The unit of the graceful scripts.

use crate::systemctl::systemctl;

/// What is started.
pub(super) const UNIT: &str = "google-graceful-shutdown-scripts.service";

/// Queues the unit's start job and does not wait for it.
///
/// # Errors
/// One line.
pub(super) fn queue_start() -> Result<(), String> {
    let finished = systemctl(&["start", "--no-block", UNIT])?;
    if finished.status.success() {
        return Ok(());
    }
    let said = finished.complaint();
    Err(format!(
        "`systemctl start --no-block {UNIT}` failed, {said}"
    ))
}
