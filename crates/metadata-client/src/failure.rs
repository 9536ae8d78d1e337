//! What ureq's errors are for who asked.

use std::io::ErrorKind;
use std::time::Duration;

use metadata::Failure;
use ureq::{Error, Timeout};

/// How long each part of a request may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadlines {
    /// Until a connection stands.
    pub(crate) connect: Duration,
    /// The reply's body, after its head.
    pub(crate) body: Duration,
    /// All of it.
    pub(crate) whole: Duration,
}

/// No connection came about: another address may have one.
pub(crate) fn nobody_there(error: &Error) -> bool {
    match error {
        Error::Io(error) => matches!(
            error.kind(),
            ErrorKind::ConnectionRefused
                | ErrorKind::HostUnreachable
                | ErrorKind::NetworkUnreachable
                | ErrorKind::NetworkDown
                | ErrorKind::AddrNotAvailable
        ),
        Error::Timeout(which) => *which == Timeout::Connect,
        _ => false,
    }
}

/// The error's own kind of failure.
pub(crate) fn of(error: Error, deadlines: Deadlines) -> Failure {
    match error {
        Error::Timeout(which) => Failure::TimedOut(match which {
            Timeout::Connect | Timeout::Resolve => deadlines.connect,
            Timeout::RecvBody => deadlines.body,
            _ => deadlines.whole,
        }),
        Error::Io(error) => match error.kind() {
            ErrorKind::ConnectionRefused => Failure::Refused,
            ErrorKind::UnexpectedEof => {
                Failure::Unreachable("it closed the connection before its answer ended".to_owned())
            }
            _ => Failure::Unreachable(error.to_string()),
        },
        Error::LargeResponseHeader(_, limit) => Failure::TooLarge(limit as u64),
        Error::Protocol(error) => Failure::Garbage(error.to_string()),
        Error::Http(error) => Failure::Garbage(error.to_string()),
        other => Failure::Unreachable(other.to_string()),
    }
}
