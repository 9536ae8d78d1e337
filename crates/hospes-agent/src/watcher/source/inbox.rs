//! What a subscriber has not taken yet.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;

use metadata::watch::Answer;

/// The value of a key; `None`: there is none.
pub(in crate::watcher) type Value = Option<String>;

/// Replies that wait for one subscriber.
const MOST: usize = 8;

/// A subscription: it ends when this is dropped.
pub(in crate::watcher) struct Inbox(Arc<Queue>);

/// What an inbox has.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::watcher) enum Arrival {
    /// A reply.
    Reply(Value),
    /// Nothing came in time.
    Late,
    /// Nothing will come any more.
    Closed,
}

impl Inbox {
    /// Waits for the next reply, or until then. A closed inbox hands out nothing of what it held.
    pub(in crate::watcher) fn next(&self, until: Option<Instant>) -> Arrival {
        let mut state = self.0.lock();
        loop {
            if state.is_closed {
                return Arrival::Closed;
            }
            if let Some(value) = state.replies.pop_front() {
                return Arrival::Reply(value);
            }
            state = match until.map(|until| until.saturating_duration_since(Instant::now())) {
                Some(left) if left.is_zero() => return Arrival::Late,
                Some(left) => {
                    let waited = self.0.news.wait_timeout(state, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => {
                    let waited = self.0.news.wait(state);
                    waited.unwrap_or_else(PoisonError::into_inner)
                }
            };
        }
    }
}

#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    news: Condvar,
}

#[derive(Default)]
struct State {
    replies: VecDeque<Value>,
    is_closed: bool,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, value: Value) {
        let mut state = self.lock();
        if state.replies.len() == MOST {
            state.replies.pop_front();
        }
        state.replies.push_back(value);
        self.news.notify_one();
    }

    fn close(&self) {
        self.lock().is_closed = true;
        self.news.notify_one();
    }
}

/// The subscribers of a source.
#[derive(Default)]
pub(super) struct Subscribers(Mutex<Known>);

#[derive(Default)]
struct Known {
    queues: Vec<Weak<Queue>>,
    latest: Option<Value>,
    is_closed: bool,
}

impl Subscribers {
    pub(super) fn add(&self) -> Inbox {
        let mut known = self.lock();
        known.queues.retain(|queue| queue.strong_count() > 0);
        let queue = Arc::<Queue>::default();
        if let Some(value) = &known.latest {
            queue.push(value.clone());
        }
        if known.is_closed {
            queue.close();
        }
        known.queues.push(Arc::downgrade(&queue));
        Inbox(queue)
    }

    /// Hands it to every subscriber that is there.
    pub(super) fn tell(&self, value: Value) -> Answer {
        let mut known = self.lock();
        known.queues.retain(|queue| {
            let queue = queue.upgrade();
            queue.inspect(|queue| queue.push(value.clone())).is_some()
        });
        let before = known.latest.replace(value);
        if before == known.latest {
            Answer::Same
        } else {
            Answer::Changed
        }
    }

    pub(super) fn close(&self) {
        let mut known = self.lock();
        known.is_closed = true;
        for queue in known.queues.iter().filter_map(Weak::upgrade) {
            queue.close();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
