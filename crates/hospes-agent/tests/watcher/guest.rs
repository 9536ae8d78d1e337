//! A guest: its run directory, its systemctl, its watcher.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use metadata::stop::file_name;
use serde_json::Value;
use tempfile::TempDir;

use crate::host::{Host, PATIENCE};

/// A guest; its watcher is killed when it is dropped.
pub(crate) struct Guest {
    dir: TempDir,
    host: String,
    watcher: Option<Child>,
}

impl Guest {
    /// A guest of this host, whose watcher does not run yet.
    pub(crate) fn of(host: &Host) -> Self {
        Self::at(host.address())
    }

    /// A guest with its metadata server there.
    pub(crate) fn at(host: String) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("bin")).unwrap();
        let guest = Self {
            dir,
            host,
            watcher: None,
        };
        guest.systemctl("exit 0");
        guest
    }

    /// A guest whose watcher runs.
    pub(crate) fn watching(host: &Host) -> Self {
        let mut guest = Self::of(host);
        guest.watch();
        guest
    }

    /// What systemctl does after it has written down its arguments.
    pub(crate) fn systemctl(&self, then: &str) {
        let path = self.path("bin/systemctl");
        let log = self.path("started");
        let text = format!("#!/bin/sh\necho \"$*\" >>{}\n{then}\n", log.display());
        let new = self.path("bin/new");
        fs::write(&new, text).unwrap();
        fs::set_permissions(&new, fs::Permissions::from_mode(0o755)).unwrap();
        fs::rename(new, path).unwrap();
    }

    /// Starts the watcher.
    pub(crate) fn watch(&mut self) {
        let log = fs::File::options();
        let log = log.clone().append(true).create(true).open(self.path("log"));
        let mut command = self.command("metadata-watcher");
        let command = command.stdout(Stdio::null()).stderr(log.unwrap());
        self.watcher = Some(command.spawn().unwrap());
    }

    /// Calls what the unit calls at its end.
    pub(crate) fn end_unit(&self, result: &str, code: &str, status: &str) -> Output {
        self.command("report-graceful-shutdown")
            .env("SERVICE_RESULT", result)
            .env("EXIT_CODE", code)
            .env("EXIT_STATUS", status)
            .output()
            .unwrap()
    }

    pub(crate) fn command(&self, name: &str) -> Command {
        let bin = self.path("bin").display().to_string();
        let mut command = Command::new(env!("CARGO_BIN_EXE_hospes-agent"));
        command
            .arg(name)
            .stdin(Stdio::null())
            .env_clear()
            .env("PATH", format!("{bin}:/usr/bin:/bin"))
            .env("HOSPES_RUN_DIR", self.path("run"))
            .env("GCE_METADATA_HOST", &self.host);
        command
    }

    /// Sends a signal to the watcher.
    pub(crate) fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.pid());
        let status = Command::new("sh").args(["-c", &kill]).status();
        assert!(status.unwrap().success());
    }

    pub(crate) fn pid(&self) -> u32 {
        self.watcher.as_ref().unwrap().id()
    }

    /// Waits for the watcher's end.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let mut watcher = self.watcher.take().unwrap();
        until("the watcher does not end", || watcher.try_wait().unwrap())
    }

    /// Kills the watcher.
    pub(crate) fn kill(&mut self) {
        self.signal("KILL");
        self.ended();
    }

    /// How often systemctl was called, all of them the same.
    pub(crate) fn starts(&self) -> usize {
        let calls = fs::read_to_string(self.path("started")).unwrap_or_default();
        let unit = "google-graceful-shutdown-scripts.service";
        for call in calls.lines() {
            assert_eq!(call, format!("start --no-block {unit}"));
        }
        calls.lines().count()
    }

    /// Waits until systemctl was called so often.
    pub(crate) fn wait_until_started(&self, count: usize) {
        until(&format!("no start {count}: {}", self.log()), || {
            (self.starts() >= count).then_some(())
        });
        assert_eq!(self.starts(), count);
    }

    /// Waits until the log has this line.
    pub(crate) fn wait_until_said(&self, words: &str) {
        until(&format!("{words:?} is not said"), || {
            self.log().contains(words).then_some(())
        });
    }

    /// Lines of the log with these words.
    pub(crate) fn said(&self, words: &str) -> usize {
        let log = self.log();
        log.lines().filter(|line| line.contains(words)).count()
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// A file of the run directory.
    pub(crate) fn run(&self, name: &str) -> PathBuf {
        self.path("run").join(name)
    }

    /// The stop that is left for the runner.
    pub(crate) fn pending(&self) -> Value {
        let text = fs::read(self.run("pending-stop.json")).unwrap();
        serde_json::from_slice(&text).unwrap()
    }

    /// What the runner does first.
    pub(crate) fn take(&self, request: &str) {
        let name = format!("graceful/{}", file_name(request));
        fs::create_dir_all(self.run("graceful")).unwrap();
        fs::write(self.run(&name), request).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        let dir: &Path = self.dir.path();
        dir.join(name)
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        if let Some(watcher) = &mut self.watcher {
            // It may have ended already.
            let _ = watcher.kill();
            let _ = watcher.wait();
        }
    }
}

/// Waits until there is something.
pub(crate) fn until<T>(otherwise: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "{otherwise}");
        sleep(Duration::from_millis(5));
    }
}
