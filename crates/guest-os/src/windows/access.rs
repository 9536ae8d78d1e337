//! Files and folders, by who may use them.
//!
//! Folders that everybody may write to hand that down (`C:\ProgramData`), so what is created here
//! has permissions of its own. And whoever owns a folder may do anything with what is in it: one
//! that was there before is used only when it is the system's, an administrator's or ours.

mod owner;

#[cfg(test)]
mod tests;

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::Path;

use windows_sys::Win32::Storage::FileSystem::CREATE_ALWAYS;

use super::descriptor::Descriptor;

pub(super) use owner::check as check_owner;

/// The system, administrators and the owner may do everything, others nothing. In the words of
/// security descriptors: protected (`P`) from what the folder above hands down, and handed down to
/// files and folders (`OICI`).
const PRIVATE: &str = "D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;OW)";
/// And users may read.
const READABLE: &str = "D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;OW)(A;OICI;FRFX;;;BU)";
/// Programs that Windows starts by themselves.
const PROGRAMS: [&str; 4] = ["exe", "com", "bat", "cmd"];

/// Creates a folder that only we can look into, and administrators.
///
/// # Errors
/// As `CreateDirectoryW`: also when there is one.
pub fn create_private_folder(path: &Path) -> io::Result<()> {
    Descriptor::new(PRIVATE)?.create_folder(path)
}

/// Creates folders, as far as they are missing, that everybody may read and only we write, and
/// administrators.
///
/// # Errors
/// As `CreateDirectoryW`; [`ErrorKind::PermissionDenied`] when there is one that belongs to
/// somebody else, who could change what we put into it.
pub fn create_folders(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return owner::check(path);
    }
    if let Some(parent) = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
    {
        create_folders(parent)?;
    }
    match Descriptor::new(READABLE)?.create_folder(path) {
        // Somebody was faster.
        Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => {
            owner::check(path)
        }
        created => created,
    }
}

/// Creates a file, or empties it, that everybody may read and only we write, and administrators.
///
/// # Errors
/// As `CreateFileW`.
pub fn create_file(path: &Path) -> io::Result<File> {
    Descriptor::new(READABLE)?.create_file(path, CREATE_ALWAYS)
}

/// Creates a file that can be executed, by whom its folder permits: names say here what is a
/// program.
///
/// # Errors
/// As `CreateFileW`: also when there is one.
pub fn create_program(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

/// Whether Windows starts a file as a program.
///
/// # Errors
/// As `GetFileInformationByHandle`.
pub fn is_program(path: &Path) -> io::Result<bool> {
    let is_file = path.metadata()?.is_file();
    let ending = path.extension().unwrap_or_default();
    let is_known = PROGRAMS
        .iter()
        .any(|program| ending.eq_ignore_ascii_case(program));
    Ok(is_file && is_known)
}
