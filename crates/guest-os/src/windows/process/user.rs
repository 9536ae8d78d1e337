//! As whom the program runs.
#![allow(unsafe_code, reason = "tokens have no safe interface")]

use std::{io, ptr};

use windows_sys::Win32::Foundation::FALSE;
use windows_sys::Win32::Security::{CheckTokenMembership, WinBuiltinAdministratorsSid};

use crate::windows::outcome::succeeded;
use crate::windows::sid::Sid;

/// Whether this process runs as an administrator, with the rights of one (elevated). The system's
/// own account is one.
#[must_use]
pub fn is_root() -> bool {
    is_administrator().unwrap_or(false)
}

fn is_administrator() -> io::Result<bool> {
    let administrators = Sid::well_known(WinBuiltinAdministratorsSid)?;
    let mut is_member = FALSE;
    // SAFETY: the identity lives during the call; without a token it is about the caller.
    succeeded(unsafe {
        CheckTokenMembership(ptr::null_mut(), administrators.as_ptr(), &raw mut is_member)
    })?;
    Ok(is_member != FALSE)
}
