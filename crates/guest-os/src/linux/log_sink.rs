//! Where the agent's log goes.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// A file, or standard error.
#[derive(Debug)]
pub enum LogSink {
    /// Standard error: a terminal, or a pipe or socket to the journal.
    StandardError,
    /// A file, written at its end.
    File(File),
}

impl LogSink {
    /// Where a program logs that runs in the background: whoever has started it reads its standard
    /// error.
    #[must_use]
    pub const fn of_a_service() -> Self {
        Self::StandardError
    }

    /// Opens a log file, readable by its owner's group.
    ///
    /// # Errors
    /// As `open(2)`.
    pub fn file(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        let options = options.append(true).create(true).mode(0o640);
        options.open(path).map(Self::File)
    }

    /// Writes one line. A reader of standard error that takes nothing now loses the line: the log
    /// must not hold the agent up.
    ///
    /// # Errors
    /// As `write(2)`; [`io::ErrorKind::WouldBlock`] when the line was lost.
    pub fn write_line(&mut self, line: &[u8]) -> io::Result<()> {
        match self {
            Self::File(file) => file.write_all(line),
            Self::StandardError => {
                let stderr = io::stderr();
                if !takes_now(stderr.as_fd()) {
                    return Err(io::ErrorKind::WouldBlock.into());
                }
                stderr.lock().write_all(line)
            }
        }
    }
}

fn takes_now(fd: BorrowedFd<'_>) -> bool {
    let mut fds = [PollFd::new(&fd, PollFlags::OUT)];
    let at_once = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    let ready = poll(&mut fds, Some(&at_once));
    ready.is_ok_and(|count| count > 0) && fds[0].revents().contains(PollFlags::OUT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_takes_nothing_is_not_waited_for() {
        let (reader, mut writer) = io::pipe().unwrap();
        assert!(takes_now(writer.as_fd()));
        let mut written = 0;
        while takes_now(writer.as_fd()) {
            writer.write_all(&[0; 4096]).unwrap();
            written += 4096;
            assert!(written < 64 << 20, "the pipe is never full");
        }
        drop(reader);
    }

    #[test]
    fn a_log_file_grows_at_its_end() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        for line in [b"one\n", b"two\n"] {
            LogSink::file(&path).unwrap().write_line(line).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap(), "one\ntwo\n");
    }
}
