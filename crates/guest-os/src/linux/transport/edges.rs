//! Waiting for changes of a virtio port.
//!
//! As long as no host is there, the port says "ready, hung up" to whoever asks (`port_fops_poll` in
//! virtio_console.c), and a poll would return at once, for ever. Edge-triggered, only changes wake:
//! bytes, room, a host that comes or goes.

use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::io::Errno;

/// A host's bytes may come before the news that it has opened the port (the one through a queue of
/// data, the other through a queue of control messages): so long it is waited for.
pub(super) const NEWS_COMES_WITHIN: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) struct Edges {
    epoll: OwnedFd,
}

impl Edges {
    /// Bytes, and hosts that go.
    pub(super) fn of_reading(port: &OwnedFd) -> rustix::io::Result<Self> {
        Self::of(port, EventFlags::IN)
    }

    /// Room, and hosts that come or go.
    pub(super) fn of_writing(port: &OwnedFd) -> rustix::io::Result<Self> {
        Self::of(port, EventFlags::OUT)
    }

    /// All of these.
    pub(super) fn of_both(port: &OwnedFd) -> rustix::io::Result<Self> {
        Self::of(port, EventFlags::IN | EventFlags::OUT)
    }

    fn of(port: &OwnedFd, events: EventFlags) -> rustix::io::Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, port, EventData::new_u64(0), events | EventFlags::ET)?;
        Ok(Self { epoll })
    }

    /// Waits for a change since the last one that was told; without a limit when there is none.
    /// Returns whether there may be one.
    pub(super) fn wait(&self, limit: Option<Duration>) -> rustix::io::Result<bool> {
        let limit = limit.and_then(|limit| Timespec::try_from(limit).ok());
        let mut events = Vec::with_capacity(1);
        let spare = rustix::buffer::spare_capacity(&mut events);
        match epoll::wait(&self.epoll, spare, limit.as_ref()) {
            // A signal of another thread's concern: whoever waits looks again.
            Err(Errno::INTR) => Ok(true),
            told => Ok(told? > 0),
        }
    }
}
