//! Settings of a serial line.
#![allow(unsafe_code, reason = "a line's settings have no safe interface")]

use std::fs::File;
use std::io;
use std::os::windows::io::AsRawHandle;

use windows_sys::Win32::Devices::Communication::{COMMTIMEOUTS, SetCommTimeouts};

use super::outcome::succeeded;

/// How long reads and writes take. What is no serial line refuses.
pub(super) fn limit(line: &File, timeouts: COMMTIMEOUTS) -> io::Result<()> {
    // SAFETY: the handle is open, and `timeouts` lives during the call.
    succeeded(unsafe { SetCommTimeouts(line.as_raw_handle(), &raw const timeouts) })
}
