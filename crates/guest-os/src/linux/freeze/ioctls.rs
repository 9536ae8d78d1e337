//! The two calls, on an open mount point.
#![allow(unsafe_code, reason = "they have no safe interface")]

use std::ffi::c_int;
use std::os::fd::OwnedFd;

use rustix::io::retry_on_intr;
use rustix::ioctl::{NoArg, Opcode, ioctl, opcode};

/// As linux/fs.h has them.
const FIFREEZE: Opcode = opcode::read_write::<c_int>(b'X', 119);
const FITHAW: Opcode = opcode::read_write::<c_int>(b'X', 120);

pub(super) fn fifreeze(fd: &OwnedFd) -> rustix::io::Result<()> {
    // SAFETY: FIFREEZE reads and writes nothing of ours: its argument is not looked at.
    retry_on_intr(|| unsafe { ioctl(fd, NoArg::<FIFREEZE>::new()) })
}

pub(super) fn fithaw(fd: &OwnedFd) -> rustix::io::Result<()> {
    // SAFETY: FITHAW reads and writes nothing of ours: its argument is not looked at.
    retry_on_intr(|| unsafe { ioctl(fd, NoArg::<FITHAW>::new()) })
}
