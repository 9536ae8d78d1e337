//! Pipes between a program and us. Our end can be waited for together with other things.
//!
//! ```text
//! program ─► from_program ─► Reader   prepare ─► event ─► take   a read is always under way
//! program ◄─ to_program   ◄─ Writer   prepare ─► event ─► proceed
//! ```
//!
//! Anonymous pipes cannot be waited for, so these have a name, of which nobody else can make use:
//! there is one instance, and we are its client before anybody learns of it.
#![allow(unsafe_code, reason = "named pipes have no safe interface")]

mod reader;
mod writer;

use std::fs::OpenOptions;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::os::windows::io::OwnedHandle;
use std::ptr;

use windows_sys::Win32::Storage::FileSystem::{
    FILE_FLAG_FIRST_PIPE_INSTANCE, FILE_FLAG_OVERLAPPED, PIPE_ACCESS_INBOUND, PIPE_ACCESS_OUTBOUND,
};
use windows_sys::Win32::System::Pipes::{
    CreateNamedPipeW, PIPE_READMODE_BYTE, PIPE_REJECT_REMOTE_CLIENTS, PIPE_TYPE_BYTE, PIPE_WAIT,
};

use super::handle::inheritable;
use crate::windows::handle::take_over;
use crate::windows::wide::wide;
pub(in crate::windows) use reader::Reader;
pub(in crate::windows) use writer::Writer;

/// Bytes that a pipe holds, and that are moved at once.
const PIPE_BYTES: usize = 64 << 10;

/// A pipe that we read, and its other end for a program.
pub(in crate::windows) fn from_program() -> io::Result<(Reader, OwnedHandle)> {
    let (ours, name) = create(PIPE_ACCESS_INBOUND)?;
    let theirs = inheritable(OpenOptions::new().write(true).open(name)?)?;
    Ok((Reader::new(ours)?, theirs))
}

/// A pipe on which a program reads `bytes` to their end, and its other end for the program.
pub(in crate::windows) fn to_program(bytes: &[u8]) -> io::Result<(Writer, OwnedHandle)> {
    let (ours, name) = create(PIPE_ACCESS_OUTBOUND)?;
    let theirs = inheritable(OpenOptions::new().read(true).open(name)?)?;
    Ok((Writer::new(ours, bytes)?, theirs))
}

fn create(direction: u32) -> io::Result<(OwnedHandle, String)> {
    let unique = RandomState::new().hash_one(std::process::id());
    let name = format!(
        r"\\.\pipe\hospes-agent.{}.{unique:016x}",
        std::process::id()
    );
    let wide_name = wide(&name);
    // SAFETY: the name ends in a zero; no attributes are valid.
    let made = unsafe {
        CreateNamedPipeW(
            wide_name.as_ptr(),
            direction | FILE_FLAG_OVERLAPPED | FILE_FLAG_FIRST_PIPE_INSTANCE,
            PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS,
            1,
            PIPE_BYTES as u32,
            PIPE_BYTES as u32,
            0,
            ptr::null(),
        )
    };
    // SAFETY: the call has made the handle for us.
    Ok((unsafe { take_over(made) }?, name))
}

#[cfg(test)]
mod tests;
