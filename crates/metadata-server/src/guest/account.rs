//! One guest.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use metadata::Key;
use metadata::control::Answer;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit, watch};

use super::bucket::TokenBucket;
use super::presence::{Presence, watches_for_a_stop};
use crate::Limits;

/// Values that one guest may send at a time, until they are kept: each may take as much memory as the
/// largest value, and what all guests send is kept one after the other.
const UPLOADS: usize = 2;
/// Bytes of large replies that one guest may have asked for and not yet taken.
const UNREAD_BYTES: u32 = 4 << 20;
/// Smaller replies are not counted: the number of connections limits them well enough.
const SMALL_REPLY: usize = 4096;

/// A guest as the server sees it.
#[derive(Debug)]
pub(crate) struct Guest {
    pub(crate) name: String,
    connections: Arc<Semaphore>,
    arrivals: Mutex<TokenBucket>,
    requests: Mutex<TokenBucket>,
    uploads: Semaphore,
    unread: Arc<Semaphore>,
    presence: Mutex<Presence>,
    news: watch::Sender<News>,
}

/// What wakes a hanging GET.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum News {
    /// Something that the guest can see has changed.
    Change,
    /// The server ends.
    Stop,
}

/// Room for a reply until it has been taken: none for a small one.
pub(crate) type ReplyRoom = Option<OwnedSemaphorePermit>;

/// A hanging GET that may watch for a stop; it is over when this is dropped.
pub(crate) struct Waiting<'a> {
    watched: Option<&'a Guest>,
}

impl Guest {
    pub(crate) fn new(name: String, limits: &Limits) -> Self {
        let bucket = || TokenBucket::new(limits.requests_per_second, Instant::now());
        Self {
            name,
            connections: Arc::new(Semaphore::new(limits.connections)),
            arrivals: Mutex::new(bucket()),
            requests: Mutex::new(bucket()),
            uploads: Semaphore::new(UPLOADS),
            unread: Arc::new(Semaphore::new(UNREAD_BYTES as usize)),
            presence: Mutex::default(),
            news: watch::Sender::new(News::Change),
        }
    }

    /// A place for one more connection, if the guest may have it.
    pub(crate) fn connection(&self) -> Option<OwnedSemaphorePermit> {
        let is_allowed = locked(&self.arrivals).take(Instant::now());
        let place = || self.connections.clone().try_acquire_owned().ok();
        is_allowed.then(place).flatten()
    }

    /// Counts a request, and tells whether the guest may make it.
    pub(crate) fn request(&self) -> bool {
        let now = Instant::now();
        locked(&self.presence).request(now);
        locked(&self.requests).take(now)
    }

    /// The right to send a value, when it is the guest's turn. `None` never comes.
    pub(crate) async fn upload(&self) -> Option<SemaphorePermit<'_>> {
        self.uploads.acquire().await.ok()
    }

    /// Room for a reply of so many bytes; an error when too much was not taken yet. One reply that is larger than
    /// all room takes all of it.
    pub(crate) fn room(&self, bytes: usize) -> Result<ReplyRoom, ()> {
        if bytes <= SMALL_REPLY {
            return Ok(None);
        }
        let bytes = u32::try_from(bytes).map_or(UNREAD_BYTES, |bytes| bytes.min(UNREAD_BYTES));
        let room = self.unread.clone().try_acquire_many_owned(bytes);
        room.map(Some).map_err(drop)
    }

    /// What happens from now on.
    pub(crate) fn news(&self) -> watch::Receiver<News> {
        self.news.subscribe()
    }

    /// Wakes every hanging GET.
    pub(crate) fn wake(&self, news: News) {
        self.news.send_replace(news);
    }

    /// A hanging GET on `key` begins.
    pub(crate) fn waits_for(&self, key: &Key) -> Waiting<'_> {
        let watched = watches_for_a_stop(key).then_some(self);
        if watched.is_some() {
            locked(&self.presence).watch_begins();
        }
        Waiting { watched }
    }

    /// What controllers are told of its presence.
    pub(crate) fn presence(&self) -> Answer {
        let now = Instant::now();
        let presence = locked(&self.presence);
        Answer::Presence {
            watcher: presence.is_watcher_present(now),
            last_request: presence.since_last_request(now).map(|ago| ago.as_secs()),
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(guest) = self.watched {
            locked(&guest.presence).watch_ends(Instant::now());
        }
    }
}

/// Nothing that is done under these locks leaves half a state behind.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
