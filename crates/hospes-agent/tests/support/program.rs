//! The programs that are tested.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where Debian installs QEMU's agent.
const QEMU_GA: &str = "/usr/sbin/qemu-ga";

/// An agent's program and what stands before its own arguments.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    path: PathBuf,
    first: Option<&'static str>,
}

impl Program {
    /// Our agent, told to be QEMU's.
    pub(crate) fn ours() -> Self {
        Self {
            path: env!("CARGO_BIN_EXE_hospes-agent").into(),
            first: Some("qemu-ga"),
        }
    }

    /// A program that is the agent by its name.
    pub(crate) fn named(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Self { path, first: None }
    }

    /// QEMU's agent, or why there is none.
    pub(crate) fn reference() -> Result<Self, String> {
        let is_there = Path::new(QEMU_GA).exists();
        is_there.then(|| Self::named(QEMU_GA)).ok_or_else(|| {
            let package = "`cargo xtask test` installs it (package qemu-guest-agent)";
            format!("{QEMU_GA} is missing; {package}")
        })
    }

    /// The program with these arguments, nothing on standard input and nothing in its environment
    /// but a `PATH`.
    pub(crate) fn command<Argument: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = Argument>,
    ) -> Command {
        let mut command = Command::new(&self.path);
        command
            .args(self.first)
            .args(arguments)
            .stdin(Stdio::null())
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command
    }
}
