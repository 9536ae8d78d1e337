//! Asking the service manager.

use std::path::PathBuf;
use std::time::Duration;

use super::process::run;
use crate::both::finished::Finished;
use crate::{Error, Result};

/// Where systemctl is when `PATH` does not say.
const ELSEWHERE: [&str; 2] = ["/usr/bin", "/bin"];
/// It only queues a job or tells of some; a service manager that takes longer is in trouble.
const DEADLINE: Duration = Duration::from_secs(10);

/// Runs systemctl. How it ended is in the answer.
///
/// # Errors
/// When it cannot be run or does not end in time.
pub(super) fn systemctl(arguments: &[&str]) -> Result<Finished> {
    let missing = || Error::Invalid("there is no systemctl in PATH, /usr/bin or /bin".to_owned());
    run(&find().ok_or_else(missing)?, arguments, b"", DEADLINE)
}

fn find() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let named = std::env::split_paths(&path).filter(|directory| directory.is_absolute());
    let directories = named.chain(ELSEWHERE.map(PathBuf::from));
    directories
        .map(|directory| directory.join("systemctl"))
        .find(|path| path.is_file())
}
