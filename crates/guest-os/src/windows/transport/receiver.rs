//! Reading a port.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use windows_sys::Win32::Foundation::{
    ERROR_BROKEN_PIPE, ERROR_HANDLE_EOF, ERROR_NO_SYSTEM_RESOURCES, ERROR_OPERATION_ABORTED,
    ERROR_PIPE_NOT_CONNECTED,
};

use super::Sender;
use super::presence::Presence;
use crate::windows::outcome::is;
use crate::windows::overlapped::Operation;

/// Bytes that are read at once. A virtio port gives a page at a time.
const READ_AT_ONCE: usize = 64 << 10;
/// How often a port that refuses to be read is tried again: no host has opened it yet.
const TRIES_EVERY: Duration = Duration::from_millis(200);
/// A host's bytes may come before the news that it has opened the port (the one through a queue of
/// data, the other through a queue of control messages): so long it is waited for.
pub(super) const NEWS_COMES_WITHIN: Duration = Duration::from_secs(2);

/// What a read brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// So many bytes.
    Bytes(usize),
    /// The host has closed its end of the port; another may open it.
    HostGone,
    /// The stream has ended for good.
    End,
}

/// The reading end of a port.
#[derive(Debug)]
pub struct Receiver {
    /// A read, which stays under way when a host has gone: the next one's bytes end it.
    reading: Operation,
    /// What of the last read was not handed out yet.
    unread: Range<usize>,
    sender: Sender,
    /// Bytes came since the last host went.
    is_used: bool,
    /// Since when the port refuses to be read although a host has used it.
    refused_since: Option<Instant>,
    peer: String,
}

/// How a read has ended.
enum Read {
    Bytes(usize),
    /// It would wait for ever: no host has opened the port.
    Refused,
    HostGone,
    End,
}

impl Receiver {
    pub(super) fn new(port: Arc<File>, peer: String, presence: Presence) -> io::Result<Self> {
        Ok(Self {
            reading: Operation::new(&port, READ_AT_ONCE)?,
            unread: 0..0,
            sender: Sender::new(port, presence),
            is_used: false,
            refused_since: None,
            peer,
        })
    }

    /// The writing end.
    #[must_use]
    pub fn sender(&self) -> Sender {
        self.sender.clone()
    }

    /// Who is at the other end, for the log.
    #[must_use]
    pub fn peer(&self) -> &str {
        &self.peer
    }

    /// Whether this is a port, which outlives the hosts that open it.
    #[must_use]
    pub const fn is_port(&self) -> bool {
        true
    }

    /// Waits for bytes and reads them, at most as many as fit. The buffer is not empty.
    ///
    /// A host that leaves and another that comes within a few seconds are taken for one: Windows
    /// does not tell.
    ///
    /// # Errors
    /// The stream is broken; a port was taken out of the machine.
    pub fn receive(&mut self, buffer: &mut [u8]) -> io::Result<Received> {
        while self.unread.is_empty() {
            match self.read()? {
                Read::Bytes(count) => {
                    self.unread = 0..count;
                    (self.is_used, self.refused_since) = (true, None);
                }
                Read::HostGone => return Ok(self.host_has_gone()),
                Read::Refused if self.is_refused_for_long() => return Ok(self.host_has_gone()),
                Read::Refused => thread::sleep(TRIES_EVERY),
                Read::End => return Ok(Received::End),
            }
        }
        let unread = &self.reading.bytes()[self.unread.clone()];
        let count = unread.len().min(buffer.len());
        buffer[..count].copy_from_slice(&unread[..count]);
        self.unread.start += count;
        Ok(Received::Bytes(count))
    }

    fn read(&mut self) -> io::Result<Read> {
        let begun = match self.reading.is_under_way() {
            true => Ok(()),
            false => self.reading.read(),
        };
        match begun.and_then(|()| self.wait()) {
            // Nothing, as what was written into a pipe with no bytes.
            Ok(Read::Bytes(0)) => Ok(Read::Refused),
            Err(error) => match () {
                () if has_ended(&error) => Ok(Read::End),
                () if has_no_host(&error) => Ok(Read::Refused),
                () => Err(error),
            },
            read => read,
        }
    }

    /// Until the read has ended, or the host has gone that sent something before.
    fn wait(&mut self) -> io::Result<Read> {
        loop {
            let limit = self.is_used.then_some(self.sender.looks_every());
            if let Some(count) = self.reading.wait(limit)? {
                return Ok(Read::Bytes(count));
            }
            match self.sender.host_is_there() {
                Some(true) => self.refused_since = None,
                Some(false) => return Ok(Read::HostGone),
                // Nobody can tell: not asked again before something else comes.
                None => self.is_used = false,
            }
        }
    }

    fn host_has_gone(&mut self) -> Received {
        (self.is_used, self.refused_since) = (false, None);
        Received::HostGone
    }

    /// Whether the host that has used the port has not come for long enough to have left.
    fn is_refused_for_long(&mut self) -> bool {
        let since = *self.refused_since.get_or_insert_with(Instant::now);
        self.is_used && since.elapsed() >= NEWS_COMES_WITHIN
    }
}

/// Whether the program at the other end of a pipe has closed it.
pub(super) fn has_ended(error: &io::Error) -> bool {
    is(error, ERROR_BROKEN_PIPE) || is(error, ERROR_PIPE_NOT_CONNECTED)
}

/// What vioserial says, in its versions, to a read that no host could end (QEMU's agent knows the
/// same), and a serial port to one that was interrupted. A port that has left the machine says
/// something else when it is tried again.
fn has_no_host(error: &io::Error) -> bool {
    let said = [
        ERROR_NO_SYSTEM_RESOURCES,
        ERROR_HANDLE_EOF,
        ERROR_OPERATION_ABORTED,
    ];
    said.iter().any(|code| is(error, *code))
}
