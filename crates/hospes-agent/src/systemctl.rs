//! Asking the service manager.

use std::path::PathBuf;
use std::time::Duration;

use guest_os::process::{Finished, run};

/// Where systemctl is when `PATH` does not say.
const ELSEWHERE: [&str; 2] = ["/usr/bin", "/bin"];
/// It only queues a job or tells of some; a service manager that takes longer is in trouble.
const DEADLINE: Duration = Duration::from_secs(10);

/// Runs systemctl.
///
/// # Errors
/// One line, when it cannot be run or does not end in time. How it ended is in the answer.
pub(crate) fn systemctl(arguments: &[&str]) -> Result<Finished, String> {
    let systemctl = find().ok_or("there is no systemctl in PATH, /usr/bin or /bin")?;
    run(&systemctl, arguments, b"", DEADLINE).map_err(|error| error.to_string())
}

fn find() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let named = std::env::split_paths(&path).filter(|directory| directory.is_absolute());
    let directories = named.chain(ELSEWHERE.map(PathBuf::from));
    directories
        .map(|directory| directory.join("systemctl"))
        .find(|path| path.is_file())
}
