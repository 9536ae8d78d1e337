//! Services of the system: on Linux the packages bring units, and `systemctl` has the rest.

use std::process::ExitCode;

use crate::{Error, Result};

const SYSTEMD: &str = "systemd has the services here: `systemctl status qemu-guest-agent`";

/// A program that the system runs in the background.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Service {
    /// Its name.
    pub name: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// What it is for.
    pub description: &'static str,
    /// The arguments of our program.
    pub arguments: &'static [&'static str],
}

/// What is done to a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is made, or made as it should be.
    Install,
    /// It is taken away.
    Uninstall,
    /// It is started.
    Start,
    /// It is stopped.
    Stop,
}

/// Whether there is a service of somebody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// There is none of this name.
    Missing,
    /// It is there, and nobody can start it.
    Disabled,
    /// It runs, or can be started.
    Enabled,
}

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
