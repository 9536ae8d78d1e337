//! Handles, as calls make them and programs get them.
#![allow(unsafe_code, reason = "handles are plain numbers to the system")]

use std::fs::OpenOptions;
use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};

use windows_sys::Win32::Foundation::{
    HANDLE, HANDLE_FLAG_INHERIT, INVALID_HANDLE_VALUE, SetHandleInformation,
};

use crate::windows::outcome::succeeded;

/// Takes over the handle that a call has just made, or its failure.
///
/// # Safety
/// Nobody else closes the handle.
pub(in crate::windows) unsafe fn take_over(made: HANDLE) -> io::Result<OwnedHandle> {
    if made.is_null() || made == INVALID_HANDLE_VALUE {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it is a handle, and ours alone.
    Ok(unsafe { OwnedHandle::from_raw_handle(made) })
}

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
