//! Who is at the other end of a socket, for the log.
#![allow(
    unsafe_code,
    reason = "a peer outside of our PID namespace has no safe interface"
)]

use std::mem::size_of;
use std::os::fd::{AsRawFd, OwnedFd};

use super::Family;

/// `uid 0 pid 12`, or `cid 2`.
pub(super) fn describe(client: &OwnedFd, family: Family) -> String {
    match family {
        Family::Unix => credentials(client).map_or_else(
            || "a client".into(),
            |peer| format!("uid {} pid {}", peer.uid, peer.pid),
        ),
        Family::Vsock => address(client)
            .map_or_else(|| "a client".into(), |peer| format!("cid {}", peer.svm_cid)),
    }
}

/// Read with libc's type: the pid of a process in another PID namespace is 0.
fn credentials(client: &OwnedFd) -> Option<libc::ucred> {
    let mut peer = libc::ucred {
        pid: 0,
        uid: 0,
        gid: 0,
    };
    let mut length = length_of(&peer);
    // SAFETY: `peer` has room for `length` bytes, of which each pattern is a value.
    let done = unsafe {
        libc::getsockopt(
            client.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut peer).cast(),
            &raw mut length,
        )
    };
    (done == 0).then_some(peer)
}

fn address(client: &OwnedFd) -> Option<libc::sockaddr_vm> {
    let mut peer = super::vsock::sockaddr(0, 0);
    let mut length = length_of(&peer);
    // SAFETY: `peer` has room for `length` bytes, of which each pattern is a value.
    let done =
        unsafe { libc::getpeername(client.as_raw_fd(), (&raw mut peer).cast(), &raw mut length) };
    (done == 0).then_some(peer)
}

/// Small structures, whose length fits.
pub(super) fn length_of<T>(_: &T) -> libc::socklen_t {
    libc::socklen_t::try_from(size_of::<T>()).unwrap_or(0)
}
