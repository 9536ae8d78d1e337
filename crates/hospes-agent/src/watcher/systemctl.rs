//! The unit of the graceful scripts.

use std::path::PathBuf;
use std::time::Duration;

use guest_os::process::run;

/// What is started.
pub(super) const UNIT: &str = "google-graceful-shutdown-scripts.service";
/// Where systemctl is when `PATH` does not say.
const ELSEWHERE: [&str; 2] = ["/usr/bin", "/bin"];
/// It only queues a job; a service manager that takes longer is in trouble.
const DEADLINE: Duration = Duration::from_secs(10);

/// Queues the unit's start job and does not wait for it.
///
/// # Errors
/// One line.
pub(super) fn queue_start() -> Result<(), String> {
    let systemctl = find().ok_or("there is no systemctl in PATH, /usr/bin or /bin")?;
    let arguments = ["start", "--no-block", UNIT];
    let finished = run(&systemctl, &arguments, b"", DEADLINE).map_err(|error| error.to_string())?;
    if finished.status.success() {
        return Ok(());
    }
    let said = finished.complaint();
    Err(format!(
        "`systemctl start --no-block {UNIT}` failed, {said}"
    ))
}

fn find() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let named = std::env::split_paths(&path).filter(|directory| directory.is_absolute());
    let directories = named.chain(ELSEWHERE.map(PathBuf::from));
    directories
        .map(|directory| directory.join("systemctl"))
        .find(|path| path.is_file())
}
