//! The mounted file systems (`guest-get-fsinfo`).
#![allow(unsafe_code, reason = "the Win32 API")]

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::ptr;

use qga::results::storage::Filesystem;
use windows_sys::Win32::Storage::FileSystem::{GetDiskFreeSpaceExW, GetVolumeInformationW};

use super::disks::{Disks, disks_under};
use super::mounts::{first_mountpoint, volumes};
use super::wide::{narrow, wide};
use crate::Result;

/// What QEMU's agent says of a volume that is mounted nowhere.
const NOWHERE: &str = "System Reserved";

/// Every volume with a file system that can be read: no empty drives.
///
/// # Errors
/// When Windows does not tell.
pub fn filesystems() -> Result<Vec<Filesystem>> {
    // Without them a file system is still told.
    let disks = Disks::find().ok();
    let filesystem = |volume: OsString| filesystem(&volume, disks.as_ref());
    Ok(volumes()?.into_iter().filter_map(filesystem).collect())
}

fn filesystem(volume: &OsStr, disks: Option<&Disks>) -> Option<Filesystem> {
    let fs_type = fs_type(volume)?;
    let mountpoint = first_mountpoint(volume);
    let space = mountpoint.as_deref().and_then(Space::of);
    let carriers = disks_under(volume).unwrap_or_default();
    let address = |number| disks?.address(number);
    Some(Filesystem {
        name: volume.to_string_lossy().into_owned(),
        mountpoint: mountpoint.map_or_else(
            || NOWHERE.to_owned(),
            |path| path.to_string_lossy().into_owned(),
        ),
        fs_type,
        used_bytes: space.as_ref().map(|space| space.total - space.free),
        total_bytes: space.as_ref().map(|space| space.total),
        total_bytes_privileged: None,
        disk: carriers.into_iter().filter_map(address).collect(),
    })
}

/// `NTFS`; `None` for a drive without a medium.
fn fs_type(volume: &OsStr) -> Option<String> {
    let volume = wide(volume);
    let mut name = [0; 64];
    // SAFETY: the volume's name ends with a zero; the buffer has the length that is told; what is
    // not asked for is null.
    let done = unsafe {
        GetVolumeInformationW(
            volume.as_ptr(),
            ptr::null_mut(),
            0,
            ptr::null_mut(),
            ptr::null_mut(),
            ptr::null_mut(),
            name.as_mut_ptr(),
            64,
        )
    };
    (done != 0).then(|| narrow(&name).to_string_lossy().into_owned())
}

/// Bytes of a file system.
struct Space {
    total: u64,
    /// Never more than `total`.
    free: u64,
}

impl Space {
    fn of(mountpoint: &Path) -> Option<Self> {
        let path = wide(mountpoint);
        let (mut total, mut free) = (0, 0);
        // SAFETY: the path ends with a zero; both numbers are written to; the third is not asked
        // for.
        let done = unsafe {
            GetDiskFreeSpaceExW(
                path.as_ptr(),
                ptr::null_mut(),
                &raw mut total,
                &raw mut free,
            )
        };
        // With a quota of the agent's user, more may be free than there is.
        (done != 0).then(|| Self {
            total,
            free: free.min(total),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_drive_is_listed_with_its_space() {
        let found = filesystems().expect("a list");
        let is_system = |found: &&Filesystem| found.mountpoint.eq_ignore_ascii_case(r"C:\");
        let system = found.iter().find(is_system).expect("the system drive");
        assert!(system.name.starts_with(r"\\?\Volume{"), "{}", system.name);
        assert!(!system.fs_type.is_empty());
        assert!(system.total_bytes > Some(0));
        assert!(system.used_bytes <= system.total_bytes);
    }
}
