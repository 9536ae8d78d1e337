//! Services of the system: on Linux the packages bring units, and `systemctl` has the rest.

use std::process::ExitCode;

pub use crate::both::service::{Change, Presence, Service};
use crate::{Error, Result};

const SYSTEMD: &str = "systemd has the services here: `systemctl status qemu-guest-agent`";

/// Whether the service `name` is there.
///
/// # Errors
/// Always: [`Error::Unsupported`].
pub fn presence(_name: &str) -> Result<Presence> {
    Err(Error::Unsupported(SYSTEMD))
}

/// Makes a change and says in one line what was done, or with `is_dry` what would be.
///
/// # Errors
/// Always: [`Error::Unsupported`].
pub fn change(_service: &Service, _change: Change, _is_dry: bool) -> Result<String> {
    Err(Error::Unsupported(SYSTEMD))
}

/// Runs `main` as the service that the system has started.
///
/// # Errors
/// Always: [`Error::Unsupported`].
pub fn run(_service: &Service, _main: fn() -> ExitCode) -> Result<ExitCode> {
    Err(Error::Unsupported("systemd starts a unit's program itself"))
}
