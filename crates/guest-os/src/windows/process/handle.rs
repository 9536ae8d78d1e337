//! Handles, as programs get them.
#![allow(unsafe_code, reason = "inheritance has no safe interface")]

use std::fs::OpenOptions;
use std::io;
use std::os::windows::io::{AsRawHandle, OwnedHandle};

use windows_sys::Win32::Foundation::{HANDLE_FLAG_INHERIT, SetHandleInformation};

use crate::windows::outcome::succeeded;

/// Lets a program have the handle that is started with it in its list.
pub(in crate::windows) fn inheritable(handle: impl Into<OwnedHandle>) -> io::Result<OwnedHandle> {
    let handle = handle.into();
    let raw = handle.as_raw_handle();
    // SAFETY: the handle is open.
    succeeded(unsafe { SetHandleInformation(raw, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT) })?;
    Ok(handle)
}

/// What swallows everything and has nothing, for a program.
pub(in crate::windows) fn null() -> io::Result<OwnedHandle> {
    inheritable(OpenOptions::new().read(true).write(true).open("NUL")?)
}
