//! Whether the machine goes down.

use std::path::Path;
use std::time::Duration;

use guest_os::process::run;
use metadata::scripts::{is_stopping, queues_shutdown};

/// How long systemd may take to tell.
const PATIENCE: Duration = Duration::from_secs(10);

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
    let finished = run(Path::new("systemctl"), arguments, b"", PATIENCE);
    let finished = finished.map_err(|error| error.to_string())?;
    Ok(String::from_utf8_lossy(&finished.output).into_owned())
}
