//! systemd's socket activation (sd_listen_fds(3)).
#![allow(
    unsafe_code,
    reason = "the descriptor comes as a number, and the environment is changed"
)]

use std::env;
use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd, RawFd};

use rustix::io::{FdFlags, fcntl_setfd};
use rustix::net::sockopt::{socket_acceptconn, socket_domain};
use rustix::net::{AddressFamily, getsockname};

use super::{Family, Listener};
use crate::{Error, Result};

const FIRST: RawFd = 3;
const VARIABLES: [&str; 3] = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"];

/// The socket that systemd listens on for this process, if there is one. Its variables are taken
/// out of the environment when this is called before any thread is started; later they stay:
/// they name this process, so that programs it runs do not heed them.
///
/// # Errors
/// More than one descriptor was passed, or what was passed is no listening unix or vsock socket.
pub fn activated() -> Result<Option<Listener>> {
    let count = passed();
    forget();
    match count {
        0 => Ok(None),
        1 => take().map(Some),
        more => Err(Error::Invalid(format!(
            "{more} sockets were passed by systemd, one is expected"
        ))),
    }
}

fn forget() {
    let threads = std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count);
    if threads != 1 {
        return;
    }
    for variable in VARIABLES {
        // SAFETY: no other thread runs that could read the environment meanwhile.
        unsafe { env::remove_var(variable) };
    }
}

fn passed() -> u32 {
    let number = |name| env::var(name).ok()?.parse::<u32>().ok();
    let for_us = number(VARIABLES[0]) == Some(std::process::id());
    number(VARIABLES[1]).filter(|_| for_us).unwrap_or(0)
}

fn take() -> Result<Listener> {
    let wrong = |why: &str| Error::Invalid(format!("the descriptor passed by systemd {why}"));
    // SAFETY: it is only looked at, and the answer for one that is not open is an error.
    let seen = unsafe { BorrowedFd::borrow_raw(FIRST) };
    let listens = socket_acceptconn(seen).map_err(|_| wrong("is no socket"))?;
    if !listens {
        return Err(wrong("is no listening socket"));
    }
    let domain =
        socket_domain(seen).or_else(|_| getsockname(seen).map(|name| name.address_family()));
    let family = match domain.map_err(|_| wrong("has no address"))? {
        AddressFamily::UNIX => Family::Unix,
        AddressFamily::VSOCK => Family::Vsock,
        _ => return Err(wrong("is neither a unix nor a vsock socket")),
    };
    fcntl_setfd(seen, FdFlags::CLOEXEC)
        .map_err(|error| Error::os("cannot keep the socket", error))?;
    // SAFETY: systemd passed it to this process, and nobody else in it has taken it.
    let socket = unsafe { OwnedFd::from_raw_fd(FIRST) };
    Listener::inherited(socket, family)
}
