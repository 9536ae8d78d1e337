//! An agent that listens on a socket in a directory of its own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::{Program, Stream};

/// What no agent may do on the machine that runs the tests. No agent is started without this.
pub(crate) const BLOCKED: &str = "guest-shutdown,guest-suspend-disk,guest-suspend-ram,\
    guest-suspend-hybrid,guest-fsfreeze-freeze,guest-fsfreeze-freeze-list,guest-set-time,\
    guest-set-user-password,guest-set-vcpus,guest-set-memory-blocks,guest-fstrim,\
    guest-ssh-add-authorized-keys,guest-ssh-remove-authorized-keys";

const END_WITHIN: Duration = Duration::from_secs(10);

/// A running agent; killed when it is dropped.
pub(crate) struct Running {
    child: Child,
    dir: TempDir,
}

impl Running {
    /// Starts the agent with `-b` and `more`; its working directory is its own directory.
    pub(crate) fn start(program: &Program, more: &[&str]) -> Self {
        let blocked = ["-b", BLOCKED];
        Self::start_in(tempfile::tempdir().unwrap(), |dir| {
            let mut command = program.command(Self::arguments(dir));
            command.args(blocked).args(more);
            command
        })
    }

    /// Starts what `command` makes of the directory; it shall listen on `sock` there.
    pub(crate) fn start_in(dir: TempDir, command: impl FnOnce(&Path) -> Command) -> Self {
        let log = std::fs::File::create(dir.path().join("stderr")).unwrap();
        let child = command(dir.path())
            .current_dir(dir.path())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let running = Self { child, dir };
        drop(running.connect());
        running
    }

    /// What QEMU's test suite gives to the agent, and a pid file of its own.
    pub(crate) fn arguments(dir: &Path) -> Vec<String> {
        let path = |name| dir.join(name).display().to_string();
        let (socket, state, pid) = (path("sock"), path(""), path("pid"));
        ["-m", "unix-listen", "-p", &socket, "-t", &state, "-f", &pid]
            .map(str::to_owned)
            .into()
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// A client, once the agent listens.
    pub(crate) fn connect(&self) -> Stream {
        Stream::dial(&self.path("sock"), || self.told())
    }

    /// What the agent wrote to standard error.
    pub(crate) fn told(&self) -> String {
        std::fs::read_to_string(self.path("stderr")).unwrap_or_default()
    }

    /// Sends a signal (`TERM`).
    pub(crate) fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.pid());
        let status = Command::new("sh").args(["-c", &kill]).status();
        assert!(status.unwrap().success());
    }

    /// Sends SIGTERM and waits for the end.
    pub(crate) fn terminate(&mut self) -> ExitStatus {
        self.signal("TERM");
        self.ended()
    }

    /// Waits for the end.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(began.elapsed() < END_WITHIN, "the agent does not end");
            sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
