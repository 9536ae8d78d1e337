//! Opening a port of the machine.
#![allow(unsafe_code, reason = "the kind of a file has no safe interface")]

use std::borrow::Cow;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::AsRawHandle;
use std::path::Path;
use std::sync::Arc;

use windows_sys::Win32::Devices::Communication::COMMTIMEOUTS;
use windows_sys::Win32::Foundation::{
    ERROR_ACCESS_DENIED, ERROR_FILE_NOT_FOUND, ERROR_PATH_NOT_FOUND, ERROR_PIPE_BUSY,
    ERROR_SHARING_VIOLATION,
};
use windows_sys::Win32::Storage::FileSystem::{
    FILE_FLAG_OVERLAPPED, FILE_TYPE_DISK, GetFileType, SECURITY_IDENTIFICATION,
};

use super::Receiver;
use super::presence::{self, Presence};
use crate::windows::outcome::is;
use crate::windows::serial_line;
use crate::{Error, Result};

/// Opens a virtio port (vioserial: one process at a time may have it open), or a named pipe in
/// its place.
///
/// # Errors
/// It does not exist, may not be opened, or another agent has it.
pub fn virtio_serial(path: &Path) -> Result<Receiver> {
    let port = open(path).map_err(|error| not_opened(path, error))?;
    receiver(port, path, presence::OF_VIRTIO)
}

/// Opens a serial port by its name, with or without `\\.\` before it. Speed and framing stay as
/// they are, as QEMU's agent leaves them.
///
/// # Errors
/// It does not exist, may not be opened, or is no serial port.
pub fn isa_serial(path: &Path) -> Result<Receiver> {
    let opened = open(path).and_then(|port| {
        give_bytes_at_once(&port)?;
        Ok(port)
    });
    let port = opened.map_err(|error| not_opened(path, error))?;
    receiver(port, path, presence::OF_SERIAL)
}

fn receiver(port: File, path: &Path, presence: Presence) -> Result<Receiver> {
    let peer = format!("the hypervisor, through {}", path.display());
    Receiver::new(Arc::new(port), peer, presence).map_err(|error| not_opened(path, error))
}

/// Opens it for us alone. Whoever may be at the other end of a pipe learns who we are and cannot
/// act as us.
pub(super) fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let options = options.read(true).write(true).share_mode(0);
    let options = options.custom_flags(FILE_FLAG_OVERLAPPED);
    let options = options.security_qos_flags(SECURITY_IDENTIFICATION);
    let port = options.open(&*device(path))?;
    if is_on_disk(&port) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is a file, not a port",
        ));
    }
    Ok(port)
}

/// A name without a folder is that of a device.
fn device(path: &Path) -> Cow<'_, Path> {
    match path.components().count() {
        1 if !path.has_root() => Path::new(r"\\.\").join(path).into(),
        _ => path.into(),
    }
}

fn is_on_disk(port: &File) -> bool {
    // SAFETY: the handle is open.
    unsafe { GetFileType(port.as_raw_handle()) == FILE_TYPE_DISK }
}

/// A read ends a millisecond after the last byte, and waits for the first as long as it takes.
fn give_bytes_at_once(port: &File) -> io::Result<()> {
    let timeouts = COMMTIMEOUTS {
        ReadIntervalTimeout: 1,
        ..COMMTIMEOUTS::default()
    };
    serial_line::limit(port, timeouts)
}

/// Whether something is there that somebody else has, or that we may not open. A port that is
/// open says that access is denied, to an administrator too.
pub(super) fn is_refused(error: &io::Error) -> bool {
    let refusals = [
        ERROR_ACCESS_DENIED,
        ERROR_SHARING_VIOLATION,
        ERROR_PIPE_BUSY,
    ];
    refusals.iter().any(|code| is(error, *code))
}

/// Whether something is there that is no port.
pub(super) fn is_no_port(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::InvalidInput
}

fn not_opened(path: &Path, error: io::Error) -> Error {
    let path = path.display();
    let is_missing = is(&error, ERROR_FILE_NOT_FOUND) || is(&error, ERROR_PATH_NOT_FOUND);
    let hint = match () {
        () if is_refused(&error) => " (another agent has it open, or we are no administrator)",
        () if is_missing => " (the machine has no such port, or no driver for it)",
        () => "",
    };
    Error::os(format_args!("error opening channel '{path}'{hint}"), error)
}
