//! Identities that every Windows has.
#![allow(unsafe_code, reason = "the Win32 API")]

use std::io;
use std::ptr;

use windows_sys::Win32::Security::{
    CreateWellKnownSid, PSID, SECURITY_MAX_SID_SIZE, WELL_KNOWN_SID_TYPE,
};

use super::outcome::succeeded;

/// Room for the longest.
const WORDS: usize = SECURITY_MAX_SID_SIZE as usize / size_of::<u32>();

/// An identity.
pub(super) struct Sid {
    /// In words, so that it is aligned.
    words: [u32; WORDS],
}

impl Sid {
    pub(super) fn well_known(kind: WELL_KNOWN_SID_TYPE) -> io::Result<Self> {
        let mut sid = Self { words: [0; WORDS] };
        let (place, mut room) = (sid.words.as_mut_ptr().cast(), SECURITY_MAX_SID_SIZE);
        // SAFETY: there is as much room as is told.
        succeeded(unsafe { CreateWellKnownSid(kind, ptr::null_mut(), place, &raw mut room) })?;
        Ok(sid)
    }

    /// Good for as long as `self` is; nobody writes to it.
    pub(super) const fn as_ptr(&self) -> PSID {
        self.words.as_ptr().cast_mut().cast()
    }
}
