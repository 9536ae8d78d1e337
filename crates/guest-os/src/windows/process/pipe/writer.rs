//! The end of a pipe that we write.

use std::fs::File;
use std::io;
use std::os::windows::io::{BorrowedHandle, OwnedHandle};
use std::sync::Arc;
use std::time::Duration;

use super::PIPE_BYTES;
use crate::windows::overlapped::Operation;

/// What a program reads.
#[derive(Debug)]
pub(in crate::windows) struct Writer {
    /// `None`: all is written, or nobody reads any more.
    operation: Option<Operation>,
    bytes: Vec<u8>,
    written: usize,
}

impl Writer {
    pub(super) fn new(pipe: OwnedHandle, bytes: &[u8]) -> io::Result<Self> {
        let room = bytes.len().min(PIPE_BYTES);
        Ok(Self {
            operation: Some(Operation::new(&Arc::new(File::from(pipe)), room)?),
            bytes: bytes.to_vec(),
            written: 0,
        })
    }

    /// Sees to it that a write is under way; closes after the last byte.
    pub(in crate::windows) fn prepare(&mut self) {
        let left = self.bytes.get(self.written..).unwrap_or_default();
        if let Some(operation) = &mut self.operation
            && !operation.is_under_way()
            && (left.is_empty() || operation.write(left).is_err())
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
        let Some(operation) = &mut self.operation else {
            return;
        };
        match operation.wait(Some(Duration::ZERO)) {
            Ok(count) => self.written += count.unwrap_or(0),
            Err(_) => self.operation = None,
        }
    }
}
