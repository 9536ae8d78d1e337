//! An agent at its port.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tempfile::TempDir;

use crate::port::Port;
use crate::process::{Process, agent_program, until};

/// What no agent may do on the machine that runs the tests. No agent is started without this.
pub(crate) const BLOCKED: &str = "guest-shutdown,guest-suspend-disk,guest-suspend-ram,\
    guest-set-user-password,guest-fstrim,guest-ssh-add-authorized-keys,\
    guest-ssh-remove-authorized-keys";

/// A running agent with the port that it has open, and a folder of its own.
pub(crate) struct Running {
    process: Process,
    pub(crate) port: Port,
    name: String,
    folder: TempDir,
}

/// The name of a pipe that nobody else has.
pub(crate) fn pipe_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!(r"\\.\pipe\hospes-{}-{count}", std::process::id())
}

impl Running {
    /// Starts the agent with `-p`, `-t`, `-b` and `more`.
    pub(crate) fn start(more: &[&str]) -> Self {
        Self::start_as(|folder, name| {
            let mut command = serving(name, folder);
            command.args(more);
            command
        })
    }

    /// Starts what `command` makes of the folder and the port's name, in the folder.
    pub(crate) fn start_as(command: impl FnOnce(&Path, &str) -> Command) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let name = pipe_name();
        let port = Port::create(&name);
        let log = File::create(folder.path().join("stderr")).unwrap();
        let mut command = command(folder.path(), &name);
        let mut running = Self {
            process: Process::start(command.current_dir(folder.path()).stderr(log)),
            port,
            name,
            folder,
        };
        running.wait_until_open();
        running
    }

    /// Takes the port away and gives the agent a new one of the same name.
    pub(crate) fn exchange_port(&mut self) {
        // There is no moment without a pipe of this name: the old one goes when the new is there.
        self.port = Port::create(&self.name);
        self.wait_until_open();
    }

    /// Takes the port away for good, and waits for the agent's end.
    pub(crate) fn unplug(self) -> ExitStatus {
        let Self {
            mut process, port, ..
        } = self;
        drop(port);
        process.ended()
    }

    fn wait_until_open(&mut self) {
        until("the agent does not open the port", || {
            let is_open = self.port.is_opened_within(Duration::from_millis(200));
            let end = self.process.end();
            assert_eq!(end, None, "{}", self.told());
            is_open.then_some(())
        });
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What the agent wrote to standard error.
    pub(crate) fn told(&self) -> String {
        std::fs::read_to_string(self.path("stderr")).unwrap_or_default()
    }
}

/// An agent that serves the port `name` and keeps what it must in `folder`.
pub(crate) fn serving(name: &str, folder: &Path) -> Command {
    let mut command = agent_program();
    command
        .args(["qemu-ga", "-b", BLOCKED, "-p", name, "-t"])
        .arg(folder)
        .env("QGA_CONF", folder.join("no.conf"));
    command
}
