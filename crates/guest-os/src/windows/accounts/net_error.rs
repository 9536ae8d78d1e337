//! What the calls for accounts answer.

use std::io;

use windows_sys::Win32::NetworkManagement::NetManagement::{
    MAX_NERR, NERR_BASE, NERR_PasswordTooShort as PASSWORD_TOO_SHORT,
    NERR_UserNotFound as USER_NOT_FOUND,
};

use crate::Error;

/// The refusal of `what`: an error of Windows, or one of a range of their own that has no words.
pub(super) fn refused(what: &str, code: u32) -> Error {
    let words = match code {
        USER_NOT_FOUND => "there is no such user",
        PASSWORD_TOO_SHORT => "the password does not meet the guest's password policy",
        NERR_BASE..=MAX_NERR => return Error::Invalid(format!("{what}: network error {code}")),
        _ => return Error::os(what, io::Error::from_raw_os_error(code.cast_signed())),
    };
    Error::Invalid(format!("{what}: {words}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_have_words() {
        let text = |code| refused("failed to set password", code).to_string();
        assert_eq!(text(2221), "failed to set password: there is no such user");
        assert!(text(2245).contains("password policy"));
        assert_eq!(text(2140), "failed to set password: network error 2140");
        assert!(text(5).starts_with("failed to set password: "));
    }
}
