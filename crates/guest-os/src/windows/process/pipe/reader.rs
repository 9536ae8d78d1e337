//! The end of a pipe that we read.

use std::io;
use std::os::windows::io::{AsRawHandle, BorrowedHandle, OwnedHandle};
use std::ptr;

use windows_sys::Win32::Foundation::ERROR_OPERATION_ABORTED;
use windows_sys::Win32::System::Pipes::PeekNamedPipe;

use super::PIPE_BYTES;
use super::operation::Operation;
use crate::windows::outcome::is;

/// What a program prints.
#[derive(Debug)]
pub(in crate::windows) struct Reader {
    /// `None`: nobody holds the other end any more.
    operation: Option<Operation>,
    received: usize,
}

impl Reader {
    pub(super) fn new(pipe: OwnedHandle) -> io::Result<Self> {
        let operation = Operation::new(pipe, vec![0; PIPE_BYTES])?;
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
        let result = self.operation.as_mut().and_then(Operation::result);
        self.note(result)
    }

    /// What was received last, until the next read is begun.
    pub(in crate::windows) fn received(&self) -> &[u8] {
        let buffer = self.operation.as_ref().map(Operation::buffer);
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
        let cancelled = self.operation.as_mut().and_then(Operation::cancel);
        self.note(cancelled);
        each(self.received());
        let mut left = self.available();
        while left > 0 {
            self.prepare();
            // It does not wait: there are bytes, and nobody else takes them.
            let result = self.operation.as_mut().and_then(Operation::wait);
            let count = self.note(result);
            if count == 0 {
                return;
            }
            each(self.received());
            left = left.saturating_sub(count);
        }
    }

    /// The pipe, if somebody may still hold its other end. Nothing that came since
    /// [`drain`](Self::drain) is lost.
    pub(in crate::windows) fn into_pipe(self) -> Option<OwnedHandle> {
        self.operation?.into_pipe().ok()
    }

    fn available(&self) -> usize {
        let Some(operation) = &self.operation else {
            return 0;
        };
        let (pipe, none, mut count) = (operation.pipe().as_raw_handle(), ptr::null_mut(), 0);
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

    fn note(&mut self, result: Option<io::Result<usize>>) -> usize {
        self.received = match result {
            None => 0,
            Some(Ok(count)) => count,
            // By us, or by the end of the thread that began it.
            Some(Err(error)) if is(&error, ERROR_OPERATION_ABORTED) => 0,
            Some(Err(_)) => {
                self.operation = None;
                0
            }
        };
        self.received
    }
}
