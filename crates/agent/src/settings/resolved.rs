//! Settings with nothing left open.

use std::path::PathBuf;
use std::time::Duration;

use qga::System;
use thiserror::Error;

use super::defaults::{self, Paths};
use super::partial::PartialSettings;

/// What the agent goes by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The method, as it was written: [`Settings::endpoint`] understands it.
    pub method: String,
    /// The path, as it was written; none when the socket was inherited.
    pub path: Option<String>,
    /// The log file; standard error without one.
    pub log_file: Option<PathBuf>,
    /// Where a daemon's process id goes.
    pub pid_file: PathBuf,
    /// The hook.
    pub freeze_hook: Option<PathBuf>,
    /// What must outlive the agent goes here.
    pub state_dir: PathBuf,
    /// More is logged.
    pub verbose: bool,
    /// The agent runs in the background.
    pub daemonize: bool,
    /// A missing channel is waited for, a lost one opened again.
    pub retry_path: bool,
    /// Refused commands.
    pub block_rpcs: Vec<String>,
    /// The only commands that are not refused, when there are any.
    pub allow_rpcs: Vec<String>,
    /// How long file systems may stay frozen.
    pub freeze_limit: Option<Duration>,
    /// How long a hook may run.
    pub hook_deadline: Duration,
    /// How long a program's result is kept after its first read.
    pub exec_result_kept: Duration,
}

/// A listening socket that systemd handed over (`sd_listen_fds(3)`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inherited {
    /// `AF_UNIX`.
    Unix,
    /// `AF_VSOCK`.
    Vsock,
}

/// A method that has no path of its own, and got none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must specify a path for this channel")]
pub struct MissingPath;

/// Where hosts reach the agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// A virtio-serial port.
    VirtioSerial(PathBuf),
    /// A serial line.
    IsaSerial(PathBuf),
    /// A unix socket to make and listen on.
    UnixListen(PathBuf),
    /// A vsock address to listen on.
    VsockListen {
        /// The context id; `u32::MAX` is any.
        cid: u32,
        /// The port.
        port: u32,
    },
    /// A socket that is listening already.
    Inherited,
}

/// Why there is nowhere to be reached.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EndpointError {
    /// A method that is none.
    #[error("unsupported channel method/type: {0}")]
    Method(String),
    /// A vsock address that is none.
    #[error("error parsing address '{0}'")]
    Address(String),
}

impl Settings {
    /// Fills in what nobody has said. An inherited socket beats any method and path.
    ///
    /// # Errors
    /// A method without a default path got none.
    pub fn resolve(
        system: System,
        partial: PartialSettings,
        inherited: Option<Inherited>,
    ) -> Result<Self, MissingPath> {
        let paths = defaults::paths(system);
        let method = match inherited {
            Some(inherited) => inherited.method().to_owned(),
            None => partial
                .method
                .unwrap_or_else(|| defaults::METHOD.to_owned()),
        };
        let path = match (inherited, partial.path) {
            (Some(_), _) => None,
            (None, Some(path)) => Some(path),
            (None, None) => Some(default_path(paths, &method).ok_or(MissingPath)?.to_owned()),
        };
        let limit = partial.freeze_limit.unwrap_or(defaults::FREEZE_LIMIT);
        Ok(Self {
            method,
            path,
            log_file: partial.log_file.map(PathBuf::from),
            pid_file: path_or(partial.pid_file, paths.pid_file),
            freeze_hook: partial.freeze_hook.map(PathBuf::from),
            state_dir: path_or(partial.state_dir, paths.state_dir),
            verbose: partial.verbose.unwrap_or(false),
            daemonize: partial.daemonize.unwrap_or(false),
            retry_path: partial.retry_path.unwrap_or(false),
            block_rpcs: partial.block_rpcs,
            allow_rpcs: partial.allow_rpcs,
            freeze_limit: (!limit.is_zero()).then_some(limit),
            hook_deadline: partial.hook_deadline.unwrap_or(defaults::HOOK_DEADLINE),
            exec_result_kept: partial
                .exec_result_kept
                .unwrap_or(defaults::EXEC_RESULT_KEPT),
        })
    }

    /// Where hosts reach the agent.
    ///
    /// # Errors
    /// The method is none, or the path no address of it: told when the agent starts and not
    /// before, so that `--dump-conf` prints what was written.
    pub fn endpoint(&self) -> Result<Endpoint, EndpointError> {
        let Some(path) = &self.path else {
            return Ok(Endpoint::Inherited);
        };
        match self.method.as_str() {
            "virtio-serial" => Ok(Endpoint::VirtioSerial(path.into())),
            "isa-serial" => Ok(Endpoint::IsaSerial(path.into())),
            "unix-listen" => Ok(Endpoint::UnixListen(path.into())),
            "vsock-listen" => {
                vsock_address(path).ok_or_else(|| EndpointError::Address(path.clone()))
            }
            other => Err(EndpointError::Method(other.to_owned())),
        }
    }
}

impl Inherited {
    const fn method(self) -> &'static str {
        match self {
            Self::Unix => "unix-listen",
            Self::Vsock => "vsock-listen",
        }
    }
}

fn default_path(paths: &Paths, method: &str) -> Option<&'static str> {
    match method {
        "virtio-serial" => Some(paths.virtio_serial),
        "isa-serial" => Some(paths.isa_serial),
        _ => None,
    }
}

fn path_or(path: Option<String>, default: &str) -> PathBuf {
    path.unwrap_or_else(|| default.to_owned()).into()
}

/// `CID:PORT`, both in decimal.
fn vsock_address(path: &str) -> Option<Endpoint> {
    let (cid, port) = path.split_once(':')?;
    Some(Endpoint::VsockListen {
        cid: cid.parse().ok()?,
        port: port.parse().ok()?,
    })
}
