//! Writing to a stream.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{SendFlags, send};

use super::edges::{Edges, NEWS_COMES_WITHIN};

/// The writing end of a stream.
#[derive(Debug, Clone)]
pub struct Sender {
    fd: Arc<OwnedFd>,
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    Client,
    Serial,
    Virtio {
        edges: Arc<Edges>,
        /// Bytes came since the last host went: somebody waits for replies.
        is_used: Arc<AtomicBool>,
    },
}

impl Sender {
    pub(super) const fn client(fd: Arc<OwnedFd>) -> Self {
        let kind = Kind::Client;
        Self { fd, kind }
    }

    pub(super) const fn serial(fd: Arc<OwnedFd>) -> Self {
        let kind = Kind::Serial;
        Self { fd, kind }
    }

    pub(super) fn virtio(fd: Arc<OwnedFd>, is_used: Arc<AtomicBool>) -> rustix::io::Result<Self> {
        let edges = Arc::new(Edges::of_writing(&fd)?);
        let kind = Kind::Virtio { edges, is_used };
        Ok(Self { fd, kind })
    }

    /// Writes all of `bytes`. One thread at a time: two would write into one another.
    ///
    /// # Errors
    /// [`io::ErrorKind::TimedOut`]: nothing was taken for `patience`. [`io::ErrorKind::BrokenPipe`]:
    /// nobody is at the other end. What was written until then stays written.
    pub fn send(&self, mut bytes: &[u8], patience: Duration) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.write(bytes) {
                Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => self.wait(patience)?,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn write(&self, bytes: &[u8]) -> rustix::io::Result<usize> {
        match self.kind {
            Kind::Client => send(&*self.fd, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL),
            Kind::Serial | Kind::Virtio { .. } => rustix::io::write(&*self.fd, bytes),
        }
    }

    /// Until something can be written.
    fn wait(&self, patience: Duration) -> io::Result<()> {
        match &self.kind {
            Kind::Client | Kind::Serial => self.wait_for_room(patience),
            Kind::Virtio { edges, is_used } => self.wait_for_host(edges, is_used, patience),
        }
    }

    fn wait_for_room(&self, patience: Duration) -> io::Result<()> {
        match self.room(patience)? {
            Room::Some => Ok(()),
            Room::None => Err(io::ErrorKind::TimedOut.into()),
            Room::HungUp => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// A host that is about to be told of is waited for; the change that is waited for may have
    /// come before, so the port is asked first.
    fn wait_for_host(
        &self,
        edges: &Edges,
        is_used: &AtomicBool,
        patience: Duration,
    ) -> io::Result<()> {
        let begun = Instant::now();
        loop {
            let (limit, late) = match self.room(Duration::ZERO)? {
                Room::Some => return Ok(()),
                Room::None => (patience, io::ErrorKind::TimedOut),
                Room::HungUp if is_used.load(Ordering::Relaxed) => {
                    (NEWS_COMES_WITHIN.min(patience), io::ErrorKind::BrokenPipe)
                }
                Room::HungUp => return Err(io::ErrorKind::BrokenPipe.into()),
            };
            let left = limit.saturating_sub(begun.elapsed());
            if left.is_zero() || !edges.wait(Some(left))? {
                return Err(late.into());
            }
        }
    }

    /// What the kernel says within `patience`.
    fn room(&self, patience: Duration) -> io::Result<Room> {
        let begun = Instant::now();
        loop {
            let left = patience.saturating_sub(begun.elapsed());
            let left = Timespec::try_from(left).map_err(io::Error::other)?;
            let mut fds = [PollFd::new(&*self.fd, PollFlags::OUT)];
            return match poll(&mut fds, Some(&left)) {
                Ok(0) => Ok(Room::None),
                Ok(_) if fds[0].revents().intersects(PollFlags::HUP | PollFlags::ERR) => {
                    Ok(Room::HungUp)
                }
                Ok(_) => Ok(Room::Some),
                Err(Errno::INTR) => continue,
                Err(error) => Err(error.into()),
            };
        }
    }
}

/// Whether something can be written.
enum Room {
    Some,
    None,
    HungUp,
}
