//! The system's log for scripts: the Application event log and the first serial port, as Google's
//! runner has it on Windows.
//!
//! ```text
//!                                      ┌─► standard output: message
//! Entry ─► date time name: message ────┼─► COM1, as far as it takes it
//!                                      └─► Application event log
//! ```

#![allow(unsafe_code, reason = "local time has no safe interface")]

mod event_log;
mod serial_port;

use std::io::{self, Write};

pub use event_log::EventLog;
pub(super) use event_log::Kind;
use serial_port::SerialPort;
use windows_sys::Win32::Foundation::SYSTEMTIME;
use windows_sys::Win32::System::SystemInformation::GetLocalTime;

pub use crate::both::entry::{Entry, Priority};

/// What the runner's lines and events are called, whatever it was called by: tools look for it.
pub(super) const SOURCE: &str = "GCEMetadataScripts";

/// The way to it.
#[derive(Debug)]
pub struct SystemLog {
    port: SerialPort,
    events: EventLog,
}

impl SystemLog {
    /// The way to it, whatever standard output is: tasks and shutdown scripts have a console that
    /// nobody sees.
    #[must_use]
    pub fn behind_standard_output() -> Option<Self> {
        Some(Self {
            port: SerialPort::first(),
            events: EventLog::new(SOURCE),
        })
    }

    /// Writes an entry, to standard output too; the serial port gets what it takes at once.
    ///
    /// # Errors
    /// When neither standard output nor the event log takes it.
    pub fn write(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        let message = String::from_utf8_lossy(entry.message);
        let message = message.trim_end();
        let line = line(&local_time(), message);
        self.port.write(&line);
        let logged = self.events.write(entry.priority.kind(), line.trim_end());
        let printed = io::stdout()
            .lock()
            .write_all(format!("{message}\n").as_bytes());
        printed.or(logged)
    }
}

impl Priority {
    const fn kind(self) -> Kind {
        match self {
            Self::Warning => Kind::Warning,
            Self::Info => Kind::Information,
        }
    }
}

fn line(time: &SYSTEMTIME, message: &str) -> String {
    let SYSTEMTIME {
        wYear: year,
        wMonth: month,
        wDay: day,
        wHour: hour,
        wMinute: minute,
        wSecond: second,
        ..
    } = time;
    format!("{year:04}/{month:02}/{day:02} {hour:02}:{minute:02}:{second:02} {SOURCE}: {message}\n")
}

fn local_time() -> SYSTEMTIME {
    let mut time = SYSTEMTIME::default();
    // SAFETY: `time` lives during the call.
    unsafe { GetLocalTime(&raw mut time) };
    time
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_the_form_that_tools_know() {
        let time = SYSTEMTIME {
            wYear: 2026,
            wMonth: 1,
            wDay: 2,
            wHour: 3,
            wMinute: 4,
            wSecond: 5,
            ..SYSTEMTIME::default()
        };
        assert_eq!(
            line(&time, "Found windows-startup-script-cmd in metadata."),
            "2026/01/02 03:04:05 GCEMetadataScripts: Found windows-startup-script-cmd in metadata.\n"
        );
        assert!((2024..2200).contains(&local_time().wYear));
    }

    #[test]
    fn any_bytes_are_logged() {
        let mut log = SystemLog::behind_standard_output().unwrap();
        for message in [&b"text"[..], b"", b"\xff\0\r\n"] {
            log.write(&Entry {
                priority: Priority::Warning,
                name: "a",
                message,
                fields: &[],
            })
            .unwrap();
        }
    }
}
