//! Where the agent's log goes.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::windows::io::AsRawHandle;
use std::path::Path;

use super::system_log::{EventLog, Kind};

/// What the agent's events are called in the Application event log.
pub(super) const SOURCE: &str = "hospes-agent";

/// A file, standard error, or the event log.
#[derive(Debug)]
pub enum LogSink {
    /// Standard error: whoever has started the agent reads it, or holds it up.
    StandardError,
    /// A file, written at its end.
    File(File),
    /// The Application event log.
    EventLog(EventLog),
}

impl LogSink {
    /// Where a program logs that runs in the background: the event log when it was given no
    /// standard error, as services are not.
    #[must_use]
    pub fn of_a_service() -> Self {
        if io::stderr().as_raw_handle().is_null() {
            Self::EventLog(EventLog::new(SOURCE))
        } else {
            Self::StandardError
        }
    }

    /// Opens a log file, which others may read and rename meanwhile.
    ///
    /// # Errors
    /// As `CreateFileW`.
    pub fn file(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        let options = options.append(true).create(true);
        options.open(path).map(Self::File)
    }

    /// Writes one line, `SECONDS.MICROS: level: text`. An event has a time and a level of its own.
    ///
    /// # Errors
    /// As `WriteFile` and `ReportEventW`.
    pub fn write_line(&mut self, line: &[u8]) -> io::Result<()> {
        match self {
            Self::File(file) => file.write_all(line),
            Self::StandardError => io::stderr().lock().write_all(line),
            Self::EventLog(log) => {
                let line = String::from_utf8_lossy(line);
                let (kind, text) = event(line.trim_end());
                log.write(kind, text)
            }
        }
    }
}

/// What an event says of a line.
fn event(line: &str) -> (Kind, &str) {
    let mut parts = line.splitn(3, ": ");
    match (parts.next(), parts.next(), parts.next()) {
        (Some(_), Some("warning"), Some(text)) => (Kind::Warning, text),
        (Some(_), Some("info" | "debug"), Some(text)) => (Kind::Information, text),
        _ => (Kind::Information, line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_has_the_level_and_the_text_of_its_line() {
        for (line, expected) in [
            ("1700000000.000001: warning: a: b", (Kind::Warning, "a: b")),
            ("1.5: info: ended", (Kind::Information, "ended")),
            ("1.5: debug: x", (Kind::Information, "x")),
            ("something else", (Kind::Information, "something else")),
            ("", (Kind::Information, "")),
        ] {
            assert_eq!(event(line), expected);
        }
    }

    #[test]
    fn a_log_file_grows_at_its_end_and_is_read_meanwhile() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let mut sink = LogSink::file(&path).unwrap();
        sink.write_line(b"one\n").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one\n");
        drop(sink);
        LogSink::file(&path).unwrap().write_line(b"two\n").unwrap();
        assert_eq!(std::fs::read_to_string(path).unwrap(), "one\ntwo\n");
    }

    #[test]
    fn whoever_has_started_the_tests_reads_standard_error() {
        assert!(matches!(LogSink::of_a_service(), LogSink::StandardError));
    }
}
