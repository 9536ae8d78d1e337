//! Passwords (`guest-set-user-password`).
#![allow(unsafe_code, reason = "the Win32 API")]

use std::ptr;
use std::sync::atomic::{Ordering, compiler_fence};

use qga::PasswordCall;
use windows_sys::Win32::NetworkManagement::NetManagement::{NetUserSetInfo, USER_INFO_1003};

use super::account::account_name;
use super::net_error::refused;
use crate::{Error, Result};

/// The form in which [`USER_INFO_1003`] is given.
const LEVEL: u32 = 1003;

/// Sets the password of a user of this machine. The copy that Windows is given is wiped.
///
/// # Errors
/// [`Error::Unsupported`] for a hash; names and passwords that cannot be told to Windows; its
/// refusal.
pub fn set_password(call: &PasswordCall) -> Result<()> {
    if call.crypted {
        return Err(Error::Unsupported("Windows takes no hash for a password"));
    }
    let name = account_name(&call.username)?;
    let mut password = Secret::new(&call.password)?;
    let info = USER_INFO_1003 {
        usri1003_password: password.0.as_mut_ptr(),
    };
    // SAFETY: both texts end with a zero; the structure is that of the level.
    let returned = unsafe {
        NetUserSetInfo(
            ptr::null(),
            name.as_ptr(),
            LEVEL,
            (&raw const info).cast(),
            ptr::null_mut(),
        )
    };
    match returned {
        0 => Ok(()),
        code => Err(refused("failed to set password", code)),
    }
}

/// A password with a zero behind it.
struct Secret(Vec<u16>);

impl Secret {
    fn new(password: &[u8]) -> Result<Self> {
        let forbidden = || Error::Invalid("forbidden characters in raw password".into());
        let text = std::str::from_utf8(password).map_err(|_| forbidden())?;
        if text.contains('\0') {
            return Err(forbidden());
        }
        // All at once: a vector that grows leaves copies behind.
        let mut units = Vec::with_capacity(text.len() + 1);
        units.extend(text.encode_utf16().chain([0]));
        Ok(Self(units))
    }

    fn wipe(&mut self) {
        for unit in &mut self.0 {
            // SAFETY: a place in the vector. Volatile, or it would be left out: nobody reads it.
            unsafe { ptr::write_volatile(unit, 0) };
        }
        compiler_fence(Ordering::SeqCst);
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.wipe();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(username: &str, password: &[u8], crypted: bool) -> PasswordCall {
        PasswordCall {
            username: username.into(),
            password: password.into(),
            crypted,
        }
    }

    #[test]
    fn what_windows_cannot_be_told_is_refused() {
        for (call, text) in [
            (
                call("ann", b"a\0b", false),
                "forbidden characters in raw password",
            ),
            (
                call("ann", b"a\xff", false),
                "forbidden characters in raw password",
            ),
            (
                call("a\0n", b"geheim", false),
                "forbidden characters in username",
            ),
            (
                call("", b"geheim", false),
                "forbidden characters in username",
            ),
            (
                call("ann", b"$6$geheim", true),
                "this feature or command is not currently supported: \
                 Windows takes no hash for a password",
            ),
        ] {
            let error = set_password(&call).expect_err("nothing for Windows");
            assert_eq!(error.to_string(), text);
        }
    }

    #[test]
    fn a_password_is_one_copy_that_is_wiped() {
        let mut secret = Secret::new("gehäim".as_bytes()).expect("a text");
        assert_eq!(secret.0.last(), Some(&0));
        assert_eq!(secret.0.len(), 7);
        secret.wipe();
        assert!(secret.0.iter().all(|unit| *unit == 0));
    }
}
