//! Sockets that clients connect to: there are none on Windows, as for QEMU's agent.

use std::io;
use std::path::Path;

use super::Receiver;
use crate::{Error, Result};

/// A socket that clients connect to. There is none.
#[derive(Debug)]
pub enum Listener {}

/// What kind of clients connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Those of this machine.
    Unix,
    /// Its host.
    Vsock,
}

/// Listens on a unix socket.
///
/// # Errors
/// Always.
pub fn unix_listen(_: &Path) -> Result<Listener> {
    Err(Error::Unsupported(
        "unix-listen on Windows; use the method virtio-serial or isa-serial",
    ))
}

/// Listens on a vsock address.
///
/// # Errors
/// Always.
pub fn vsock_listen(_: u32, _: u32) -> Result<Listener> {
    Err(Error::Unsupported(
        "vsock-listen on Windows; use the method virtio-serial or isa-serial",
    ))
}

/// The socket that the service manager listens on for this process: none.
///
/// # Errors
/// None.
pub const fn activated() -> Result<Option<Listener>> {
    Ok(None)
}

impl Listener {
    /// What kind of clients connect.
    #[must_use]
    pub const fn family(&self) -> Family {
        match *self {}
    }

    /// Waits for the next client.
    ///
    /// # Errors
    /// None.
    pub const fn accept(&self) -> io::Result<Receiver> {
        match *self {}
    }
}
