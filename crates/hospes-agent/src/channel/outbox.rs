//! A stream's way out, shared by its reader and its workers.

use std::io::ErrorKind;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use guest_os::transport::Sender;
use qga::{Sessions, Ticket};

use super::Outgoing;

/// A client that takes nothing for so long is given up.
const CLIENT_TAKES_WITHIN: Duration = Duration::from_secs(60);

pub(super) struct Outbox {
    state: Mutex<State>,
}

struct State {
    sessions: Sessions<Outgoing>,
    sender: Sender,
    /// A reply was cut off: until the next session, what follows could not be told from its rest.
    cut_off: Option<ErrorKind>,
}

impl Outbox {
    pub(super) fn new(sender: Sender) -> Self {
        let state = State {
            sessions: Sessions::new(),
            sender,
            cut_off: None,
        };
        Self {
            state: Mutex::new(state),
        }
    }

    pub(super) fn accept(&self) -> Ticket {
        self.lock().sessions.accept()
    }

    /// Drops what older sessions are owed.
    pub(super) fn begin_session(&self) {
        let mut state = self.lock();
        state.sessions.begin_session();
        state.cut_off = None;
    }

    /// Nothing is owed to the current session.
    pub(super) fn is_idle(&self) -> bool {
        self.lock().sessions.is_idle()
    }

    /// Why a reply could not be delivered whole, if one could not.
    pub(super) fn cut_off(&self) -> Option<ErrorKind> {
        self.lock().cut_off
    }

    /// The outcome of one request; `None` is a success without a reply. Writes what is due.
    pub(super) fn settle(&self, ticket: Ticket, reply: Option<Outgoing>) {
        let mut state = self.lock();
        for due in state.sessions.settle(ticket, reply) {
            state.send(due);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn send(&mut self, reply: Outgoing) {
        if self.cut_off.is_some() {
            return;
        }
        let sender = &self.sender;
        let written = reply.write(&mut |bytes| sender.send(bytes, CLIENT_TAKES_WITHIN));
        self.cut_off = written.err().map(|error| error.kind());
    }
}
