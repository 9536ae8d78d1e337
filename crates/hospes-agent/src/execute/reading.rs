//! `guest-file-read`: a piece of a file, read while its reply is written.

use std::io;
use std::sync::PoisonError;

use guest_os::file::{File, Stop};
use qga::{AgentError, FileReadFrame};
use serde_json::Value;

use super::failure;
use crate::files::OpenFile;

/// Bytes that are read at once; a multiple of three, so that base64 needs no carry.
const PIECE: usize = 96 << 10;

/// A piece of a file on its way. Its beginning is read already: a failure up to there is an error
/// reply; after it, the reply ends with what could be read.
pub(crate) struct FileReading {
    file: OpenFile,
    buffer: Vec<u8>,
    /// What `buffer` holds at its beginning.
    held: usize,
    stop: Stop,
    /// Bytes that are wanted after those.
    left: usize,
}

impl FileReading {
    /// Reads the beginning of `count` bytes.
    pub(crate) fn begin(file: OpenFile, count: usize) -> Result<Self, AgentError> {
        let mut buffer = vec![0; count.min(PIECE)];
        let chunk = with(&file, |file| file.read_chunk(&mut buffer));
        let chunk = chunk.map_err(|error| failure::error(&error))?;
        Ok(Self {
            file,
            held: chunk.bytes,
            left: count - buffer.len(),
            stop: chunk.stop,
            buffer,
        })
    }

    /// Hands the reply to `write`, piece by piece.
    pub(crate) fn write(
        mut self,
        id: Option<Value>,
        write: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut out = Vec::with_capacity(self.buffer.len() / 3 * 4 + 256);
        let mut frame = FileReadFrame::begin(&mut out);
        loop {
            frame.push(&self.buffer[..self.held], &mut out);
            if self.stop != Stop::Full || self.left == 0 {
                break;
            }
            write(&out)?;
            out.clear();
            if !self.read_on() {
                break;
            }
        }
        frame.end(self.stop == Stop::End, id.as_ref(), &mut out);
        write(&out)
    }

    /// Reads the next bytes; false when the file fails now: the next request meets it again.
    fn read_on(&mut self) -> bool {
        let wanted = self.left.min(self.buffer.len());
        let buffer = &mut self.buffer[..wanted];
        let Ok(chunk) = with(&self.file, |file| file.read_chunk(buffer)) else {
            self.stop = Stop::Silent;
            return false;
        };
        (self.held, self.stop) = (chunk.bytes, chunk.stop);
        self.left -= wanted;
        true
    }
}

/// One command uses a file at a time.
pub(super) fn with<T>(file: &OpenFile, act: impl FnOnce(&mut File) -> T) -> T {
    act(&mut file.lock().unwrap_or_else(PoisonError::into_inner))
}
