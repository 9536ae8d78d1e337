//! As whom the program runs.
#![allow(unsafe_code, reason = "tokens have no safe interface")]

use std::ptr;

use windows_sys::Win32::Foundation::FALSE;
use windows_sys::Win32::Security::{
    CheckTokenMembership, CreateWellKnownSid, SECURITY_MAX_SID_SIZE, WinBuiltinAdministratorsSid,
};

/// Whether this process runs as an administrator, with the rights of one (elevated). The system's
/// own account is one.
#[must_use]
pub fn is_root() -> bool {
    let mut room = SECURITY_MAX_SID_SIZE;
    // In words, so that it is aligned.
    let mut administrators = [0_u32; SECURITY_MAX_SID_SIZE as usize / size_of::<u32>()];
    let sid = administrators.as_mut_ptr().cast();
    // SAFETY: `room` is the size of what `sid` points to.
    let made = unsafe {
        CreateWellKnownSid(
            WinBuiltinAdministratorsSid,
            ptr::null_mut(),
            sid,
            &raw mut room,
        )
    };
    let mut is_member = FALSE;
    // SAFETY: `sid` was filled by the call before; without a token it is about the caller.
    made != 0
        && unsafe { CheckTokenMembership(ptr::null_mut(), sid, &raw mut is_member) } != 0
        && is_member != 0
}
