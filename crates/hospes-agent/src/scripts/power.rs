//! Whether the machine goes down.

use metadata::scripts::{is_stopping, queues_shutdown};

use crate::systemctl::systemctl;

/// Whether systemd stops the whole system, and not only a unit.
///
/// # Errors
/// When it cannot be asked.
pub(super) fn goes_down() -> Result<bool, String> {
    // Its status is that of the system and says nothing about the question.
    let state = ask(&["is-system-running"])?;
    if is_stopping(&state) {
        return Ok(true);
    }
    ask(&["list-jobs", "--no-legend", "--no-pager"]).map(|jobs| queues_shutdown(&jobs))
}

fn ask(arguments: &[&str]) -> Result<String, String> {
    let finished = systemctl(arguments)?;
    Ok(String::from_utf8_lossy(&finished.output).into_owned())
}
