//! Opening: the modes of fopen(3), and what a new file may be.

use std::os::fd::OwnedFd;

use rustix::fs::{Mode, OFlags, fchmod, open as open_file, unlink};
use rustix::io::{Errno, retry_on_intr};

use super::File;
use crate::{Error, Result};

/// What a new file may be, whatever the umask: as QEMU's agent.
const NEW_FILE: Mode = Mode::from_raw_mode(0o666);

/// Opens a file in a mode of fopen(3). It never blocks on a named pipe or a terminal.
///
/// # Errors
/// A mode that is none, and what open(2) refuses, in the words of QEMU's agent.
pub fn open(path: &str, mode: &str) -> Result<File> {
    let Some(access) = access_flags(mode) else {
        let refused = format!("invalid file open mode '{mode}'");
        return Err(Error::Invalid(refused));
    };
    let flags = access | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let fd = if flags.contains(OFlags::CREATE) {
        create_or_open(path, mode, flags)?
    } else {
        retry_on_intr(|| open_file(path, flags, Mode::empty()))
            .map_err(|error| not_opened(path, mode, error))?
    };
    Ok(File { fd })
}

/// The modes that C has, and no letter more.
fn access_flags(mode: &str) -> Option<OFlags> {
    let create = OFlags::CREATE;
    Some(match mode {
        "r" | "rb" => OFlags::RDONLY,
        "w" | "wb" => OFlags::WRONLY | create | OFlags::TRUNC,
        "a" | "ab" => OFlags::WRONLY | create | OFlags::APPEND,
        "r+" | "rb+" | "r+b" => OFlags::RDWR,
        "w+" | "wb+" | "w+b" => OFlags::RDWR | create | OFlags::TRUNC,
        "a+" | "ab+" | "a+b" => OFlags::RDWR | create | OFlags::APPEND,
        _ => return None,
    })
}

/// A file that is created here is created with no permission at all, so that nobody opens it
/// before it has the permissions it shall have; one that exists keeps its own.
fn create_or_open(path: &str, mode: &str, flags: OFlags) -> Result<OwnedFd> {
    match retry_on_intr(|| open_file(path, flags | OFlags::EXCL, Mode::empty())) {
        Ok(fd) => permit(fd, path, mode),
        Err(Errno::EXIST) => {
            let existing = flags - OFlags::CREATE;
            retry_on_intr(|| open_file(path, existing, Mode::empty()))
                .map_err(|error| not_opened(path, mode, error))
        }
        Err(error) => Err(not_opened(path, mode, error)),
    }
}

fn permit(fd: OwnedFd, path: &str, mode: &str) -> Result<OwnedFd> {
    match fchmod(&fd, NEW_FILE) {
        Ok(()) => Ok(fd),
        Err(error) => {
            let _ = unlink(path);
            let what =
                format!("failed to set permission 0666 on new file '{path}' (mode: '{mode}')");
            Err(Error::os(what, error))
        }
    }
}

fn not_opened(path: &str, mode: &str, error: Errno) -> Error {
    Error::os(
        format_args!("failed to open file '{path}' (mode: '{mode}')"),
        error,
    )
}
