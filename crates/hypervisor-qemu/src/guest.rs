//! What the backend knows of one local machine.

use std::path::PathBuf;
use std::time::Duration;

/// One machine on this host, as the configuration describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalGuest {
    /// The socket of `-qmp unix:PATH,server=on,wait=off`.
    pub qmp: PathBuf,
    /// The socket of the chardev behind the port `org.qemu.guest_agent.0`, if there is one.
    pub agent: Option<PathBuf>,
    /// The command that powers the machine on: a program and its arguments, run in `/` without a
    /// shell, so its paths are best absolute.
    pub start: Option<Vec<String>>,
    /// How long its sockets may keep a caller waiting.
    pub deadlines: Deadlines,
}

/// How long the sockets of a machine may keep a caller waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// From connecting to the monitor until its greeting. Later than that, another client holds it.
    pub greeting: Duration,
    /// One round of questions to the monitor.
    pub reply: Duration,
    /// How long an agent that took `guest-shutdown` is given to object; success is silent.
    pub objection: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            greeting: Duration::from_secs(3),
            reply: Duration::from_secs(5),
            objection: Duration::from_secs(2),
        }
    }
}
