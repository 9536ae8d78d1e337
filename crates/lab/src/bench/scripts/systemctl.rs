//! The stand-in for systemctl: notes when it was called.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::time::{ClockId, clock_gettime};

const NAME: &str = "systemctl";

/// Whether the lab is called in place of systemctl.
#[must_use]
pub fn is_called_for(program: &Path) -> bool {
    program.file_name().is_some_and(|name| name == NAME)
}

/// Notes the time beside `program`, the name that it was called by.
///
/// # Errors
/// The file cannot be written.
pub fn note(program: &Path) -> Result<()> {
    let called = now();
    let file = OpenOptions::new()
        .append(true)
        .create(true)
        .open(notes(program))
        .context("cannot open the notes")?;
    let line = format!("{}\n", called.as_nanos());
    (&file).write_all(line.as_bytes()).context("cannot note")
}

/// Makes one in `dir` and tells its path.
pub(super) fn stand_in(dir: &Path) -> Result<PathBuf> {
    let lab = std::env::current_exe().context("cannot find the lab's own program")?;
    let path = dir.join(NAME);
    std::os::unix::fs::symlink(lab, &path).context("cannot make a stand-in for systemctl")?;
    Ok(path)
}

/// When it was called, by [`now`].
pub(super) fn calls(program: &Path) -> Vec<Duration> {
    // There is no file before the first call.
    let text = std::fs::read_to_string(notes(program)).unwrap_or_default();
    let whole = text.split_inclusive('\n');
    whole
        .filter_map(|line| line.strip_suffix('\n')?.parse().ok())
        .map(Duration::from_nanos)
        .collect()
}

/// A clock that processes share.
pub(super) fn now() -> Duration {
    let time = clock_gettime(ClockId::Monotonic);
    // It does not go below zero.
    Duration::try_from(time).unwrap_or_default()
}

fn notes(program: &Path) -> PathBuf {
    program.with_extension("calls")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_call_is_noted_with_its_time() {
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join(NAME);
        assert!(is_called_for(&program));
        assert!(!is_called_for(Path::new("/usr/bin/lab")));
        assert!(calls(&program).is_empty());
        let begun = now();
        note(&program).unwrap();
        note(&program).unwrap();
        let calls = calls(&program);
        assert_eq!(calls.len(), 2);
        assert!(begun <= calls[0] && calls[0] <= calls[1] && calls[1] <= now());
    }
}
