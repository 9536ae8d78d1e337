//! Opening: the modes of fopen(3), and what is no file.
#![allow(unsafe_code, reason = "pipes have no safe interface")]

use std::fs::OpenOptions;
use std::io;
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::AsRawHandle;
use std::ptr::null;

use windows_sys::Win32::Devices::Communication::COMMTIMEOUTS;
use windows_sys::Win32::Foundation::GENERIC_READ;
use windows_sys::Win32::Storage::FileSystem::{
    FILE_TYPE_CHAR, FILE_TYPE_PIPE, FILE_WRITE_ATTRIBUTES, GetFileType, SECURITY_IDENTIFICATION,
};
use windows_sys::Win32::System::Pipes::{PIPE_NOWAIT, SetNamedPipeHandleState};

use super::File;
use crate::windows::outcome::succeeded;
use crate::windows::serial_line;
use crate::{Error, Result};

/// Opens a file in a mode of fopen(3). It never blocks on a named pipe or a serial port.
///
/// # Errors
/// A mode that is none, and what `CreateFileW` refuses, in the words of QEMU's agent.
pub fn open(path: &str, mode: &str) -> Result<File> {
    let Some(mut options) = options(mode) else {
        let refused = format!("invalid file open mode '{mode}'");
        return Err(Error::Invalid(refused));
    };
    if is_pipe(path) {
        options = pipe_options(mode);
    }
    // Whoever is at the other end of a pipe learns who we are and cannot act as us.
    options.security_qos_flags(SECURITY_IDENTIFICATION);
    let opened = options.open(path).and_then(never_wait);
    opened.map_err(|error| Error::os(format_args!("failed to open file '{path}'"), error))
}

/// The modes that C has, and no letter more.
fn options(mode: &str) -> Option<OpenOptions> {
    let mut options = OpenOptions::new();
    match mode {
        "r" | "rb" => options.read(true),
        "w" | "wb" => options.write(true).create(true).truncate(true),
        "a" | "ab" => options.append(true).create(true),
        "r+" | "rb+" | "r+b" => options.read(true).write(true),
        "w+" | "wb+" | "w+b" => options.read(true).write(true).create(true).truncate(true),
        "a+" | "ab+" | "a+b" => options.read(true).append(true).create(true),
        _ => return None,
    };
    Some(options)
}

/// A pipe is not created, emptied or written at its end. To make it wait for nobody takes a right
/// that reading alone does not bring.
fn pipe_options(mode: &str) -> OpenOptions {
    let mut options = OpenOptions::new();
    match mode {
        "r" | "rb" => options.access_mode(GENERIC_READ | FILE_WRITE_ATTRIBUTES),
        _ => options.read(mode.contains('+')).write(true),
    };
    options
}

/// `\\.\pipe\NAME`, `\\SERVER\pipe\NAME`.
fn is_pipe(path: &str) -> bool {
    let mut parts = path.split(['\\', '/']);
    let begins = parts.next() == Some("") && parts.next() == Some("");
    begins
        && parts
            .nth(1)
            .is_some_and(|part| part.eq_ignore_ascii_case("pipe"))
}

fn never_wait(file: std::fs::File) -> io::Result<File> {
    // SAFETY: the handle is open.
    let kind = unsafe { GetFileType(file.as_raw_handle()) };
    match kind {
        FILE_TYPE_PIPE => take_what_is_there(&file)?,
        // What is no serial port refuses, and gives what it has.
        FILE_TYPE_CHAR => drop(give_what_is_there(&file)),
        _ => {}
    }
    let is_pipe = kind == FILE_TYPE_PIPE;
    Ok(File { file, is_pipe })
}

/// Of a pipe.
fn take_what_is_there(file: &std::fs::File) -> io::Result<()> {
    let mode = PIPE_NOWAIT;
    // SAFETY: the handle is open, and `mode` lives during the call.
    succeeded(unsafe {
        SetNamedPipeHandleState(file.as_raw_handle(), &raw const mode, null(), null())
    })
}

/// Of a serial port, which takes what it can within a second.
fn give_what_is_there(file: &std::fs::File) -> io::Result<()> {
    let timeouts = COMMTIMEOUTS {
        ReadIntervalTimeout: u32::MAX,
        WriteTotalTimeoutConstant: 1000,
        ..COMMTIMEOUTS::default()
    };
    serial_line::limit(file, timeouts)
}
