//! Writing to a port.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use windows_sys::Win32::Foundation::{ERROR_CANT_WAIT, ERROR_NO_DATA, ERROR_NO_SYSTEM_RESOURCES};

use super::presence::Presence;
use super::receiver::{NEWS_COMES_WITHIN, has_ended};
use crate::windows::outcome::is;
use crate::windows::overlapped::Operation;

/// The most that every version of vioserial takes at once.
const PIECE: usize = 32 << 10;
/// How often a port is tried again that takes nothing now.
const TRIES_EVERY: Duration = Duration::from_millis(10);

/// The writing end of a port.
#[derive(Debug, Clone)]
pub struct Sender {
    port: Arc<File>,
    presence: Presence,
}

impl Sender {
    pub(super) const fn new(port: Arc<File>, presence: Presence) -> Self {
        Self { port, presence }
    }

    /// Whether a host has the port open; `None`: nobody can tell.
    pub(super) fn host_is_there(&self) -> Option<bool> {
        (self.presence.ask)(&self.port)
    }

    /// How often that is asked.
    pub(super) const fn looks_every(&self) -> Duration {
        self.presence.every
    }

    /// Writes all of `bytes`. One thread at a time: two would write into one another.
    ///
    /// # Errors
    /// [`io::ErrorKind::TimedOut`]: nothing was taken for `patience`. [`io::ErrorKind::BrokenPipe`]:
    /// nobody is at the other end. What was written until then stays written.
    pub fn send(&self, mut bytes: &[u8], patience: Duration) -> io::Result<()> {
        let mut writing = Operation::new(&self.port, bytes.len().min(PIECE))?;
        while !bytes.is_empty() {
            let count = self.write(&mut writing, bytes, patience)?;
            bytes = bytes.get(count..).unwrap_or_default();
        }
        Ok(())
    }

    /// Writes a piece, which a port takes as a whole or not at all.
    fn write(
        &self,
        writing: &mut Operation,
        bytes: &[u8],
        patience: Duration,
    ) -> io::Result<usize> {
        let begun = Instant::now();
        loop {
            let left = patience.saturating_sub(begun.elapsed());
            match writing.write(bytes).and_then(|()| writing.wait(Some(left))) {
                Ok(Some(0)) => {}
                Ok(Some(count)) => return Ok(count),
                Ok(None) => return give_up(writing),
                Err(error) if takes_nothing_now(&error) => {}
                Err(error) if has_ended(&error) || is(&error, ERROR_NO_DATA) => {
                    return Err(io::ErrorKind::BrokenPipe.into());
                }
                Err(error) => return Err(error),
            }
            let (limit, late) = match self.host_is_there() {
                Some(false) => (NEWS_COMES_WITHIN.min(patience), io::ErrorKind::BrokenPipe),
                _ => (patience, io::ErrorKind::TimedOut),
            };
            if begun.elapsed() >= limit {
                return Err(late.into());
            }
            thread::sleep(TRIES_EVERY);
        }
    }
}

/// It may have been taken at the last moment.
fn give_up(writing: &mut Operation) -> io::Result<usize> {
    match writing.cancel() {
        Ok(Some(count)) if count > 0 => Ok(count),
        _ => Err(io::ErrorKind::TimedOut.into()),
    }
}

/// What vioserial says, in its versions, while its queue is full or no host is there.
fn takes_nothing_now(error: &io::Error) -> bool {
    is(error, ERROR_CANT_WAIT) || is(error, ERROR_NO_SYSTEM_RESOURCES)
}
