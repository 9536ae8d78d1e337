//! Volumes and where they are mounted.
#![allow(unsafe_code, reason = "the Win32 API")]

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::PathBuf;

use windows_sys::Win32::Foundation::{
    ERROR_MORE_DATA, ERROR_NO_MORE_FILES, HANDLE, INVALID_HANDLE_VALUE, MAX_PATH,
};
use windows_sys::Win32::Storage::FileSystem::{
    FindFirstVolumeW, FindNextVolumeW, FindVolumeClose, GetVolumePathNamesForVolumeNameW,
};

use super::freeze::NO_PROVIDER;
use super::outcome::is;
use super::wide::{list, narrow, wide};
use crate::{Error, Result};

/// One mounted volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// Its name (`\\?\Volume{...}\`).
    pub volume: OsString,
    /// Where it is mounted first (`C:\`).
    pub mountpoint: PathBuf,
}

/// The file systems that can be frozen.
///
/// # Errors
/// Always: [`Error::Unsupported`].
pub fn freezable() -> Result<Vec<Mount>> {
    Err(NO_PROVIDER)
}

/// Every volume that is mounted somewhere.
///
/// # Errors
/// When Windows does not tell.
pub fn mounts() -> Result<Vec<Mount>> {
    let mounted = |volume: OsString| {
        let mountpoint = first_mountpoint(&volume)?;
        Some(Mount { volume, mountpoint })
    };
    Ok(volumes()?.into_iter().filter_map(mounted).collect())
}

/// The names of all volumes.
pub(super) fn volumes() -> Result<Vec<OsString>> {
    every_volume().map_err(|error| Error::os("failed to list the volumes", error))
}

fn every_volume() -> io::Result<Vec<OsString>> {
    // A name has 49 characters, and a zero.
    let mut name = [0; 64];
    let length = u32::try_from(name.len()).unwrap_or(0);
    // SAFETY: the buffer has the length that is told.
    let handle = unsafe { FindFirstVolumeW(name.as_mut_ptr(), length) };
    if handle == INVALID_HANDLE_VALUE {
        return Err(io::Error::last_os_error());
    }
    let search = Search(handle);
    let mut volumes = Vec::new();
    loop {
        volumes.push(narrow(&name));
        // SAFETY: the search is open; the buffer has the length that is told.
        if unsafe { FindNextVolumeW(search.0, name.as_mut_ptr(), length) } == 0 {
            let error = io::Error::last_os_error();
            return match is(&error, ERROR_NO_MORE_FILES) {
                true => Ok(volumes),
                false => Err(error),
            };
        }
    }
}

/// Where a volume is mounted first; `None` for one that is mounted nowhere.
pub(super) fn first_mountpoint(volume: &OsStr) -> Option<PathBuf> {
    let name = wide(volume);
    let mut paths = vec![0; MAX_PATH as usize];
    loop {
        let mut needed = 0;
        let length = u32::try_from(paths.len()).ok()?;
        // SAFETY: the name ends with a zero; the buffer has the length that is told.
        let done = unsafe {
            GetVolumePathNamesForVolumeNameW(
                name.as_ptr(),
                paths.as_mut_ptr(),
                length,
                &raw mut needed,
            )
        };
        if done != 0 {
            return list(&paths).next().map(PathBuf::from);
        }
        let grows = needed > length && is(&io::Error::last_os_error(), ERROR_MORE_DATA);
        if !grows {
            return None;
        }
        paths.resize(needed as usize, 0);
    }
}

/// A search for volumes that is closed when it is dropped.
struct Search(HANDLE);

impl Drop for Search {
    fn drop(&mut self) {
        // SAFETY: it is open, and nobody else closes it.
        unsafe { FindVolumeClose(self.0) };
    }
}
