//! Why the monitor of a machine could not be asked.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use lifecycle::ports::HypervisorError;
use thiserror::Error;

/// Why a conversation with a monitor came to nothing.
#[derive(Debug, Error)]
pub(crate) enum QmpError {
    /// No such socket file.
    #[error("no file {}", .path.display())]
    NoFile { path: PathBuf },
    /// The file is there and nobody listens on it.
    #[error("nobody listens on {}", .path.display())]
    NobodyListens { path: PathBuf },
    /// The operating system does not let us connect.
    #[error("cannot connect to the QMP socket {}: {source}{}", .path.display(), advice(.source))]
    Connect { path: PathBuf, source: io::Error },
    /// Connected, and no greeting came: QEMU serves one client at a time.
    #[error(
        "another client holds the QMP socket {}, or QEMU hangs: no greeting within {:.1} s. \
         Disconnect the other client, or give QEMU a second monitor for hospes \
         (-qmp unix:OTHER,server=on,wait=off) and name that one",
        .path.display(), .after.as_secs_f64()
    )]
    Held { path: PathBuf, after: Duration },
    /// The connection ended in between: the machine may have gone.
    #[error("the QMP socket {} was closed while {doing}", .path.display())]
    Closed { path: PathBuf, doing: &'static str },
    /// Greeted, but then silent.
    #[error(
        "QEMU greeted at the QMP socket {} but did not answer {question} within {:.1} s",
        .path.display(), .after.as_secs_f64()
    )]
    TimedOut {
        path: PathBuf,
        question: &'static str,
        after: Duration,
    },
    /// Something answers, and it is not QMP.
    #[error(
        "what answers at {} is not QMP: {detail}. Name the socket of \
         -qmp unix:PATH,server=on,wait=off",
        .path.display()
    )]
    Garbage { path: PathBuf, detail: String },
}

/// What to do about an error of connect(2).
fn advice(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::PermissionDenied => {
            ". Run hospes as the user that runs QEMU, or let it use the socket and its directory"
        }
        io::ErrorKind::InvalidInput => ". A socket's path has at most 107 bytes: use a shorter one",
        _ => "",
    }
}

impl From<QmpError> for HypervisorError {
    fn from(error: QmpError) -> Self {
        let text = error.to_string();
        match error {
            QmpError::NoFile { .. }
            | QmpError::NobodyListens { .. }
            | QmpError::Connect { .. }
            | QmpError::Closed { .. } => Self::Unreachable(text),
            QmpError::Held { .. } => Self::Held(text),
            QmpError::TimedOut { .. } => Self::TimedOut(text),
            QmpError::Garbage { .. } => Self::Garbage(text),
        }
    }
}
