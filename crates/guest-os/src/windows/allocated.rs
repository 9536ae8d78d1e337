//! Memory that Windows has allocated for us.
#![allow(unsafe_code, reason = "the Win32 API")]

use std::ffi::c_void;

use windows_sys::Win32::Foundation::LocalFree;

/// What a call has left at an address, to be freed with `LocalFree`; null is nothing.
#[derive(Debug)]
pub(super) struct Allocated<T = c_void>(*mut T);

impl<T> Allocated<T> {
    /// # Safety
    /// A call has made it for us, or it is null; nobody else frees it.
    pub(super) const unsafe fn new(made: *mut T) -> Self {
        Self(made)
    }

    /// Good for as long as `self` is.
    pub(super) const fn as_ptr(&self) -> *mut T {
        self.0
    }
}

impl<T> Drop for Allocated<T> {
    fn drop(&mut self) {
        // SAFETY: Windows allocated it for us, and nobody uses it any more; null is left alone.
        unsafe { LocalFree(self.0.cast()) };
    }
}
