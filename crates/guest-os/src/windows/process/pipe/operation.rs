//! One read or write that is under way on a pipe.

use std::io;
use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, OwnedHandle};
use std::ptr::{self, NonNull};

use windows_sys::Win32::Foundation::{ERROR_IO_INCOMPLETE, ERROR_IO_PENDING, FALSE, TRUE};
use windows_sys::Win32::Storage::FileSystem::{ReadFile, WriteFile};
use windows_sys::Win32::System::IO::{CancelIoEx, GetOverlappedResult, OVERLAPPED};
use windows_sys::Win32::System::Threading::CreateEventW;
use windows_sys::core::BOOL;

use super::super::handle::take_over;
use crate::windows::outcome::{is, succeeded};

/// A pipe, and a buffer that the system may read or write while an operation is under way.
#[derive(Debug)]
pub(super) struct Operation {
    pipe: OwnedHandle,
    event: OwnedHandle,
    shared: NonNull<Shared>,
    is_under_way: bool,
}

/// What the system has pointers to. Nothing else points to it meanwhile.
struct Shared {
    overlapped: OVERLAPPED,
    buffer: Vec<u8>,
}

// SAFETY: what is shared with the system belongs to the operation alone, and any thread may ask
// for its result. The end of the thread that began it only cancels it.
unsafe impl Send for Operation {}

impl Operation {
    pub(super) fn new(pipe: OwnedHandle, buffer: Vec<u8>) -> io::Result<Self> {
        // SAFETY: no attributes and no name are valid.
        let made = unsafe { CreateEventW(ptr::null(), TRUE, FALSE, ptr::null()) };
        // SAFETY: the call has made the handle for us.
        let event = unsafe { take_over(made) }?;
        let overlapped = OVERLAPPED {
            hEvent: event.as_raw_handle(),
            ..OVERLAPPED::default()
        };
        let shared = Box::new(Shared { overlapped, buffer });
        Ok(Self {
            pipe,
            event,
            shared: NonNull::from(Box::leak(shared)),
            is_under_way: false,
        })
    }

    /// Signalled when the operation has ended.
    pub(super) fn event(&self) -> BorrowedHandle<'_> {
        self.event.as_handle()
    }

    pub(super) fn pipe(&self) -> BorrowedHandle<'_> {
        self.pipe.as_handle()
    }

    pub(super) const fn is_under_way(&self) -> bool {
        self.is_under_way
    }

    /// The buffer, while nothing is under way.
    pub(super) fn buffer(&self) -> &[u8] {
        if self.is_under_way {
            return &[];
        }
        // SAFETY: the system has no pointer to it now, and `self` is borrowed as long as it is.
        let shared = unsafe { self.shared.as_ref() };
        &shared.buffer
    }

    /// Begins to read as much as the buffer holds.
    pub(super) fn read(&mut self) -> io::Result<()> {
        let (room, length) = self.idle_buffer(0, usize::MAX);
        let overlapped = self.overlapped();
        // SAFETY: buffer and overlapped stay where they are, untouched by us, until the operation
        // has ended: `Drop` waits for that.
        let answer = unsafe {
            ReadFile(
                self.pipe.as_raw_handle(),
                room,
                length,
                ptr::null_mut(),
                overlapped,
            )
        };
        self.begun(answer)
    }

    /// Begins to write `at_most` bytes of the buffer, from `start` on.
    pub(super) fn write(&mut self, start: usize, at_most: usize) -> io::Result<()> {
        let (bytes, length) = self.idle_buffer(start, at_most);
        let overlapped = self.overlapped();
        // SAFETY: as in `read`.
        let answer = unsafe {
            WriteFile(
                self.pipe.as_raw_handle(),
                bytes,
                length,
                ptr::null_mut(),
                overlapped,
            )
        };
        self.begun(answer)
    }

    /// Bytes moved, or why none were; `None`: it is under way, or nothing is.
    pub(super) fn result(&mut self) -> Option<io::Result<usize>> {
        self.finish(FALSE)
    }

    /// As [`result`](Self::result), and waits for it.
    pub(super) fn wait(&mut self) -> Option<io::Result<usize>> {
        self.finish(TRUE)
    }

    /// Ends what is under way. It may have succeeded before.
    pub(super) fn cancel(&mut self) -> Option<io::Result<usize>> {
        if !self.is_under_way {
            return None;
        }
        let overlapped = self.overlapped();
        // SAFETY: handle and overlapped are those of the operation. One that has ended is none.
        unsafe { CancelIoEx(self.pipe.as_raw_handle(), overlapped) };
        self.wait()
    }

    /// The pipe, without anything under way.
    pub(super) fn into_pipe(mut self) -> io::Result<OwnedHandle> {
        self.cancel();
        self.pipe.try_clone()
    }

    fn overlapped(&self) -> *mut OVERLAPPED {
        // SAFETY: makes a pointer to a field and reads nothing.
        unsafe { &raw mut (*self.shared.as_ptr()).overlapped }
    }

    /// A part of the buffer; of none while something is under way.
    fn idle_buffer(&mut self, start: usize, at_most: usize) -> (*mut u8, u32) {
        debug_assert!(!self.is_under_way);
        // SAFETY: nothing is under way, and `self` is borrowed for us alone.
        let shared = unsafe { self.shared.as_mut() };
        let part = shared.buffer.get_mut(start..).unwrap_or_default();
        let length = part.len().min(at_most).min(u32::MAX as usize);
        (part.as_mut_ptr(), length as u32)
    }

    fn begun(&mut self, answer: BOOL) -> io::Result<()> {
        match succeeded(answer) {
            Err(error) if !is(&error, ERROR_IO_PENDING) => Err(error),
            // Also one that has ended at once tells its result later.
            _ => {
                self.is_under_way = true;
                Ok(())
            }
        }
    }

    fn finish(&mut self, waits: BOOL) -> Option<io::Result<usize>> {
        if !self.is_under_way {
            return None;
        }
        let (overlapped, mut count) = (self.overlapped(), 0);
        // SAFETY: handle and overlapped are those of the operation.
        let answer = unsafe {
            GetOverlappedResult(self.pipe.as_raw_handle(), overlapped, &raw mut count, waits)
        };
        let result = succeeded(answer).map(|()| count as usize);
        if result
            .as_ref()
            .is_err_and(|error| is(error, ERROR_IO_INCOMPLETE))
        {
            return None;
        }
        self.is_under_way = false;
        Some(result)
    }
}

impl Drop for Operation {
    fn drop(&mut self) {
        self.cancel();
        // SAFETY: the operation has ended, so that nobody else has a pointer to it; it came from a
        // box.
        drop(unsafe { Box::from_raw(self.shared.as_ptr()) });
    }
}
