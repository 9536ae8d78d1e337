//! Rights that a process has and must switch on before it uses them.
#![allow(unsafe_code, reason = "the Win32 API")]

use std::io;
use std::os::windows::io::AsRawHandle;
use std::ptr;

use windows_sys::Win32::Foundation::{ERROR_NOT_ALL_ASSIGNED, LUID};
use windows_sys::Win32::Security::{
    AdjustTokenPrivileges, LUID_AND_ATTRIBUTES, LookupPrivilegeValueW, SE_PRIVILEGE_ENABLED,
    TOKEN_ADJUST_PRIVILEGES, TOKEN_PRIVILEGES, TOKEN_QUERY,
};

use super::outcome::{is, succeeded};
use super::token::own_token;
use super::wide::wide;
use super::words::ADMINISTRATOR;
use crate::{Error, Result};

/// A right, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Privilege {
    /// To end Windows, and to suspend it.
    Shutdown,
    /// To set the clock.
    SystemTime,
}

impl Privilege {
    const fn name(self) -> &'static str {
        match self {
            Self::Shutdown => "SeShutdownPrivilege",
            Self::SystemTime => "SeSystemtimePrivilege",
        }
    }

    /// Switches it on for this process.
    ///
    /// # Errors
    /// When the process does not have it.
    pub(super) fn enable(self) -> Result<()> {
        self.switch_on().map_err(|error| {
            let name = self.name();
            let what =
                format!("the agent lacks {name}: it must run as a service or as {ADMINISTRATOR}");
            Error::os(what, error)
        })
    }

    fn switch_on(self) -> io::Result<()> {
        let token = own_token(TOKEN_ADJUST_PRIVILEGES | TOKEN_QUERY)?;
        let wanted = TOKEN_PRIVILEGES {
            PrivilegeCount: 1,
            Privileges: [LUID_AND_ATTRIBUTES {
                Luid: self.identity()?,
                Attributes: SE_PRIVILEGE_ENABLED,
            }],
        };
        // SAFETY: the token is open; one privilege is told and one is there.
        succeeded(unsafe {
            AdjustTokenPrivileges(
                token.as_raw_handle(),
                0,
                &raw const wanted,
                0,
                ptr::null_mut(),
                ptr::null_mut(),
            )
        })?;
        // It succeeds also when it has switched nothing on.
        let error = io::Error::last_os_error();
        match is(&error, ERROR_NOT_ALL_ASSIGNED) {
            true => Err(error),
            false => Ok(()),
        }
    }

    fn identity(self) -> io::Result<LUID> {
        let name = wide(self.name());
        let mut identity = LUID::default();
        // SAFETY: the name ends with a zero; the identity is written to.
        succeeded(unsafe { LookupPrivilegeValueW(ptr::null(), name.as_ptr(), &raw mut identity) })?;
        Ok(identity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_administrator_can_switch_them_on() {
        for privilege in [Privilege::Shutdown, Privilege::SystemTime] {
            privilege.enable().expect("the right of an administrator");
        }
    }
}
