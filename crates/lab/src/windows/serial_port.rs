//! The host's end of a Windows's COM1: a pseudo terminal.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use anyhow::{Context, Result};
use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

/// A serial port that is read from the beginning.
#[derive(Debug)]
pub(super) struct SerialPort {
    path: PathBuf,
    line: File,
    read: Arc<Mutex<Vec<u8>>>,
    /// While one holds it, the line does not end between two writers; without one, its reader ends.
    _device: OwnedFd,
}

impl SerialPort {
    /// Makes one.
    pub(super) fn create() -> Result<Self> {
        let (path, line, device) = pair().context("cannot make a pseudo terminal")?;
        let read = Arc::<Mutex<Vec<u8>>>::default();
        let (from, into) = (line.try_clone()?, Arc::clone(&read));
        thread::spawn(move || follow(from, &into));
        Ok(Self {
            path,
            line,
            read,
            _device: device,
        })
    }

    /// The device that Wine takes for COM1.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What came so far.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&lock(&self.read)).into_owned()
    }

    /// Sends bytes to Windows; no more than the kernel holds until they are read.
    pub(super) fn send(&self, bytes: &[u8]) -> Result<()> {
        (&self.line)
            .write_all(bytes)
            .context("cannot write to COM1")
    }
}

fn pair() -> io::Result<(PathBuf, File, OwnedFd)> {
    let line = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&line)?;
    unlockpt(&line)?;
    let path = ptsname(&line, Vec::new())?;
    let path = PathBuf::from(path.to_string_lossy().into_owned());
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let device = open(&path, flags, Mode::empty())?;
    let mut settings = tcgetattr(&device)?;
    settings.make_raw();
    tcsetattr(&device, OptionalActions::Now, &settings)?;
    Ok((path, line.into(), device))
}

/// Until nobody has the device open.
fn follow(mut line: File, into: &Mutex<Vec<u8>>) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = line.read(&mut buffer) {
        lock(into).extend_from_slice(&buffer[..count]);
    }
}

fn lock(read: &Mutex<Vec<u8>>) -> MutexGuard<'_, Vec<u8>> {
    read.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn bytes_pass_both_ways_as_they_are() {
        let port = SerialPort::create().unwrap();
        let device = open(port.path(), OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        port.send(b"to Windows\n\x04").unwrap();
        let mut buffer = [0; 64];
        let count = rustix::io::read(&device, &mut buffer).unwrap();
        assert_eq!(&buffer[..count], b"to Windows\n\x04");
        rustix::io::write(&device, b"to the host\n").unwrap();
        let end = Instant::now() + Duration::from_secs(60);
        while port.text() != "to the host\n" {
            assert!(Instant::now() < end, "{:?}", port.text());
            thread::sleep(Duration::from_millis(5));
        }
    }
}
