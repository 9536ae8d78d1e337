//! Sees to it that no virtual machine outlives the lab command that started it.
//!
//! Machines that `hospes start` powers on live in a session of their own, so parenthood does not find them.
//! What all machines of a run share is the run's directory in their command line. They are ended
//!
//! - when the [`Session`] is dropped: success, failure, panic, Ctrl-C;
//! - by the reaper, a process that waits for the lab's end on a pipe: also when the lab gets SIGKILL;
//! - by the next session, should both have been killed.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};

use crate::cache;

const ALIVE: &str = "alive";
const KEPT: &str = "kept";
const KEPT_LOGS: &str = "kept-logs";
const LOGS_ARE_KEPT_FOR: Duration = Duration::from_secs(24 * 3600);

/// One lab command's directory, and the end of all its machines.
#[derive(Debug)]
pub struct Session {
    dir: PathBuf,
    reaper: Child,
    _alive: File,
}

impl Session {
    /// Sweeps what dead runs left behind, then opens a directory for this run.
    ///
    /// # Errors
    /// The lab's directory is not writable, or the reaper cannot be started.
    pub fn open() -> Result<Self> {
        let runs = cache::root()?.join("run");
        std::fs::create_dir_all(&runs)
            .with_context(|| format!("cannot create {}", runs.display()))?;
        let gate = cache::open_lock(&runs.join(".lock"))?;
        gate.lock().context("cannot lock the directory of runs")?;
        sweep_dead_runs(&runs)?;
        let dir = runs.join(std::process::id().to_string());
        std::fs::create_dir_all(&dir)
            .with_context(|| format!("cannot create {}", dir.display()))?;
        let alive = cache::open_lock(&dir.join(ALIVE))?;
        alive
            .try_lock()
            .with_context(|| format!("{} belongs to another run", dir.display()))?;
        let reaper = start_reaper(&dir)?;
        Ok(Self {
            dir,
            reaper,
            _alive: alive,
        })
    }

    /// The run's own directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Leaves machines and files as they are at the end; the next session removes them.
    ///
    /// # Errors
    /// The marker cannot be written.
    pub fn keep(&self) -> Result<()> {
        mark(&self.dir, KEPT)
    }

    /// Leaves the run's logs, without its disks, for a day.
    ///
    /// # Errors
    /// The marker cannot be written.
    pub fn keep_logs(&self) -> Result<()> {
        mark(&self.dir, KEPT_LOGS)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if !self.dir.join(KEPT).exists() {
            end_machines(&self.dir);
            discard(&self.dir);
        }
        drop(self.reaper.stdin.take());
        let _ = self.reaper.wait();
    }
}

/// The reaper's whole life: waits for the end of `input`, then ends the machines of the run in `dir`.
pub fn reap(dir: &Path, mut input: impl std::io::Read) {
    let _ = std::io::copy(&mut input, &mut std::io::sink());
    if !dir.join(KEPT).exists() {
        end_machines(dir);
    }
}

/// Kills every QEMU whose command line mentions a path below `dir`, until none appears any more:
/// a machine may just be starting.
pub fn end_machines(dir: &Path) {
    let mut quiet_scans = 0;
    while quiet_scans < 2 {
        let machines = machines_of(dir);
        for pid in &machines {
            let _ = kill_process(*pid, Signal::KILL);
        }
        quiet_scans = if machines.is_empty() {
            quiet_scans + 1
        } else {
            0
        };
        if quiet_scans < 2 {
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// The running QEMU processes whose command line mentions a path below `dir`.
#[must_use]
pub fn machines_of(dir: &Path) -> Vec<Pid> {
    let Ok(processes) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    processes
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|pid: &i32| {
            let cmdline = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            is_machine_of(dir, &cmdline)
        })
        .filter_map(Pid::from_raw)
        .collect()
}

fn is_machine_of(dir: &Path, cmdline: &[u8]) -> bool {
    let cmdline = String::from_utf8_lossy(cmdline);
    let mut arguments = cmdline.split('\0');
    let program = arguments
        .next()
        .and_then(|path| path.rsplit('/').next())
        .unwrap_or_default();
    let below = format!("{}/", dir.display());
    program.starts_with("qemu-system-") && arguments.any(|argument| argument.contains(&below))
}

fn start_reaper(dir: &Path) -> Result<Child> {
    use std::os::unix::process::CommandExt;
    let lab = std::env::current_exe().context("cannot find the lab's own program")?;
    Command::new(lab)
        .arg("reap")
        .arg(dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // Ctrl-C on the terminal is for the lab; the reaper follows when the pipe closes.
        .process_group(0)
        .spawn()
        .context("cannot start the process that ends machines after the lab")
}

fn sweep_dead_runs(runs: &Path) -> Result<()> {
    let entries =
        std::fs::read_dir(runs).with_context(|| format!("cannot read {}", runs.display()))?;
    for dir in entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.is_dir())
    {
        let alive = cache::open_lock(&dir.join(ALIVE))?;
        if alive.try_lock().is_ok() {
            end_machines(&dir);
            discard(&dir);
        }
    }
    Ok(())
}

/// Removes a run's directory; of one whose logs are kept, only the disks until the logs are old.
fn discard(dir: &Path) {
    if logs_are_kept(dir) {
        remove_disks(dir);
    } else {
        let _ = std::fs::remove_dir_all(dir);
    }
}

fn logs_are_kept(dir: &Path) -> bool {
    let marked = std::fs::metadata(dir.join(KEPT_LOGS)).and_then(|file| file.modified());
    let age = marked
        .ok()
        .and_then(|at| SystemTime::now().duration_since(at).ok());
    age.is_some_and(|age| age < LOGS_ARE_KEPT_FOR)
}

fn remove_disks(dir: &Path) {
    for path in std::fs::read_dir(dir)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
    {
        if path.is_dir() {
            remove_disks(&path);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "qcow2")
        {
            let _ = std::fs::remove_file(path);
        }
    }
}

fn mark(dir: &Path, name: &str) -> Result<()> {
    std::fs::write(dir.join(name), "").with_context(|| format!("cannot write to {}", dir.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_qemu_of_this_run_is_ended() {
        let dir = Path::new("/cache/run/12");
        let table: [(&[u8], bool); 5] = [
            (
                b"qemu-system-x86_64\0-pidfile\0/cache/run/12/a/qemu.pid\0",
                true,
            ),
            (
                b"/usr/bin/qemu-system-x86_64\0-qmp\0unix:/cache/run/12/a/q,server=on\0",
                true,
            ),
            (
                b"qemu-system-x86_64\0-pidfile\0/cache/run/123/a/qemu.pid\0",
                false,
            ),
            (b"tail\0-f\0/cache/run/12/a/serial.log\0", false),
            (b"", false),
        ];
        for (cmdline, expected) in table {
            assert_eq!(
                is_machine_of(dir, cmdline),
                expected,
                "{}",
                String::from_utf8_lossy(cmdline)
            );
        }
    }

    #[test]
    fn kept_logs_lose_their_disks_only() {
        let run = tempfile::tempdir().unwrap();
        let machine = run.path().join("scenario/vm");
        std::fs::create_dir_all(&machine).unwrap();
        std::fs::write(machine.join("disk.qcow2"), "disk").unwrap();
        std::fs::write(machine.join("serial.log"), "log").unwrap();
        mark(run.path(), KEPT_LOGS).unwrap();
        discard(run.path());
        assert!(!machine.join("disk.qcow2").exists());
        assert!(machine.join("serial.log").exists());
    }

    #[test]
    fn a_dead_run_is_swept_and_a_living_one_is_left() {
        let runs = tempfile::tempdir().unwrap();
        let (dead, living) = (runs.path().join("1"), runs.path().join("2"));
        std::fs::create_dir_all(&dead).unwrap();
        std::fs::create_dir_all(&living).unwrap();
        let alive = cache::open_lock(&living.join(ALIVE)).unwrap();
        alive.try_lock().unwrap();
        sweep_dead_runs(runs.path()).unwrap();
        assert!(!dead.exists());
        assert!(living.exists());
    }
}
