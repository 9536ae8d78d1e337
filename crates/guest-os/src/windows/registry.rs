//! The registry, below `HKEY_LOCAL_MACHINE`.
#![allow(unsafe_code, reason = "the Win32 API")]

use std::ffi::{OsStr, OsString};
use std::io;
use std::ptr;

use windows_sys::Win32::Foundation::ERROR_MORE_DATA;
use windows_sys::Win32::System::Registry::{
    HKEY, HKEY_LOCAL_MACHINE, KEY_READ, KEY_WRITE, REG_CREATED_NEW_KEY, REG_DWORD, REG_EXPAND_SZ,
    REG_OPTION_NON_VOLATILE, REG_OPTION_VOLATILE, REG_VALUE_TYPE, RRF_RT_REG_SZ, RegCloseKey,
    RegCreateKeyExW, RegGetValueW, RegOpenKeyExW, RegQueryInfoKeyW, RegSetValueExW,
};

use super::outcome::{code, is};
use super::wide::{narrow, wide};

/// An open key.
#[derive(Debug)]
pub(super) struct Key(HKEY);

/// How long a key lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    /// Until somebody removes it.
    Lasting,
    /// Until the next boot.
    Boot,
}

impl Key {
    pub(super) fn open(path: &str) -> io::Result<Self> {
        let path = wide(path);
        let mut key = ptr::null_mut();
        // SAFETY: the path ends with a zero; the key is written to.
        code(unsafe {
            RegOpenKeyExW(HKEY_LOCAL_MACHINE, path.as_ptr(), 0, KEY_READ, &raw mut key)
        })?;
        Ok(Self(key))
    }

    /// Opens a key, or makes one of this class. Says whether it was made.
    pub(super) fn create(path: &str, class: &str, life: Life) -> io::Result<(Self, bool)> {
        let (path, class) = (wide(path), wide(class));
        let options = match life {
            Life::Lasting => REG_OPTION_NON_VOLATILE,
            Life::Boot => REG_OPTION_VOLATILE,
        };
        let (mut key, mut disposition) = (ptr::null_mut(), 0);
        // SAFETY: both texts end with a zero; the key and what became of it are written to.
        code(unsafe {
            RegCreateKeyExW(
                HKEY_LOCAL_MACHINE,
                path.as_ptr(),
                0,
                class.as_ptr(),
                options,
                KEY_READ | KEY_WRITE,
                ptr::null(),
                &raw mut key,
                &raw mut disposition,
            )
        })?;
        Ok((Self(key), disposition == REG_CREATED_NEW_KEY))
    }

    /// Its class, up to 63 characters.
    pub(super) fn class(&self) -> io::Result<OsString> {
        let mut class = [0; 64];
        let mut length = 64;
        // SAFETY: the buffer has the length that is told; what is not asked for is null.
        code(unsafe {
            RegQueryInfoKeyW(
                self.0,
                class.as_mut_ptr(),
                &raw mut length,
                ptr::null(),
                ptr::null_mut(),
                ptr::null_mut(),
                ptr::null_mut(),
                ptr::null_mut(),
                ptr::null_mut(),
                ptr::null_mut(),
                ptr::null_mut(),
                ptr::null_mut(),
            )
        })?;
        Ok(narrow(&class))
    }

    /// A text, its variables replaced by what they stand for.
    pub(super) fn text(&self, name: &str) -> io::Result<OsString> {
        let name = wide(name);
        let mut text = vec![0_u16; 64];
        loop {
            let mut size = u32::try_from(size_of_val(text.as_slice())).unwrap_or(0);
            // SAFETY: the name ends with a zero; the buffer has the size that is told.
            let read = code(unsafe {
                RegGetValueW(
                    self.0,
                    ptr::null(),
                    name.as_ptr(),
                    RRF_RT_REG_SZ,
                    ptr::null_mut(),
                    text.as_mut_ptr().cast(),
                    &raw mut size,
                )
            });
            match read {
                Ok(()) => return Ok(narrow(&text)),
                // Texts of which the length is told too short grow, too.
                Err(error) if is(&error, ERROR_MORE_DATA) && text.len() < 1 << 15 => {
                    text.resize(text.len() * 2, 0);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Sets a text with variables (`%SystemRoot%`).
    pub(super) fn set_expandable(&self, name: &str, text: impl AsRef<OsStr>) -> io::Result<()> {
        let bytes: Vec<u8> = wide(text).into_iter().flat_map(u16::to_le_bytes).collect();
        self.set(name, REG_EXPAND_SZ, &bytes)
    }

    pub(super) fn set_number(&self, name: &str, number: u32) -> io::Result<()> {
        self.set(name, REG_DWORD, &number.to_le_bytes())
    }

    fn set(&self, name: &str, kind: REG_VALUE_TYPE, bytes: &[u8]) -> io::Result<()> {
        let name = wide(name);
        let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
        // SAFETY: the name ends with a zero; the bytes have the length that is told.
        code(unsafe { RegSetValueExW(self.0, name.as_ptr(), 0, kind, bytes.as_ptr(), length) })
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        // SAFETY: it is open, and nobody else closes it.
        unsafe { RegCloseKey(self.0) };
    }
}
