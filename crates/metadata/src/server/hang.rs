//! A request that is answered when something changes.
//!
//! ```text
//!             last_etag is another ─► answered at once
//! GET ──┬──►  none, or the present ─► hangs ──┬─ a change at or below the key ─► the new value, or 404
//!       │                                     └─ the time is over ─► the present value
//!       └──►  no such key ─► 404
//! ```

use std::time::Duration;

use super::answer::{self, Form};
use super::{Reply, Service};
use crate::Key;

/// A hanging GET. It holds no value: only what was asked for, and as of which revision.
#[derive(Debug)]
pub struct Hang {
    pub(super) guest: String,
    pub(super) key: Key,
    pub(super) form: Form,
    pub(super) revision: u64,
    pub(super) timeout: Option<Duration>,
}

impl Hang {
    /// The value or directory that is waited for.
    #[must_use]
    pub const fn key(&self) -> &Key {
        &self.key
    }

    /// How long the guest wants to wait, at most `Limits::longest_wait`. `None`: it did not say.
    #[must_use]
    pub const fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// The answer, if something at or below the key has changed. Cheap while nothing has: no value is
    /// looked at.
    #[must_use]
    pub fn recheck(&self, service: &Service) -> Option<Reply> {
        let present = service
            .view(&self.guest)
            .map(|view| view.revision(&self.key));
        (present != Some(self.revision)).then(|| self.timed_out(service))
    }

    /// The answer when the time is over: the present value.
    #[must_use]
    pub fn timed_out(&self, service: &Service) -> Reply {
        answer::shown(service, &self.guest, &self.key, self.form).unwrap_or_else(Reply::not_found)
    }
}
