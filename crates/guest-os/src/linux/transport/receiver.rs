//! Reading a stream.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::{Errno, read};

use super::Sender;
use super::edges::{Edges, NEWS_COMES_WITHIN};

/// The smallest that Linux has.
const PAGE: usize = 4096;

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

/// The reading end of a stream.
#[derive(Debug)]
pub struct Receiver {
    fd: Arc<OwnedFd>,
    kind: Kind,
    sender: Sender,
    peer: String,
}

#[derive(Debug)]
enum Kind {
    /// A client's connection; its reads block.
    Client,
    /// A terminal line; its reads do not block.
    Serial,
    /// A virtio port; its reads do not block.
    Virtio(Virtio),
}

#[derive(Debug)]
struct Virtio {
    edges: Edges,
    /// Bytes came since the last host went.
    is_used: Arc<AtomicBool>,
    host: Host,
}

/// What is known of the host since the last bytes.
#[derive(Debug)]
enum Host {
    /// Nothing: they may have come before the news of it.
    Unseen,
    /// It was there.
    Seen,
    /// Bytes came and then nothing: it has left already, or the news of it is still to come.
    Expected { news: Edges, since: Instant },
}

impl Receiver {
    pub(super) fn client(fd: OwnedFd, peer: String) -> Self {
        let fd = Arc::new(fd);
        Self {
            sender: Sender::client(Arc::clone(&fd)),
            kind: Kind::Client,
            peer,
            fd,
        }
    }

    pub(super) fn serial(fd: OwnedFd, peer: String) -> Self {
        let fd = Arc::new(fd);
        Self {
            sender: Sender::serial(Arc::clone(&fd)),
            kind: Kind::Serial,
            peer,
            fd,
        }
    }

    pub(super) fn virtio(fd: OwnedFd, peer: String) -> rustix::io::Result<Self> {
        let (fd, is_used) = (Arc::new(fd), Arc::new(AtomicBool::new(false)));
        Ok(Self {
            sender: Sender::virtio(Arc::clone(&fd), Arc::clone(&is_used))?,
            kind: Kind::Virtio(Virtio {
                edges: Edges::of_reading(&fd)?,
                is_used,
                host: Host::Unseen,
            }),
            peer,
            fd,
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
        !matches!(self.kind, Kind::Client)
    }

    /// Waits for bytes and reads them, at most as many as fit. The buffer is not empty.
    ///
    /// A host that leaves and another that comes between two reads are taken for one: Linux does
    /// not tell.
    ///
    /// # Errors
    /// The stream is broken; a port was taken out of the machine.
    pub fn receive(&mut self, buffer: &mut [u8]) -> io::Result<Received> {
        loop {
            match (read(&*self.fd, &mut *buffer), &mut self.kind) {
                (Ok(0), Kind::Client | Kind::Serial) => return Ok(Received::End),
                (Ok(0), Kind::Virtio(virtio)) => {
                    if virtio.is_left(&self.fd)? {
                        return Ok(Received::HostGone);
                    }
                }
                (Ok(count), Kind::Virtio(virtio)) => {
                    virtio.is_used.store(true, Ordering::Relaxed);
                    virtio.host = Host::Unseen;
                    return Ok(Received::Bytes(fill(&self.fd, buffer, count)));
                }
                (Ok(count), _) => return Ok(Received::Bytes(count)),
                (Err(Errno::INTR), _) => {}
                (Err(Errno::AGAIN), Kind::Virtio(virtio)) => {
                    virtio.host = Host::Seen;
                    virtio.edges.wait(None)?;
                }
                (Err(Errno::AGAIN), _) => wait_for_bytes(&self.fd)?,
                (Err(Errno::CONNRESET), Kind::Client) => return Ok(Received::End),
                (Err(error), _) => return Err(error.into()),
            }
        }
    }
}

impl Virtio {
    /// A read brought nothing because no host is there: whether one has left. Else waits for a
    /// change.
    fn is_left(&mut self, port: &OwnedFd) -> io::Result<bool> {
        if !self.is_used.load(Ordering::Relaxed) {
            self.host = Host::Unseen;
            self.edges.wait(None)?;
            return Ok(false);
        }
        match &self.host {
            Host::Unseen => {
                self.host = Host::Expected {
                    news: Edges::of_both(port)?,
                    since: Instant::now(),
                };
                return Ok(false);
            }
            Host::Seen => {}
            Host::Expected { news, since } => {
                let left = NEWS_COMES_WITHIN.saturating_sub(since.elapsed());
                if !left.is_zero() && news.wait(Some(left))? {
                    return Ok(false);
                }
            }
        }
        self.host = Host::Unseen;
        self.is_used.store(false, Ordering::Relaxed);
        Ok(true)
    }
}

/// A virtio port gives no more than a page at a time: after a full one there may be another.
/// What is no bytes, the next read meets again.
fn fill(port: &OwnedFd, buffer: &mut [u8], mut filled: usize) -> usize {
    let mut last = filled;
    while last >= PAGE && filled < buffer.len() {
        last = read(port, &mut buffer[filled..]).unwrap_or(0);
        filled += last;
    }
    filled
}

fn wait_for_bytes(fd: &OwnedFd) -> io::Result<()> {
    let mut fds = [PollFd::new(fd, PollFlags::IN)];
    match poll(&mut fds, None) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
