//! What calls to Win32 return.

use std::io;

use windows_sys::Win32::Foundation::WIN32_ERROR;
use windows_sys::core::BOOL;

/// Of a call that returns whether it succeeded, and leaves its error to be asked for.
pub(super) fn succeeded(returned: BOOL) -> io::Result<()> {
    match returned {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// Of a call that returns its error, 0 for none.
pub(super) fn code(returned: WIN32_ERROR) -> io::Result<()> {
    match returned {
        0 => Ok(()),
        code => Err(io::Error::from_raw_os_error(code.cast_signed())),
    }
}

/// Whether it is this error.
pub(super) fn is(error: &io::Error, code: WIN32_ERROR) -> bool {
    error.raw_os_error() == Some(code.cast_signed())
}
