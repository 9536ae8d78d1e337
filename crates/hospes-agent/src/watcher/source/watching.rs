//! The thread that watches a key.

use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use metadata::Failure;
use metadata::watch::Pace;
use metadata_client::KeyWatch;

use super::inbox::{Inbox, Subscribers};
use crate::log::Log;

/// A key that is watched.
pub(in crate::watcher) struct Source {
    shared: Arc<Shared>,
    canceller: metadata_client::Canceller,
}

/// Ends a source from another thread.
#[derive(Clone)]
pub(in crate::watcher) struct Canceller {
    shared: Arc<Shared>,
    request: metadata_client::Canceller,
}

#[derive(Default)]
struct Shared {
    subscribers: Subscribers,
    is_cancelled: Mutex<bool>,
    cancelled: Condvar,
}

impl Source {
    /// Begins to watch.
    ///
    /// # Errors
    /// When no thread can be started.
    pub(in crate::watcher) fn start(watch: KeyWatch, log: &Arc<Log>) -> Result<Self, String> {
        let source = Self {
            shared: Arc::default(),
            canceller: watch.canceller(),
        };
        let (shared, log) = (Arc::clone(&source.shared), Arc::clone(log));
        let thread = thread::Builder::new().name("watch".to_owned());
        let started = thread.spawn(move || shared.watch(watch, &log));
        started.map_err(|error| format!("cannot start a thread: {error}"))?;
        Ok(source)
    }

    /// Adds a subscriber.
    pub(in crate::watcher) fn subscribe(&self) -> Inbox {
        self.shared.subscribers.add()
    }

    /// What ends it.
    pub(in crate::watcher) fn canceller(&self) -> Canceller {
        Canceller {
            shared: Arc::clone(&self.shared),
            request: self.canceller.clone(),
        }
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        self.canceller().cancel();
    }
}

impl Canceller {
    /// Closes every inbox, then ends the request that hangs.
    pub(in crate::watcher) fn cancel(&self) {
        self.shared.subscribers.close();
        let is_cancelled = self.shared.is_cancelled.lock();
        *is_cancelled.unwrap_or_else(PoisonError::into_inner) = true;
        self.shared.cancelled.notify_all();
        self.request.cancel();
    }
}

/// Closes the inboxes however the thread ends.
struct Closing<'a>(&'a Subscribers);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Shared {
    fn watch(&self, mut watch: KeyWatch, log: &Log) {
        let _closing = Closing(&self.subscribers);
        let (began, mut pace) = (Instant::now(), Pace::default());
        loop {
            let asked = Instant::now();
            let outcome = watch.next_reply().map(|reply| reply.value);
            let answer = match outcome {
                Err(Failure::Cancelled) => break,
                Ok(value) => Ok(self.subscribers.tell(Some(value))),
                Err(failure) => {
                    if failure.is_not_found() {
                        self.subscribers.tell(None);
                    }
                    // Otherwise nobody knows the value now; the last one stands.
                    Err(failure)
                }
            };
            let answer = answer.as_ref().copied();
            let rest = pace.step(answer, asked.elapsed(), began.elapsed(), random());
            match rest.notice {
                Some(notice) if notice.is_warning() => log.warn(format_args!("{notice}")),
                Some(notice) => log.info(format_args!("{notice}")),
                None => {}
            }
            if self.is_cancelled_within(rest.wait) {
                break;
            }
        }
    }

    fn is_cancelled_within(&self, wait: Duration) -> bool {
        let is_cancelled = self.is_cancelled.lock();
        let is_cancelled = is_cancelled.unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .cancelled
            .wait_timeout_while(is_cancelled, wait, |is_cancelled| !*is_cancelled);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// Another number each time: the standard library's hash maps are seeded by the system.
fn random() -> u32 {
    let hash = RandomState::new().hash_one(0);
    u32::try_from(hash >> 32).unwrap_or_default()
}
