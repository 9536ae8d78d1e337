//! Reading, writing and moving in an open file.
#![allow(
    unsafe_code,
    reason = "close(2) tells its error through no safe interface"
)]

use std::io;
use std::os::fd::{IntoRawFd, OwnedFd};

use qga::Whence;
use qga::results::file::FileSeek;
use rustix::fs::{SeekFrom, seek};
use rustix::io::{Errno, read, write};

use crate::{Error, Result};

/// An open file.
#[derive(Debug)]
pub struct File {
    pub(super) fd: OwnedFd,
}

/// What [`File::read_chunk`] brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunk {
    /// Bytes at the beginning of the buffer.
    pub bytes: usize,
    /// Why it is no more.
    pub stop: Stop,
}

/// Why a chunk ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The buffer is full.
    Full,
    /// The end of the file.
    End,
    /// Nothing more now: a pipe or terminal whose other end is silent.
    Silent,
}

impl File {
    /// Reads at the position until the buffer is full, the file ends or nothing more is there
    /// now.
    ///
    /// # Errors
    /// Also when nothing at all is there now (`EAGAIN`). Bytes that came before an error are
    /// brought without it: it comes again with the next read.
    pub fn read_chunk(&mut self, buffer: &mut [u8]) -> Result<Chunk> {
        let mut bytes = 0;
        let stop = loop {
            if bytes == buffer.len() {
                break Stop::Full;
            }
            match read(&self.fd, &mut buffer[bytes..]) {
                Ok(0) => break Stop::End,
                Ok(count) => bytes += count,
                Err(Errno::INTR) => {}
                Err(_) if bytes > 0 => break Stop::Silent,
                Err(error) => return Err(Error::os("failed to read file", error)),
            }
        };
        Ok(Chunk { bytes, stop })
    }

    /// Writes everything at the position, or at the end in an `a` mode.
    ///
    /// # Errors
    /// When not all could be written: a part may have been.
    pub fn write_all_of(&mut self, bytes: &[u8]) -> Result<()> {
        let mut left = bytes;
        while !left.is_empty() {
            match write(&self.fd, left) {
                Ok(0) => return Err(not_written(Errno::IO)),
                Ok(count) => left = &left[count..],
                Err(Errno::INTR) => {}
                Err(error) => return Err(not_written(error)),
            }
        }
        Ok(())
    }

    /// Moves the position.
    ///
    /// # Errors
    /// Before the beginning; on what has no position (a pipe).
    pub fn seek(&mut self, offset: i64, whence: Whence) -> Result<FileSeek> {
        let target = match whence {
            Whence::Set => u64::try_from(offset).map(SeekFrom::Start),
            Whence::Current => Ok(SeekFrom::Current(offset)),
            Whence::End => Ok(SeekFrom::End(offset)),
        };
        target
            .map_err(|_| Errno::INVAL)
            .and_then(|target| seek(&self.fd, target))
            .map(|position| FileSeek {
                position: i64::try_from(position).unwrap_or(i64::MAX),
                eof: false,
            })
            .map_err(|error| Error::os("failed to seek file", error))
    }

    /// Has nothing to do: nothing is held back. As fflush(3), it does not wait for the disk.
    ///
    /// # Errors
    /// None; a network file system tells its errors when a file is closed.
    pub fn flush(&mut self) -> Result<()> {
        Ok(())
    }

    /// Closes the file.
    ///
    /// # Errors
    /// What the file system tells only now (NFS); the file is closed all the same.
    pub fn close(self) -> Result<()> {
        // SAFETY: the descriptor was owned by `self`, so nobody else uses or closes it.
        match unsafe { libc::close(self.fd.into_raw_fd()) } {
            0 => Ok(()),
            _ => Err(Error::os(
                "failed to close handle",
                io::Error::last_os_error(),
            )),
        }
    }
}

fn not_written(error: Errno) -> Error {
    Error::os("failed to write to file", error)
}
