//! Where a guest is and as whom to log in.

use std::path::PathBuf;
use std::time::Duration;

/// A guest's SSH server and the way to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// The login user.
    pub user: String,
    /// Private keys in the order in which they are offered. A public key, or an encrypted
    /// private one, stands for the key of that name in the SSH agent.
    pub identity_files: Vec<PathBuf>,
    /// Whether the agent behind `SSH_AUTH_SOCK` is asked for keys.
    pub use_agent: bool,
    /// Jump hosts, the nearest first.
    pub jumps: Vec<Hop>,
    /// How long looking up the name and reaching the port may take, for each machine on the way.
    pub connect_timeout: Duration,
    /// How long handshake and login together may take, for each machine on the way.
    pub login_timeout: Duration,
}

/// A jump host: an SSH server that forwards a connection to the next machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    /// Name or address, as the machine before it sees it.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// The login user.
    pub user: String,
    /// Private keys in the order in which they are offered.
    pub identity_files: Vec<PathBuf>,
}

impl Target {
    /// `user` at `host`, port 22, keys from the SSH agent, 10 s to connect, 30 s to log in.
    #[must_use]
    pub fn new(host: impl Into<String>, user: impl Into<String>) -> Self {
        Self {
            host: host.into(),
            port: 22,
            user: user.into(),
            identity_files: Vec::new(),
            use_agent: true,
            jumps: Vec::new(),
            connect_timeout: Duration::from_secs(10),
            login_timeout: Duration::from_secs(30),
        }
    }

    /// Every machine on the way, the guest last.
    pub(crate) fn stops(&self) -> Vec<Stop<'_>> {
        let jumps = self.jumps.iter().map(|hop| Stop {
            host: &hop.host,
            port: hop.port,
            user: &hop.user,
            identity_files: &hop.identity_files,
            use_agent: self.use_agent,
        });
        let guest = Stop {
            host: &self.host,
            port: self.port,
            user: &self.user,
            identity_files: &self.identity_files,
            use_agent: self.use_agent,
        };
        jumps.chain([guest]).collect()
    }
}

/// One machine on the way to the guest, or the guest.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stop<'a> {
    pub(crate) host: &'a str,
    pub(crate) port: u16,
    pub(crate) user: &'a str,
    pub(crate) identity_files: &'a [PathBuf],
    pub(crate) use_agent: bool,
}

impl Stop<'_> {
    /// `host:port`, for messages.
    pub(crate) fn address(&self) -> String {
        if self.host.contains(':') {
            return format!("[{}]:{}", self.host, self.port);
        }
        format!("{}:{}", self.host, self.port)
    }
}
