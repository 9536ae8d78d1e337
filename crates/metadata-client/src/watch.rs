//! One key, watched by hanging GETs.

use metadata::{Failure, Key, Query};

use crate::line::{Ask, Line, Reply};

/// The etag of who has seen nothing yet: answered at once.
const NONE: &str = "NONE";

/// A key and the etag that was seen last. Each watch has a connection of its own, so one that
/// waits delays no other.
pub struct KeyWatch {
    line: Line,
    key: Key,
    seen: Option<String>,
}

impl KeyWatch {
    pub(crate) fn new(line: Line, key: Key) -> Self {
        let seen = Some(NONE.to_owned());
        Self { line, key, seen }
    }

    /// Waits until the value is another than the one seen last, or until the server's time is
    /// over; then its reply is the present value, which may be the same. The first reply comes at
    /// once. After a failure the same change is waited for again; nothing is retried in here.
    ///
    /// # Errors
    /// Each kind of failure as its own; `Cancelled` once the [`Canceller`] was used.
    pub fn next_reply(&mut self) -> Result<Reply, Failure> {
        let query = Query {
            wait_for_change: true,
            last_etag: self.seen.clone(),
            timeout: Some(self.line.limits().hang),
            ..Query::default()
        };
        let reply = self.line.ask(&self.key, Ask::Get(&query))?;
        self.seen.clone_from(&reply.etag);
        Ok(reply)
    }

    /// What ends the waiting from another thread.
    #[must_use]
    pub fn canceller(&self) -> Canceller {
        Canceller(self.line.clone())
    }
}

/// Ends a [`KeyWatch`]: its hanging GET at once, where a connection stands, and all later ones.
#[derive(Clone)]
pub struct Canceller(Line);

impl Canceller {
    /// Gives up. There is no way back: a new watch is a new [`crate::Client::watch_key`].
    pub fn cancel(&self) {
        self.0.give_up();
    }
}
