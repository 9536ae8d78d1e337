//! Suspending to memory, to disk, or both (`guest-suspend-*`).

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use qga::SuspendMode;

use crate::linux::process::run;
use crate::{Error, Result};

const UNSUPPORTED: Error =
    Error::Unsupported("the requested suspend mode is not supported by the guest");

/// systemctl(1) returns when the request is queued. The time that the guest sleeps does not
/// count.
const DEADLINE: Duration = Duration::from_secs(60);

/// Suspends the guest: through systemd where it runs, else by the kernel's own file. May return
/// only after the guest has been woken.
///
/// # Errors
/// [`Error::Unsupported`] when the kernel offers no such sleep, or the disk has no swap space to
/// sleep on; what systemd or the kernel said when they refused.
pub fn suspend(mode: SuspendMode) -> Result<()> {
    System::default().suspend(mode, DEADLINE)
}

/// Where the kernel and systemd tell what they can.
struct System {
    /// Kinds of sleep (Documentation/admin-guide/pm/sleep-states).
    state: PathBuf,
    /// What comes after the memory is on disk.
    disk: PathBuf,
    /// proc(5).
    swaps: PathBuf,
    /// There while systemd is the service manager (`sd_booted(3)`).
    systemd: PathBuf,
    systemctl: PathBuf,
}

impl Default for System {
    fn default() -> Self {
        Self {
            state: "/sys/power/state".into(),
            disk: "/sys/power/disk".into(),
            swaps: "/proc/swaps".into(),
            systemd: "/run/systemd/system".into(),
            systemctl: "systemctl".into(),
        }
    }
}

impl System {
    fn suspend(&self, mode: SuspendMode, deadline: Duration) -> Result<()> {
        if !self.can(mode) {
            return Err(UNSUPPORTED);
        }
        if self.systemd.is_dir() {
            return self.ask_systemd(mode, deadline);
        }
        match mode {
            SuspendMode::Ram => self.tell_kernel("mem"),
            SuspendMode::Disk => self.tell_kernel("disk"),
            // Only systemd prepares both.
            SuspendMode::Hybrid => Err(UNSUPPORTED),
        }
    }

    /// Whether the kernel can, by the rules that systemd has as well.
    fn can(&self, mode: SuspendMode) -> bool {
        let memory = || words(&self.state).any(|kind| kind == "mem");
        let disk = || {
            words(&self.state).any(|kind| kind == "disk")
                && words(&self.disk).any(|way| way != "disabled")
                && self.has_swap()
        };
        match mode {
            SuspendMode::Ram => memory(),
            SuspendMode::Disk => disk(),
            SuspendMode::Hybrid => disk() && words(&self.disk).any(|way| way == "suspend"),
        }
    }

    /// Whether there is swap space that outlasts the power: not compressed memory.
    fn has_swap(&self) -> bool {
        let text = fs::read_to_string(&self.swaps).unwrap_or_default();
        text.lines()
            .skip(1)
            .any(|line| !line.is_empty() && !line.starts_with("/dev/zram"))
    }

    fn ask_systemd(&self, mode: SuspendMode, deadline: Duration) -> Result<()> {
        let verb = match mode {
            SuspendMode::Ram => "suspend",
            SuspendMode::Disk => "hibernate",
            SuspendMode::Hybrid => "hybrid-sleep",
        };
        let finished = run(&self.systemctl, &[verb], b"", deadline)?;
        if finished.status.success() {
            return Ok(());
        }
        let complaint = finished.complaint();
        Err(Error::Invalid(format!(
            "the helper program 'systemctl {verb}' has failed ({complaint})"
        )))
    }

    fn tell_kernel(&self, kind: &str) -> Result<()> {
        OpenOptions::new()
            .write(true)
            .open(&self.state)
            .and_then(|mut state| state.write_all(kind.as_bytes()))
            .map_err(|error| {
                let what = format!("suspend: cannot write to '{}'", self.state.display());
                Error::os(what, error)
            })
    }
}

/// The words of a file of choices; the chosen one stands in brackets. None when it is not there.
fn words(path: &Path) -> impl Iterator<Item = String> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let words: Vec<_> = text
        .split_whitespace()
        .map(|word| word.trim_matches(['[', ']']).to_owned())
        .collect();
    words.into_iter()
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::linux::process::script;

    const PLENTY: Duration = Duration::from_secs(60);
    const SWAP: &str =
        "Filename\tType\tSize\tUsed\tPriority\n/dev/vda2  partition\t1048572\t0\t-2\n";

    /// A machine that can sleep in every way, without systemd.
    fn machine() -> (TempDir, System) {
        let directory = tempfile::tempdir().expect("a directory");
        let place = |name: &str| directory.path().join(name);
        let system = System {
            state: place("state"),
            disk: place("disk"),
            swaps: place("swaps"),
            systemd: place("systemd"),
            systemctl: place("systemctl"),
        };
        fs::write(&system.state, "freeze mem disk\n").expect("a file");
        fs::write(
            &system.disk,
            "[platform] shutdown reboot suspend test_resume\n",
        )
        .expect("a file");
        fs::write(&system.swaps, SWAP).expect("a file");
        (directory, system)
    }

    #[test]
    fn what_the_kernel_offers_decides() {
        use SuspendMode::{Disk, Hybrid, Ram};
        let all: &[SuspendMode] = &[Disk, Ram, Hybrid];
        for (state, disk, swaps, possible) in [
            ("freeze mem disk", "[platform] suspend", SWAP, all),
            ("freeze mem", "[platform] suspend", SWAP, &[Ram]),
            ("freeze standby", "[disabled]", SWAP, &[]),
            ("mem disk", "[disabled]", SWAP, &[Ram]),
            ("mem disk", "[shutdown] reboot", SWAP, &[Disk, Ram]),
            ("mem disk", "platform [suspend]", SWAP, all),
            ("disk", "[platform] suspend", "Filename\n", &[]),
            (
                "disk",
                "[platform] suspend",
                "Filename\n/dev/zram0 partition 1 0 100\n",
                &[],
            ),
        ] {
            let (_directory, system) = machine();
            fs::write(&system.state, state).expect("a file");
            fs::write(&system.disk, disk).expect("a file");
            fs::write(&system.swaps, swaps).expect("a file");
            for mode in all {
                assert_eq!(
                    system.can(*mode),
                    possible.contains(mode),
                    "{mode:?}: {state} | {disk} | {swaps}"
                );
            }
        }
    }

    #[test]
    fn a_machine_that_tells_nothing_supports_nothing() {
        let (_directory, system) = machine();
        fs::remove_file(&system.state).expect("a file");
        for mode in [SuspendMode::Disk, SuspendMode::Ram, SuspendMode::Hybrid] {
            let error = system.suspend(mode, PLENTY).expect_err("no way to sleep");
            assert!(matches!(error, Error::Unsupported(_)));
        }
    }

    #[test]
    fn systemd_is_asked_where_it_runs() {
        let (directory, system) = machine();
        let said = directory.path().join("said");
        fs::create_dir(&system.systemd).expect("a directory");
        let body = format!("printf '<%s>' \"$@\" >{}", said.display());
        script(directory.path(), "systemctl", &body);
        for (mode, verb) in [
            (SuspendMode::Ram, "<suspend>"),
            (SuspendMode::Disk, "<hibernate>"),
            (SuspendMode::Hybrid, "<hybrid-sleep>"),
        ] {
            system.suspend(mode, PLENTY).expect("it agrees");
            assert_eq!(fs::read_to_string(&said).expect("its arguments"), verb);
        }
        let state = fs::read_to_string(&system.state).expect("a file");
        assert_eq!(state, "freeze mem disk\n", "the kernel was told as well");
    }

    #[test]
    fn a_refusal_of_systemd_is_final() {
        let (directory, system) = machine();
        fs::create_dir(&system.systemd).expect("a directory");
        script(
            directory.path(),
            "systemctl",
            "echo 'Access denied'; exit 4",
        );
        let error = system
            .suspend(SuspendMode::Ram, PLENTY)
            .expect_err("a refusal");
        assert_eq!(
            error.to_string(),
            "the helper program 'systemctl suspend' has failed (exit status: 4: Access denied)"
        );
        let state = fs::read_to_string(&system.state).expect("a file");
        assert_eq!(state, "freeze mem disk\n");
    }

    #[test]
    fn without_systemd_the_kernel_is_told() {
        for (mode, told) in [
            (SuspendMode::Ram, Some("mem")),
            (SuspendMode::Disk, Some("disk")),
            (SuspendMode::Hybrid, None),
        ] {
            let (_directory, system) = machine();
            let outcome = system.suspend(mode, PLENTY);
            assert_eq!(outcome.is_ok(), told.is_some());
            let state = fs::read_to_string(&system.state).expect("a file");
            assert!(state.starts_with(told.unwrap_or("freeze")), "{state}");
        }
    }
}
