//! News for whoever waits for a script.

use std::io::{self, PipeReader, PipeWriter, Read, Write, pipe};
use std::os::fd::{AsFd, BorrowedFd};

/// What is rung beside a script.
#[derive(Debug)]
pub struct Bell(PipeReader);

/// Rings a [`Bell`] from another thread.
#[derive(Debug)]
pub struct Ringer(PipeWriter);

/// A bell.
///
/// # Errors
/// When the system has no pipe for it.
pub fn bell() -> io::Result<(Bell, Ringer)> {
    let (reader, writer) = pipe()?;
    rustix::io::ioctl_fionbio(&reader, true)?;
    rustix::io::ioctl_fionbio(&writer, true)?;
    Ok((Bell(reader), Ringer(writer)))
}

impl Bell {
    /// Takes note of one ring, so that the next one is news again.
    pub fn take(&mut self) {
        // Without a ring there is nothing to take.
        let _ = self.0.read(&mut [0]);
    }

    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Ringer {
    /// Rings.
    pub fn ring(&mut self) {
        // A full pipe has told enough.
        let _ = self.0.write(b"x");
    }
}
