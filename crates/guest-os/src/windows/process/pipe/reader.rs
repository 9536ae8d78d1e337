//! The end of a pipe that we read.

use std::fs::File;
use std::io;
use std::os::windows::io::{AsRawHandle, BorrowedHandle, OwnedHandle};
use std::ptr;
use std::sync::Arc;
use std::time::Duration;

use windows_sys::Win32::Foundation::ERROR_OPERATION_ABORTED;
use windows_sys::Win32::System::Pipes::PeekNamedPipe;

use super::PIPE_BYTES;
use crate::windows::outcome::is;
use crate::windows::overlapped::Operation;

/// How long bytes are waited for that are in a pipe already.
const THERE_WITHIN: Duration = Duration::from_secs(60);

/// What a program prints.
#[derive(Debug)]
pub(in crate::windows) struct Reader {
    /// `None`: nobody holds the other end any more.
    operation: Option<Operation>,
    received: usize,
}

impl Reader {
    pub(super) fn new(pipe: OwnedHandle) -> io::Result<Self> {
        let operation = Operation::new(&Arc::new(File::from(pipe)), PIPE_BYTES)?;
        Ok(Self {
            operation: Some(operation),
            received: 0,
        })
    }

    /// Sees to it that a read is under way; closes at the end of the stream.
    pub(in crate::windows) fn prepare(&mut self) {
        if let Some(operation) = &mut self.operation
            && !operation.is_under_way()
            && operation.read().is_err()
        {
            self.operation = None;
        }
    }

    /// Signalled when there is something to take. `None`: closed.
    pub(in crate::windows) fn event(&self) -> Option<BorrowedHandle<'_>> {
        self.operation.as_ref().map(Operation::event)
    }

    /// Takes what the read has brought: how many bytes. None while it is under way; closes at the
    /// end of the stream.
    pub(in crate::windows) fn receive(&mut self) -> usize {
        self.note(|operation| operation.wait(Some(Duration::ZERO)));
        self.received
    }

    /// What was received last, until the next read is begun.
    pub(in crate::windows) fn received(&self) -> &[u8] {
        let buffer = self.operation.as_ref().map(Operation::bytes);
        buffer
            .and_then(|buffer| buffer.get(..self.received))
            .unwrap_or_default()
    }

    /// Both at once.
    pub(in crate::windows) fn take(&mut self) -> &[u8] {
        self.receive();
        self.received()
    }

    /// What is in the pipe now, however much is printed meanwhile. No read is under way then.
    pub(in crate::windows) fn drain(&mut self, mut each: impl FnMut(&[u8])) {
        self.note(Operation::cancel);
        each(self.received());
        let mut left = self.available();
        while left > 0 {
            self.prepare();
            // It does not wait: there are bytes, and nobody else takes them. One that brings none
            // met a write of none, behind which they are.
            if !self.note(|operation| operation.wait(Some(THERE_WITHIN))) {
                return;
            }
            each(self.received());
            left = left.saturating_sub(self.received);
        }
    }

    /// The pipe, if somebody may still hold its other end. Nothing that came since
    /// [`drain`](Self::drain) is lost.
    pub(in crate::windows) fn into_pipe(self) -> Option<OwnedHandle> {
        let pipe = Arc::clone(self.operation.as_ref()?.file());
        drop(self);
        Arc::into_inner(pipe).map(OwnedHandle::from)
    }

    fn available(&self) -> usize {
        let Some(operation) = &self.operation else {
            return 0;
        };
        let (pipe, none, mut count) = (operation.file().as_raw_handle(), ptr::null_mut(), 0);
        // SAFETY: asks for the count alone. A pipe that is broken has nothing.
        unsafe {
            PeekNamedPipe(
                pipe,
                none,
                0,
                ptr::null_mut(),
                &raw mut count,
                ptr::null_mut(),
            )
        };
        count as usize
    }

    /// Takes note of how the read has ended, if it has; closes at the end of the stream. Whether it
    /// has brought something, were it no bytes.
    fn note(&mut self, end: impl FnOnce(&mut Operation) -> io::Result<Option<usize>>) -> bool {
        let ended = self.operation.as_mut().map_or(Ok(None), end);
        let brought = ended.unwrap_or_else(|error| {
            // Cancelled by us, or by the end of the thread that began it.
            if !is(&error, ERROR_OPERATION_ABORTED) {
                self.operation = None;
            }
            None
        });
        self.received = brought.unwrap_or(0);
        brought.is_some()
    }
}
