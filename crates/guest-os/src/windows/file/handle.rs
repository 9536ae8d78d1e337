//! Reading, writing and moving in an open file.
#![allow(
    unsafe_code,
    reason = "std takes a pipe that is empty for one that has ended"
)]

use std::io::{self, ErrorKind, Seek, SeekFrom, Write};
use std::os::windows::io::AsRawHandle;
use std::ptr::null_mut;

use qga::Whence;
use qga::results::file::FileSeek;
use windows_sys::Win32::Foundation::{ERROR_BROKEN_PIPE, ERROR_HANDLE_EOF, ERROR_NEGATIVE_SEEK};
use windows_sys::Win32::Storage::FileSystem::ReadFile;

use crate::windows::outcome::{is, succeeded};
use crate::{Error, Result};

/// An open file.
#[derive(Debug)]
pub struct File {
    pub(super) file: std::fs::File,
    /// Its other end may never take what was written.
    pub(super) is_pipe: bool,
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
    /// Nothing more now: a pipe whose other end is silent.
    Silent,
}

impl File {
    /// Reads at the position until the buffer is full, the file ends or nothing more is there
    /// now.
    ///
    /// # Errors
    /// Also when nothing at all is there now (`ERROR_NO_DATA`). Bytes that came before an error
    /// are brought without it: it comes again with the next read.
    pub fn read_chunk(&mut self, buffer: &mut [u8]) -> Result<Chunk> {
        let mut bytes = 0;
        let stop = loop {
            if bytes == buffer.len() {
                break Stop::Full;
            }
            match self.read(&mut buffer[bytes..]) {
                Ok(0) => break Stop::End,
                Ok(count) => bytes += count,
                Err(_) if bytes > 0 => break Stop::Silent,
                Err(error) => return Err(Error::os("failed to read file", error)),
            }
        };
        Ok(Chunk { bytes, stop })
    }

    fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = u32::try_from(buffer.len()).unwrap_or(u32::MAX);
        let mut count = 0;
        // SAFETY: the file is open for operations that end before the call does, and the buffer
        // has so much room.
        let read = succeeded(unsafe {
            ReadFile(
                self.file.as_raw_handle(),
                buffer.as_mut_ptr(),
                room,
                &raw mut count,
                null_mut(),
            )
        });
        match read {
            Err(error) if is(&error, ERROR_BROKEN_PIPE) || is(&error, ERROR_HANDLE_EOF) => Ok(0),
            read => read.map(|()| count as usize),
        }
    }

    /// Writes everything at the position, or at the end in an `a` mode.
    ///
    /// # Errors
    /// When not all could be written: a part may have been. A pipe that takes nothing now is
    /// not waited for.
    pub fn write_all_of(&mut self, bytes: &[u8]) -> Result<()> {
        let written = self.file.write_all(bytes);
        written.map_err(|error| {
            let error = match error.kind() {
                ErrorKind::WriteZero => io::Error::other("it takes nothing now"),
                _ => error,
            };
            Error::os("failed to write to file", error)
        })
    }

    /// Moves the position.
    ///
    /// # Errors
    /// Before the beginning.
    pub fn seek(&mut self, offset: i64, whence: Whence) -> Result<FileSeek> {
        let target = match whence {
            Whence::Set => u64::try_from(offset).map(SeekFrom::Start),
            Whence::Current => Ok(SeekFrom::Current(offset)),
            Whence::End => Ok(SeekFrom::End(offset)),
        };
        target
            .map_err(|_| io::Error::from_raw_os_error(ERROR_NEGATIVE_SEEK.cast_signed()))
            .and_then(|target| self.file.seek(target))
            .map(|position| FileSeek {
                position: i64::try_from(position).unwrap_or(i64::MAX),
                eof: false,
            })
            .map_err(|error| Error::os("failed to seek file", error))
    }

    /// Waits until what was written is on the disk, as QEMU's agent does on Windows; what is in
    /// a pipe is not waited for.
    ///
    /// # Errors
    /// Of a file that was opened only to be read, too.
    pub fn flush(&mut self) -> Result<()> {
        if self.is_pipe {
            return Ok(());
        }
        let flushed = self.file.sync_all();
        flushed.map_err(|error| Error::os("failed to flush file", error))
    }

    /// Closes the file.
    ///
    /// # Errors
    /// None: Windows tells them with the write.
    pub fn close(self) -> Result<()> {
        drop(self.file);
        Ok(())
    }
}
