//! The end of a pipe that we write.

use std::io;
use std::os::windows::io::{BorrowedHandle, OwnedHandle};

use windows_sys::Win32::Foundation::ERROR_OPERATION_ABORTED;

use super::PIPE_BYTES;
use super::operation::Operation;
use crate::windows::outcome::is;

/// What a program reads.
#[derive(Debug)]
pub(in crate::windows) struct Writer {
    /// `None`: all is written, or nobody reads any more.
    operation: Option<Operation>,
    written: usize,
    length: usize,
}

impl Writer {
    pub(super) fn new(pipe: OwnedHandle, bytes: &[u8]) -> io::Result<Self> {
        Ok(Self {
            operation: Some(Operation::new(pipe, bytes.to_vec())?),
            written: 0,
            length: bytes.len(),
        })
    }

    /// Sees to it that a write is under way; closes after the last byte.
    pub(in crate::windows) fn prepare(&mut self) {
        if let Some(operation) = &mut self.operation
            && !operation.is_under_way()
            && (self.written == self.length || operation.write(self.written, PIPE_BYTES).is_err())
        {
            self.operation = None;
        }
    }

    /// Signalled when the write has ended. `None`: closed.
    pub(in crate::windows) fn event(&self) -> Option<BorrowedHandle<'_>> {
        self.operation.as_ref().map(Operation::event)
    }

    /// Takes note of what is written.
    pub(in crate::windows) fn proceed(&mut self) {
        match self.operation.as_mut().and_then(Operation::result) {
            None => {}
            Some(Ok(count)) => self.written += count,
            // By the end of the thread that began it.
            Some(Err(error)) if is(&error, ERROR_OPERATION_ABORTED) => {}
            Some(Err(_)) => self.operation = None,
        }
    }
}
