//! Running a script inside a guest.

use std::time::Duration;

use async_trait::async_trait;
use conditions::Via;
use thiserror::Error;

/// A way to run shell scripts in one guest.
#[async_trait]
pub trait GuestShell: Send + Sync {
    /// Which way this is.
    fn via(&self) -> Via;

    /// Runs `script` with `/bin/sh -s` (the script goes in on standard input, so neither its
    /// length nor its content shows in a process list) and returns what it printed, at most
    /// `limit` bytes a stream. The deadline covers everything, the connection included.
    async fn run(
        &self,
        script: &str,
        privilege: Privilege,
        limit: usize,
        deadline: Duration,
    ) -> Result<Output, ShellError>;
}

/// As whom a script runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Privilege {
    /// As the user who logs in.
    Login,
    /// As root: directly, or by `sudo -n` when the login is somebody else.
    Root,
}

/// What a script left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Its exit status; 128 + n when signal n ended it.
    pub status: i32,
    /// What it printed, cut at the limit.
    pub stdout: Vec<u8>,
    /// What it complained, cut at the limit.
    pub stderr: Vec<u8>,
    /// One of the streams was cut.
    pub truncated: bool,
}

/// Why a script did not run to its end.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ShellError {
    /// No connection: refused, no route, name not found, or the channel is silent.
    #[error("{0}")]
    Unreachable(String),
    /// The deadline passed, in the phase that is named (connect, handshake, login, command).
    #[error("no answer within {after:.1?} ({phase})")]
    TimedOut {
        /// What was being waited for.
        phase: &'static str,
        /// How long was waited.
        after: Duration,
    },
    /// The machine's host key is not one that is trusted for this guest.
    #[error("{0}")]
    HostKey(String),
    /// The login was refused.
    #[error("{0}")]
    Login(String),
    /// `sudo -n` was refused for the login user.
    #[error("{0}")]
    SudoDenied(String),
    /// The connection broke while the script ran; whether it had an effect is not known.
    #[error("the connection broke while the command ran: {0}")]
    Broken(String),
    /// This way may not run commands (the agent's guest-exec is disabled, for one).
    #[error("{0}")]
    NotAllowed(String),
}
