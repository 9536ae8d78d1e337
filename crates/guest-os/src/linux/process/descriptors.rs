//! Descriptors that whoever started the agent has left open.
#![allow(unsafe_code, reason = "they are known by their numbers only")]

use std::fs;
use std::os::fd::{BorrowedFd, RawFd};

use rustix::io::{FdFlags, fcntl_setfd};

/// Sees to it that no program that is started later gets them. The standard streams are left as
/// they are. To be called before the first thread.
pub fn keep_descriptors() {
    let open = fs::read_dir("/proc/self/fd").into_iter().flatten();
    let numbers = open.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<RawFd>().ok());
    for number in numbers.filter(|number| *number > 2).collect::<Vec<_>>() {
        // SAFETY: one that is not open any more (the listing's own) is told by an error and
        // nothing else; no other thread opens or closes any.
        let descriptor = unsafe { BorrowedFd::borrow_raw(number) };
        let _ = fcntl_setfd(descriptor, FdFlags::CLOEXEC);
    }
}
