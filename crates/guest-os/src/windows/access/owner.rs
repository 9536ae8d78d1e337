//! Whom a folder belongs to.
#![allow(unsafe_code, reason = "owners have no safe interface")]

use std::io::{self, ErrorKind};
use std::os::windows::fs::MetadataExt;
use std::os::windows::io::AsRawHandle;
use std::path::Path;
use std::ptr::null_mut;

use windows_sys::Win32::Security::Authorization::{
    ConvertStringSidToSidW, GetNamedSecurityInfoW, SE_FILE_OBJECT,
};
use windows_sys::Win32::Security::{
    EqualSid, GetTokenInformation, IsWellKnownSid, OWNER_SECURITY_INFORMATION, PSID, TOKEN_QUERY,
    TOKEN_USER, TokenUser, WinBuiltinAdministratorsSid, WinLocalSystemSid,
};
use windows_sys::Win32::Storage::FileSystem::FILE_ATTRIBUTE_REPARSE_POINT;

use crate::windows::allocated::Allocated;
use crate::windows::outcome::{code, succeeded};
use crate::windows::token::own_token;
use crate::windows::wide::wide;

/// The service that owns what Windows itself has installed.
const INSTALLER: &str = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464";

/// Passes for a folder whose owner may do everything anyway, or is us. A link does not pass: its
/// owner could have made it lead to somebody else's folder.
pub(in crate::windows) fn check(folder: &Path) -> io::Result<()> {
    let attributes = folder.symlink_metadata()?.file_attributes();
    let is_link = attributes & FILE_ATTRIBUTE_REPARSE_POINT != 0;
    let owned = Owned::of(folder)?;
    if !is_link && (owned.by_the_system() || owned.by_the_installer()? || owned.by_us()?) {
        return Ok(());
    }
    let text = format!(
        "{} belongs to a user who could change what is in it, or is a link; remove it, or give it to the administrators",
        folder.display()
    );
    Err(io::Error::new(ErrorKind::PermissionDenied, text))
}

/// A folder's owner, with the memory that it lies in.
struct Owned {
    owner: PSID,
    _descriptor: Allocated,
}

impl Owned {
    fn of(folder: &Path) -> io::Result<Self> {
        let (path, mut owner, mut descriptor) = (wide(folder), null_mut(), null_mut());
        // SAFETY: the path ends with a zero; the addresses are written to.
        code(unsafe {
            GetNamedSecurityInfoW(
                path.as_ptr(),
                SE_FILE_OBJECT,
                OWNER_SECURITY_INFORMATION,
                &raw mut owner,
                null_mut(),
                null_mut(),
                null_mut(),
                &raw mut descriptor,
            )
        })?;
        // SAFETY: the call has made it for us.
        let descriptor = unsafe { Allocated::new(descriptor) };
        if owner.is_null() {
            return Err(io::Error::other("its file system knows no owners"));
        }
        Ok(Self {
            owner,
            _descriptor: descriptor,
        })
    }

    fn by_the_system(&self) -> bool {
        let is = |kind| {
            // SAFETY: the owner is one, and its memory is not freed yet.
            unsafe { IsWellKnownSid(self.owner, kind) != 0 }
        };
        is(WinLocalSystemSid) || is(WinBuiltinAdministratorsSid)
    }

    fn by_the_installer(&self) -> io::Result<bool> {
        let (name, mut installer) = (wide(INSTALLER), null_mut());
        // SAFETY: the name ends with a zero; the address is written to.
        succeeded(unsafe { ConvertStringSidToSidW(name.as_ptr(), &raw mut installer) })?;
        // SAFETY: the call has made it for us.
        let installer = unsafe { Allocated::new(installer) };
        Ok(self.is(installer.as_ptr()))
    }

    fn by_us(&self) -> io::Result<bool> {
        // Room for a user and the longest name that one has, in words as large as a pointer.
        let mut room = [0_usize; 32];
        let token = own_token(TOKEN_QUERY)?;
        let mut length = 0;
        // SAFETY: the token is open, and there is room for so many bytes.
        succeeded(unsafe {
            GetTokenInformation(
                token.as_raw_handle(),
                TokenUser,
                room.as_mut_ptr().cast(),
                size_of_val(&room) as u32,
                &raw mut length,
            )
        })?;
        // SAFETY: it begins with that, and is laid out for pointers.
        let user = unsafe { room.as_ptr().cast::<TOKEN_USER>().read() };
        Ok(self.is(user.User.Sid))
    }

    /// `other` is one.
    fn is(&self, other: PSID) -> bool {
        // SAFETY: both are one, and their memory is not freed yet.
        unsafe { EqualSid(self.owner, other) != 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_folders_pass() {
        let place = tempfile::tempdir().unwrap();
        check(place.path()).unwrap();
        assert!(check(&place.path().join("missing")).is_err());
    }
}
