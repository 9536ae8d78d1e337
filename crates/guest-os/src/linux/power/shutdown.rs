//! Powering off, halting and rebooting (`guest-shutdown`).

use std::path::Path;
use std::time::Duration;

use qga::ShutdownMode;

use crate::linux::process::run;
use crate::{Error, Result};

const DIRECTORY: &str = "/sbin";

/// shutdown(8) hands over to the service manager and returns; a manager that is busy may take a
/// while.
const DEADLINE: Duration = Duration::from_secs(60);

/// What logged-in people and the journal are told.
const MESSAGE: &str = "hypervisor initiated shutdown";

/// Asks the guest's service manager to end the guest now: by shutdown(8), or by poweroff, halt
/// or reboot on a system that has only these. Returns when it has agreed.
///
/// # Errors
/// When it has not, with what it said.
pub fn shutdown(mode: ShutdownMode) -> Result<()> {
    shutdown_by(Path::new(DIRECTORY), mode, DEADLINE)
}

fn shutdown_by(programs: &Path, mode: ShutdownMode, deadline: Duration) -> Result<()> {
    let (flag, alone) = match mode {
        ShutdownMode::Powerdown => ("-P", "poweroff"),
        ShutdownMode::Halt => ("-H", "halt"),
        ShutdownMode::Reboot => ("-r", "reboot"),
    };
    let shutdown = programs.join("shutdown");
    let alone = programs.join(alone);
    let finished = if !shutdown.exists() && alone.exists() {
        run(&alone, &[] as &[&str], b"", deadline)?
    } else {
        // Without -h, sysvinit's -P and -H go to single-user mode.
        run(&shutdown, &["-h", flag, "+0", MESSAGE], b"", deadline)?
    };
    if finished.status.success() {
        return Ok(());
    }
    let complaint = finished.complaint();
    Err(Error::Invalid(format!(
        "child process has failed to shutdown ({complaint})"
    )))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::linux::process::script;

    const PLENTY: Duration = Duration::from_secs(60);

    #[test]
    fn the_flags_are_those_of_the_reference() {
        let directory = tempfile::tempdir().expect("a directory");
        let said = directory.path().join("said");
        let body = format!("printf '<%s>' \"$@\" >{}", said.display());
        script(directory.path(), "shutdown", &body);
        script(directory.path(), "poweroff", "exit 1");
        for (mode, flag) in [
            (ShutdownMode::Powerdown, "-P"),
            (ShutdownMode::Halt, "-H"),
            (ShutdownMode::Reboot, "-r"),
        ] {
            shutdown_by(directory.path(), mode, PLENTY).expect("it agrees");
            let expected = format!("<-h><{flag}><+0><hypervisor initiated shutdown>");
            assert_eq!(fs::read_to_string(&said).expect("its arguments"), expected);
        }
    }

    #[test]
    fn a_system_without_shutdown_has_a_program_for_each_mode() {
        let directory = tempfile::tempdir().expect("a directory");
        let said = directory.path().join("said");
        for (mode, name) in [
            (ShutdownMode::Powerdown, "poweroff"),
            (ShutdownMode::Halt, "halt"),
            (ShutdownMode::Reboot, "reboot"),
        ] {
            let body = format!("echo {name} $# >{}", said.display());
            script(directory.path(), name, &body);
            shutdown_by(directory.path(), mode, PLENTY).expect("it agrees");
            let expected = format!("{name} 0\n");
            assert_eq!(fs::read_to_string(&said).expect("its arguments"), expected);
        }
    }

    #[test]
    fn a_refusal_is_told_with_its_words() {
        let directory = tempfile::tempdir().expect("a directory");
        let body = "echo 'Failed to connect to bus' >&2; exit 1";
        script(directory.path(), "shutdown", body);
        let error = shutdown_by(directory.path(), ShutdownMode::Halt, PLENTY);
        assert_eq!(
            error.expect_err("a refusal").to_string(),
            "child process has failed to shutdown (exit status: 1: Failed to connect to bus)"
        );
    }

    #[test]
    fn a_shutdown_that_hangs_or_is_missing_is_an_error() {
        let directory = tempfile::tempdir().expect("a directory");
        script(directory.path(), "shutdown", "sleep 60");
        let short = Duration::from_millis(100);
        for programs in [directory.path(), Path::new("/no/such/directory")] {
            let error = shutdown_by(programs, ShutdownMode::Powerdown, short).expect_err("no end");
            assert!(matches!(error, Error::Os { .. }), "{error}");
        }
    }
}
