//! Waiting for one of several things.
#![allow(unsafe_code, reason = "waiting has no safe interface")]

use std::io;
use std::os::windows::io::{AsRawHandle, BorrowedHandle};
use std::time::Duration;

use windows_sys::Win32::Foundation::{FALSE, WAIT_FAILED, WAIT_OBJECT_0};
use windows_sys::Win32::System::Threading::{INFINITE, WaitForMultipleObjects};

/// Waits until one of a few handles is signalled: the first of those that are. `None`: the time is
/// over; the longest is 49 days.
pub(super) fn wait_any(
    handles: &[BorrowedHandle<'_>],
    at_most: Option<Duration>,
) -> io::Result<Option<usize>> {
    let raw: Vec<_> = handles.iter().map(AsRawHandle::as_raw_handle).collect();
    let time = at_most.map_or(INFINITE, milliseconds);
    // SAFETY: the handles are open; pointer and count are those of `raw`.
    let which = unsafe { WaitForMultipleObjects(raw.len() as u32, raw.as_ptr(), FALSE, time) };
    if which == WAIT_FAILED {
        return Err(io::Error::last_os_error());
    }
    let which = which.wrapping_sub(WAIT_OBJECT_0) as usize;
    Ok(Some(which).filter(|which| *which < handles.len()))
}

/// Never less than asked for, so that nobody spins at the end, and never [`INFINITE`].
fn milliseconds(time: Duration) -> u32 {
    let rounded = time.as_nanos().div_ceil(1_000_000);
    u32::try_from(rounded).unwrap_or(INFINITE).min(INFINITE - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rounded_up_and_never_for_ever() {
        for (time, expected) in [
            (Duration::ZERO, 0),
            (Duration::from_nanos(1), 1),
            (Duration::from_millis(7), 7),
            (Duration::MAX, u32::MAX - 1),
        ] {
            assert_eq!(milliseconds(time), expected);
        }
    }
}
