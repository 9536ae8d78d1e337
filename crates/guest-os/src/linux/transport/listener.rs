//! Sockets that clients connect to.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use rustix::io::{Errno, ioctl_fionbio};
use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, accept_with, bind, listen, socket_with,
};

use super::{Receiver, peer, vsock};
use crate::{Error, Result};

/// Clients that may wait to be accepted.
pub(super) const BACKLOG: i32 = 16;

/// A socket that clients connect to, on this machine or from its host.
#[derive(Debug)]
pub struct Listener {
    fd: OwnedFd,
    family: Family,
}

/// What kind of clients connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Those of this machine.
    Unix,
    /// Its host.
    Vsock,
}

/// Listens on a unix socket, with permissions as the umask leaves them. A socket that is left
/// there from an earlier agent is replaced; nothing else is.
///
/// # Errors
/// The path is too long for a socket (107 bytes), is taken by a file, or cannot be written.
pub fn unix_listen(path: &Path) -> Result<Listener> {
    let shown = path.display();
    let address =
        SocketAddrUnix::new(path.as_os_str().as_bytes()).map_err(|error| match error {
            Errno::NAMETOOLONG => Error::Invalid(format!("UNIX socket path '{shown}' is too long")),
            other => Error::os(format_args!("Failed to bind socket to {shown}"), other),
        })?;
    remove_leftover(path)?;
    let fd = socket_with(
        AddressFamily::UNIX,
        SocketType::STREAM,
        SocketFlags::CLOEXEC,
        None,
    )
    .map_err(|error| Error::os("Failed to create Unix socket", error))?;
    bind(&fd, &address)
        .map_err(|error| Error::os(format_args!("Failed to bind socket to {shown}"), error))?;
    listen(&fd, BACKLOG).map_err(|error| Error::os("Failed to listen on socket", error))?;
    Ok(Listener::new(fd, Family::Unix))
}

fn remove_leftover(path: &Path) -> Result<()> {
    let is_socket = fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket());
    if !is_socket {
        return Ok(());
    }
    let path_shown = path.display();
    fs::remove_file(path)
        .map_err(|error| Error::os(format_args!("Failed to unlink socket {path_shown}"), error))
}

/// Listens on a vsock address; a context id of `u32::MAX` is any.
///
/// # Errors
/// The machine has no vsock device, or the port is taken.
pub fn vsock_listen(cid: u32, port: u32) -> Result<Listener> {
    let fd = vsock::listen(cid, port)?;
    Ok(Listener::new(fd, Family::Vsock))
}

impl Listener {
    pub(super) const fn new(fd: OwnedFd, family: Family) -> Self {
        Self { fd, family }
    }

    /// One that systemd made, which may have been told not to block.
    pub(super) fn inherited(fd: OwnedFd, family: Family) -> Result<Self> {
        ioctl_fionbio(&fd, false)
            .map_err(|error| Error::os("Failed to make the socket wait", error))?;
        Ok(Self::new(fd, family))
    }

    /// What kind of clients connect.
    #[must_use]
    pub const fn family(&self) -> Family {
        self.family
    }

    /// Waits for the next client.
    ///
    /// # Errors
    /// The process has too many open files; the caller may try again later.
    pub fn accept(&self) -> io::Result<Receiver> {
        loop {
            match accept_with(&self.fd, SocketFlags::CLOEXEC) {
                Ok(client) => {
                    let peer = peer::describe(&client, self.family);
                    return Ok(Receiver::client(client, peer));
                }
                Err(Errno::INTR | Errno::CONNABORTED) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}
