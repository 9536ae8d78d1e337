//! News for whoever waits for a script.
#![allow(unsafe_code, reason = "events have no safe interface")]

use std::io;
use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, OwnedHandle};

use windows_sys::Win32::System::Threading::{ResetEvent, SetEvent};

use crate::windows::handle::event;

/// What is rung beside a script.
#[derive(Debug)]
pub struct Bell(OwnedHandle);

/// Rings a [`Bell`] from another thread.
#[derive(Debug)]
pub struct Ringer(OwnedHandle);

/// A bell.
///
/// # Errors
/// When the system has no event for it.
pub fn bell() -> io::Result<(Bell, Ringer)> {
    let event = event()?;
    let ringer = Ringer(event.try_clone()?);
    Ok((Bell(event), ringer))
}

impl Bell {
    /// Takes note of the rings so far, so that the next one is news again.
    pub fn take(&mut self) {
        // SAFETY: the handle is open.
        unsafe { ResetEvent(self.0.as_raw_handle()) };
    }

    pub(super) fn as_handle(&self) -> BorrowedHandle<'_> {
        self.0.as_handle()
    }
}

impl Ringer {
    /// Rings.
    pub fn ring(&mut self) {
        // SAFETY: the handle is open.
        unsafe { SetEvent(self.0.as_raw_handle()) };
    }
}
