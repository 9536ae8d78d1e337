//! The first serial port, which the machine's host may log: what it does not take soon is lost.
#![allow(unsafe_code, reason = "a line's settings have no safe interface")]

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::windows::io::AsRawHandle;
use std::path::PathBuf;

use windows_sys::Win32::Devices::Communication::{
    COMMTIMEOUTS, DCB, GetCommState, NOPARITY, ONESTOPBIT, SetCommState,
};

use crate::windows::outcome::succeeded;
use crate::windows::serial_line;

/// As Google's runner sets it.
const BAUD: u32 = 115_200;
/// How long a line may take.
const MILLISECONDS: u32 = 2000;
/// Bits of the settings: bytes are passed as they are, and no wire is asked whether they may be.
const BINARY: u32 = 1;

/// The port, as long as it takes lines.
#[derive(Debug)]
pub(super) struct SerialPort {
    path: PathBuf,
    is_stuck: bool,
}

impl SerialPort {
    /// COM1.
    pub(super) fn first() -> Self {
        Self::at(r"\\.\COM1")
    }

    fn at(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            is_stuck: false,
        }
    }

    /// Writes a line. Nobody holds the port in between: others write to it too. One that does not
    /// take a line in time is not tried again.
    pub(super) fn write(&mut self, line: &str) {
        if self.is_stuck {
            return;
        }
        // A machine without one, or one that somebody has open, goes on without.
        let Ok(mut port) = OpenOptions::new().write(true).open(&self.path) else {
            return;
        };
        prepare(&port);
        // What is a file in its place grows.
        let _ = port.seek(SeekFrom::End(0));
        self.is_stuck = port.write(line.as_bytes()).ok() != Some(line.len());
    }
}

/// What is no serial port has no settings, and is taken as it is.
fn prepare(port: &File) {
    let _ = limit_writes(port).and_then(|()| set_line(port));
}

fn limit_writes(port: &File) -> io::Result<()> {
    let timeouts = COMMTIMEOUTS {
        WriteTotalTimeoutConstant: MILLISECONDS,
        ..COMMTIMEOUTS::default()
    };
    serial_line::limit(port, timeouts)
}

fn set_line(port: &File) -> io::Result<()> {
    let mut line = DCB {
        DCBlength: size_of::<DCB>() as u32,
        ..DCB::default()
    };
    // SAFETY: the handle is open, and `line` says how large it is.
    succeeded(unsafe { GetCommState(port.as_raw_handle(), &raw mut line) })?;
    (line.BaudRate, line.ByteSize) = (BAUD, 8);
    (line.Parity, line.StopBits) = (NOPARITY, ONESTOPBIT);
    line._bitfield = BINARY;
    // SAFETY: the handle is open, and `line` lives during the call.
    succeeded(unsafe { SetCommState(port.as_raw_handle(), &raw const line) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_follow_one_another_and_a_missing_port_holds_nobody_up() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("port");
        let mut port = SerialPort::at(&path);
        port.write("lost\n");
        std::fs::write(&path, "").unwrap();
        for line in ["one\n", "two\n"] {
            port.write(line);
        }
        assert_eq!(std::fs::read_to_string(path).unwrap(), "one\ntwo\n");
    }
}
