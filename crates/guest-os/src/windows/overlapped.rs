//! One read, write or question at a time that the kernel carries out beside us.
//!
//! ```text
//!         read, write, ask                wait ─► ended: a count, or the kernel's error
//! idle ──────────────────► under way ─────┤
//!                                         └─ cancel, drop ─► ended, or left to the kernel
//! ```
//!
//! The kernel uses the OVERLAPPED and the buffer of an operation until that has ended, whatever
//! becomes of the call that started it. So both lie on the heap, belong to the [`Operation`] and
//! not to its caller, and are freed or used again only after its end. What does not end although
//! it is cancelled keeps its memory for ever.
#![allow(unsafe_code, reason = "overlapped I/O has no safe interface")]

use std::cell::UnsafeCell;
use std::fs::File;
use std::io;
use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, OwnedHandle};
use std::ptr::{NonNull, null, null_mut};
use std::sync::Arc;
use std::time::Duration;

use windows_sys::Win32::Foundation::{ERROR_IO_INCOMPLETE, ERROR_IO_PENDING, FALSE, HANDLE};
use windows_sys::Win32::Storage::FileSystem::{ReadFile, WriteFile};
use windows_sys::Win32::System::IO::{
    CancelIoEx, DeviceIoControl, GetOverlappedResult, OVERLAPPED,
};
use windows_sys::core::BOOL;

use super::handle::event;
use super::outcome::is;
use super::wait::wait_any;

/// How long a driver is waited for that was told to end an operation.
const CANCELLED_WITHIN: Duration = Duration::from_secs(5);

/// Room for one operation at a time.
#[derive(Debug)]
pub(super) struct Operation {
    file: Arc<File>,
    /// Of a box, which nobody else has.
    space: NonNull<Space>,
    is_under_way: bool,
}

/// What the kernel uses while an operation is under way.
struct Space {
    overlapped: UnsafeCell<OVERLAPPED>,
    buffer: UnsafeCell<Box<[u8]>>,
    /// Told when an operation has ended.
    event: OwnedHandle,
}

// SAFETY: nothing of it belongs to a thread: handles and memory are the process's.
unsafe impl Send for Operation {}

impl Operation {
    /// Room for `room` bytes (below 4 GiB); `file` is opened for overlapped operations.
    pub(super) fn new(file: &Arc<File>, room: usize) -> io::Result<Self> {
        let event = event()?;
        let overlapped = OVERLAPPED {
            hEvent: event.as_raw_handle(),
            ..OVERLAPPED::default()
        };
        let space = Box::new(Space {
            overlapped: UnsafeCell::new(overlapped),
            buffer: UnsafeCell::new(vec![0; room].into()),
            event,
        });
        Ok(Self {
            file: Arc::clone(file),
            space: NonNull::from(Box::leak(space)),
            is_under_way: false,
        })
    }

    pub(super) const fn is_under_way(&self) -> bool {
        self.is_under_way
    }

    /// Signalled when what was started last has ended.
    pub(super) fn event(&self) -> BorrowedHandle<'_> {
        // SAFETY: the space lives as long as `self`; its cells are not borrowed here.
        unsafe { self.space.as_ref() }.event.as_handle()
    }

    /// What it reads, writes and asks.
    pub(super) const fn file(&self) -> &Arc<File> {
        &self.file
    }

    /// Starts to read.
    pub(super) fn read(&mut self) -> io::Result<()> {
        self.start(|file, (buffer, room), overlapped| {
            // SAFETY: `start` hands out a buffer of that length and an OVERLAPPED that stay as
            // they are, and unused by others, until the operation has ended.
            unsafe { ReadFile(file, buffer, room, null_mut(), overlapped) }
        })
    }

    /// Starts to write, as much as there is room for.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.start(|file, (buffer, room), overlapped| {
            let count = u32::try_from(bytes.len()).unwrap_or(room).min(room);
            // SAFETY: the buffer has room for `count` bytes, the kernel does not use it yet, and
            // no bytes of a caller lie in it.
            unsafe { buffer.copy_from_nonoverlapping(bytes.as_ptr(), count as usize) };
            // SAFETY: as for a read.
            unsafe { WriteFile(file, buffer, count, null_mut(), overlapped) }
        })
    }

    /// Starts to ask the driver.
    pub(super) fn ask(&mut self, question: u32) -> io::Result<()> {
        self.start(|file, (buffer, room), overlapped| {
            // SAFETY: as for a read; nothing is passed to the driver.
            unsafe {
                DeviceIoControl(
                    file,
                    question,
                    null(),
                    0,
                    buffer.cast(),
                    room,
                    null_mut(),
                    overlapped,
                )
            }
        })
    }

    /// One that is under way has to end first.
    fn start(
        &mut self,
        begin: impl FnOnce(HANDLE, (*mut u8, u32), *mut OVERLAPPED) -> BOOL,
    ) -> io::Result<()> {
        if self.is_under_way {
            return Err(io::ErrorKind::ResourceBusy.into());
        }
        // SAFETY: the space lives as long as `self`; its cells are not borrowed here.
        let space = unsafe { self.space.as_ref() };
        // SAFETY: nothing is under way, so nobody else uses the buffer.
        let buffer = unsafe { &mut *space.buffer.get() };
        let room = u32::try_from(buffer.len()).unwrap_or(u32::MAX);
        let begun = begin(
            self.file.as_raw_handle(),
            (buffer.as_mut_ptr(), room),
            space.overlapped.get(),
        );
        let error = io::Error::last_os_error();
        if begun == 0 && !is(&error, ERROR_IO_PENDING) {
            return Err(error);
        }
        self.is_under_way = true;
        Ok(())
    }

    /// Waits for the end of what is under way, without a limit when there is none: so many bytes
    /// were moved. `None`: not yet, or nothing is under way.
    pub(super) fn wait(&mut self, limit: Option<Duration>) -> io::Result<Option<usize>> {
        if !self.is_under_way {
            return Ok(None);
        }
        match wait_any(&[self.event()], limit)? {
            Some(_) => self.end(),
            None => Ok(None),
        }
    }

    fn end(&mut self) -> io::Result<Option<usize>> {
        let mut count = 0;
        // SAFETY: the space lives as long as `self`; its cells are not borrowed here.
        let overlapped = unsafe { self.space.as_ref() }.overlapped.get();
        // SAFETY: the file is open, and the operation was started on it with this OVERLAPPED.
        let done = unsafe {
            GetOverlappedResult(self.file.as_raw_handle(), overlapped, &raw mut count, FALSE)
        };
        let error = io::Error::last_os_error();
        if done == 0 && is(&error, ERROR_IO_INCOMPLETE) {
            return Ok(None);
        }
        self.is_under_way = false;
        match done {
            0 => Err(error),
            _ => Ok(Some(count as usize)),
        }
    }

    /// Ends what is under way; it may have been done all the same. `None`: nothing is under way,
    /// or the driver does not let go of it.
    pub(super) fn cancel(&mut self) -> io::Result<Option<usize>> {
        if !self.is_under_way {
            return Ok(None);
        }
        // SAFETY: the space lives as long as `self`; its cells are not borrowed here.
        let overlapped = unsafe { self.space.as_ref() }.overlapped.get();
        // SAFETY: the file is open; an OVERLAPPED of which nothing is under way is not found.
        unsafe { CancelIoEx(self.file.as_raw_handle(), overlapped) };
        self.wait(Some(CANCELLED_WITHIN))
    }

    /// What was read, until the next operation is started; nothing while one is under way.
    pub(super) fn bytes(&self) -> &[u8] {
        if self.is_under_way {
            return &[];
        }
        // SAFETY: the space lives as long as `self`; its cells are not borrowed mutably.
        let space = unsafe { self.space.as_ref() };
        // SAFETY: nothing is under way, and starting something takes `self` mutably.
        unsafe { &*space.buffer.get() }
    }
}

impl Drop for Operation {
    fn drop(&mut self) {
        let _ = self.cancel();
        // Else the kernel still uses it.
        if !self.is_under_way {
            // SAFETY: the pointer came from a box, and nobody uses what it points to any more.
            drop(unsafe { Box::from_raw(self.space.as_ptr()) });
        }
    }
}
