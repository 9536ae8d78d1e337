//! A user of this machine, and where sshd looks for the keys.
#![allow(unsafe_code, reason = "the Win32 API")]

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::ptr;

use windows_sys::Win32::NetworkManagement::NetManagement::{
    NetApiBufferFree, NetUserGetInfo, USER_INFO_4, USER_PRIV_ADMIN,
};
use windows_sys::Win32::Security::Authorization::ConvertSidToStringSidW;
use windows_sys::Win32::Security::PSID;

use super::net_error::refused;
use crate::windows::allocated::Allocated;
use crate::windows::outcome::succeeded;
use crate::windows::places::program_data;
use crate::windows::registry::Key;
use crate::windows::wide::{text_at, wide};
use crate::{Error, Result};

const PROFILES: &str = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList";

/// Where a user's keys are, and who may get at them: sshd takes no file that others may write to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub(super) folder: PathBuf,
    /// In the folder.
    pub(super) file: &'static str,
    /// Who may do what, in the language of security descriptors.
    pub(super) permissions: String,
}

impl Account {
    /// # Errors
    /// An unknown user; one who has no profile, because of never having logged in.
    pub(crate) fn of(name: &str) -> Result<Self> {
        let what = format!("failed to lookup user '{name}'");
        let Identity {
            sid,
            is_administrator,
        } = identity(name, &what)?;
        if is_administrator {
            return Ok(Self::administrator(&program_data()));
        }
        let profile = profile(&sid).map_err(|error| {
            Error::os(
                format!("{what}: no profile, log in once as that user"),
                error,
            )
        })?;
        Ok(Self::user(Path::new(&profile), &sid))
    }

    /// All administrators share one file, out of the reach of programs that run as one of them
    /// without an administrator's rights.
    fn administrator(program_data: &Path) -> Self {
        Self {
            folder: program_data.join("ssh"),
            file: "administrators_authorized_keys",
            permissions: permissions(None),
        }
    }

    pub(super) fn user(profile: &Path, sid: &str) -> Self {
        Self {
            folder: profile.join(".ssh"),
            file: "authorized_keys",
            permissions: permissions(Some(sid)),
        }
    }

    /// The file's path, for texts only.
    pub(crate) fn key_file(&self) -> PathBuf {
        self.folder.join(self.file)
    }
}

/// The system and administrators may do everything, and the user; nothing is handed down from the
/// folder above.
fn permissions(sid: Option<&str>) -> String {
    let user = sid.map(|sid| format!("(A;OICI;FA;;;{sid})"));
    let user = user.unwrap_or_default();
    format!("D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA){user}")
}

/// A user's name as Windows takes it.
pub(super) fn account_name(name: &str) -> Result<Vec<u16>> {
    if name.is_empty() || name.contains('\0') {
        return Err(Error::Invalid("forbidden characters in username".into()));
    }
    Ok(wide(name))
}

struct Identity {
    /// `S-1-5-21-...`
    sid: String,
    is_administrator: bool,
}

fn identity(name: &str, what: &str) -> Result<Identity> {
    let name = account_name(name)?;
    let mut info = ptr::null_mut();
    // SAFETY: the name ends with a zero; the answer's address is written to.
    let returned = unsafe { NetUserGetInfo(ptr::null(), name.as_ptr(), 4, &raw mut info) };
    let info = Answer(info.cast());
    if returned != 0 {
        return Err(refused(what, returned));
    }
    // SAFETY: the call has succeeded, and answers with that structure.
    let user = unsafe { &*info.0 };
    Ok(Identity {
        sid: sid_text(user.usri4_user_sid, what)?,
        is_administrator: user.usri4_priv == USER_PRIV_ADMIN,
    })
}

fn sid_text(sid: PSID, what: &str) -> Result<String> {
    let mut text = ptr::null_mut();
    // SAFETY: the identity is Windows' own; the text's address is written to.
    succeeded(unsafe { ConvertSidToStringSidW(sid, &raw mut text) })
        .map_err(|error| Error::os(what, error))?;
    // SAFETY: the call has made it for us.
    let text = unsafe { Allocated::new(text) };
    // SAFETY: the call has succeeded: a text that ends with a zero.
    let copy = unsafe { text_at(text.as_ptr()) };
    Ok(copy.to_string_lossy().into_owned())
}

/// A user's own folder (`C:\Users\ann`).
fn profile(sid: &str) -> std::io::Result<OsString> {
    Key::open(&format!(r"{PROFILES}\{sid}"))?.text("ProfileImagePath")
}

/// Memory that Windows has answered in.
struct Answer(*mut USER_INFO_4);

impl Drop for Answer {
    fn drop(&mut self) {
        // SAFETY: it came from Windows and is freed once; null is left alone.
        unsafe { NetApiBufferFree(self.0.cast()) };
    }
}

#[cfg(test)]
mod tests {
    use windows_sys::Win32::Security::{WinBuiltinAdministratorsSid, WinLocalSystemSid};

    use super::*;
    use crate::windows::sid::Sid;

    #[test]
    fn sshd_looks_for_an_administrator_s_keys_in_one_file() {
        let account = Account::administrator(Path::new(r"C:\ProgramData"));
        let expected = r"C:\ProgramData\ssh\administrators_authorized_keys";
        assert_eq!(account.key_file(), Path::new(expected));
        assert_eq!(account.permissions, "D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)");
    }

    #[test]
    fn sshd_looks_for_a_user_s_keys_in_the_profile() {
        let account = Account::user(Path::new(r"C:\Users\ann"), "S-1-5-21-1-2-3-1001");
        assert_eq!(
            account.key_file(),
            Path::new(r"C:\Users\ann\.ssh\authorized_keys")
        );
        let last = account.permissions.rsplit_once(")(").map(|(_, last)| last);
        assert_eq!(last, Some("A;OICI;FA;;;S-1-5-21-1-2-3-1001)"));
    }

    #[test]
    fn identities_are_written_as_windows_writes_them() {
        for (kind, text) in [
            (WinLocalSystemSid, "S-1-5-18"),
            (WinBuiltinAdministratorsSid, "S-1-5-32-544"),
        ] {
            let sid = Sid::well_known(kind).expect("an identity that every Windows has");
            let written = sid_text(sid.as_ptr(), "a test").expect("a text");
            assert_eq!(written, text);
        }
    }

    #[test]
    fn names_of_nobody_are_told() {
        for name in ["", "a\0b", "no such user"] {
            let text = Account::of(name).expect_err("nobody").to_string();
            assert!(text.contains("user"), "{text}");
        }
    }
}
