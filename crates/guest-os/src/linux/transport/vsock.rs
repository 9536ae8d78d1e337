//! vsock(7) listeners: the standard library has none.
#![allow(unsafe_code, reason = "socket addresses of vsock exist only in libc")]

use std::io;
use std::mem::zeroed;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use super::listener::BACKLOG;
use super::peer::length_of;
use crate::{Error, Result};

pub(super) fn listen(cid: u32, port: u32) -> Result<OwnedFd> {
    let failed = |what| {
        let error = io::Error::last_os_error();
        Error::os(
            format_args!("Failed to {what} socket vsock:{cid}:{port}"),
            error,
        )
    };
    // SAFETY: no pointers are passed.
    let fd = unsafe { libc::socket(libc::AF_VSOCK, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0) };
    if fd < 0 {
        return Err(failed("create"));
    }
    // SAFETY: `fd` was just made and belongs to nobody else.
    let socket = unsafe { OwnedFd::from_raw_fd(fd) };
    let place = sockaddr(cid, port);
    // SAFETY: `place` is a vsock address of that length that lives during the call.
    let bound = unsafe {
        libc::bind(
            socket.as_raw_fd(),
            (&raw const place).cast(),
            length_of(&place),
        )
    };
    if bound < 0 {
        return Err(failed("bind"));
    }
    // SAFETY: no pointers are passed.
    if unsafe { libc::listen(socket.as_raw_fd(), BACKLOG) } < 0 {
        return Err(failed("listen on"));
    }
    Ok(socket)
}

pub(super) fn sockaddr(cid: u32, port: u32) -> libc::sockaddr_vm {
    // SAFETY: the structure consists of integers, for which zero is a value.
    let mut address: libc::sockaddr_vm = unsafe { zeroed() };
    address.svm_family = libc::sa_family_t::try_from(libc::AF_VSOCK).unwrap_or_default();
    (address.svm_cid, address.svm_port) = (cid, port);
    address
}
