//! Handles, as calls make them.
#![allow(unsafe_code, reason = "handles are plain numbers to the system")]

use std::io;
use std::os::windows::io::{FromRawHandle, OwnedHandle};
use std::ptr;

use windows_sys::Win32::Foundation::{FALSE, HANDLE, INVALID_HANDLE_VALUE, TRUE};
use windows_sys::Win32::System::Threading::CreateEventW;

/// Takes over the handle that a call has just made, or its failure.
///
/// # Safety
/// Nobody else closes the handle.
pub(super) unsafe fn take_over(made: HANDLE) -> io::Result<OwnedHandle> {
    if made.is_null() || made == INVALID_HANDLE_VALUE {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it is a handle, and ours alone.
    Ok(unsafe { OwnedHandle::from_raw_handle(made) })
}

/// An event that stays signalled until it is reset.
pub(super) fn event() -> io::Result<OwnedHandle> {
    // SAFETY: no attributes and no name are valid.
    let made = unsafe { CreateEventW(ptr::null(), TRUE, FALSE, ptr::null()) };
    // SAFETY: the call has made the handle for us.
    unsafe { take_over(made) }
}
