//! As whom this process runs.
#![allow(unsafe_code, reason = "tokens have no safe interface")]

use std::io;
use std::os::windows::io::OwnedHandle;
use std::ptr::null_mut;

use windows_sys::Win32::Security::TOKEN_ACCESS_MASK;
use windows_sys::Win32::System::Threading::{GetCurrentProcess, OpenProcessToken};

use super::handle::take_over;
use super::outcome::succeeded;

/// The token of this process, opened for this.
pub(super) fn own_token(access: TOKEN_ACCESS_MASK) -> io::Result<OwnedHandle> {
    // SAFETY: it takes nothing and cannot fail.
    let process = unsafe { GetCurrentProcess() };
    let mut token = null_mut();
    // SAFETY: the handle stands for this process; the token is written to.
    succeeded(unsafe { OpenProcessToken(process, access, &raw mut token) })?;
    // SAFETY: the call has made the handle for us.
    unsafe { take_over(token) }
}
