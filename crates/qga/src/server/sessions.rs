//! Which replies go out on one stream, and in which order.
//!
//! ```text
//! accept(request) ─► Ticket        settle(ticket, reply) ─► replies that are due, in order
//! sync            ─► a new session: replies owed to the older one are dropped
//! ```
//!
//! A client that sends a sync has given up on what it asked before: a late reply would be taken for
//! the answer to its next command. Only the replies are dropped. Requests that were accepted are
//! still carried out, in the order of their session, also those that had not begun: a write that
//! was asked for is not forgotten halfway through a file. Whether the new session's requests wait
//! for them is the program's choice.

use std::collections::VecDeque;

/// One accepted request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ticket {
    session: u64,
    number: u64,
}

/// The replies owed on one stream. `R` is a reply, in whatever form the program sends it.
///
/// It is as large as the number of requests that were accepted and not settled, and of the replies
/// that wait for an earlier one: see [`Sessions::outstanding`].
#[derive(Debug)]
pub struct Sessions<R> {
    session: u64,
    /// The number of the first request in `owed`.
    first: u64,
    /// The current session's requests from the oldest that is not settled.
    owed: VecDeque<Owed<R>>,
    /// Unsettled requests of older sessions.
    dropped: Vec<Ticket>,
}

#[derive(Debug)]
enum Owed<R> {
    Unsettled,
    /// Settled, behind one that is not. `None`: a success without a reply.
    Waiting(Option<R>),
}

impl<R> Sessions<R> {
    /// A stream on which nothing was asked yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            session: 0,
            first: 0,
            owed: VecDeque::new(),
            dropped: Vec::new(),
        }
    }

    /// Takes a request of the current session, in the order of arrival. What is no request
    /// ([`RejectedRequest`](crate::RejectedRequest)) takes a ticket as well: its reply has its
    /// place in the order.
    pub fn accept(&mut self) -> Ticket {
        let number = self.first + self.owed.len() as u64;
        self.owed.push_back(Owed::Unsettled);
        Ticket {
            session: self.session,
            number,
        }
    }

    /// A sync has arrived: begins a new session. Call it before the sync itself is accepted.
    pub fn begin_session(&mut self) {
        let (session, first) = (self.session, self.first);
        let owed = std::mem::take(&mut self.owed);
        let unsettled = (first..).zip(owed).filter_map(|(number, owed)| {
            matches!(owed, Owed::Unsettled).then_some(Ticket { session, number })
        });
        self.dropped.extend(unsettled);
        (self.session, self.first) = (session + 1, 0);
    }

    /// A request has been carried out: its reply, or `None` for a success that is not answered.
    /// Yields the replies that are due now, in the order of their requests. A request of an older
    /// session, and one that was settled already, yields nothing.
    pub fn settle(&mut self, ticket: Ticket, reply: Option<R>) -> Vec<R> {
        if let Some(place) = self.place(ticket) {
            self.owed[place] = Owed::Waiting(reply);
        } else if ticket.session != self.session {
            self.dropped.retain(|dropped| *dropped != ticket);
        }
        self.due()
    }

    /// Nothing of the current session is owed: a reply made now is due at once, so that a short
    /// command may be carried out where the request is read.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.owed.is_empty()
    }

    /// How many requests are accepted and not settled, in all sessions, or wait with their reply
    /// for an earlier one. A program that reads no further request above some number bounds its
    /// memory with it.
    #[must_use]
    pub fn outstanding(&self) -> usize {
        self.owed.len() + self.dropped.len()
    }

    /// Where an unsettled request of the current session stands.
    fn place(&self, ticket: Ticket) -> Option<usize> {
        let number = (ticket.session == self.session).then_some(ticket.number)?;
        let place = usize::try_from(number.checked_sub(self.first)?).ok()?;
        matches!(self.owed.get(place), Some(Owed::Unsettled)).then_some(place)
    }

    fn due(&mut self) -> Vec<R> {
        let mut due = Vec::new();
        while let Some(Owed::Waiting(_)) = self.owed.front() {
            if let Some(Owed::Waiting(Some(reply))) = self.owed.pop_front() {
                due.push(reply);
            }
            self.first += 1;
        }
        due
    }
}

impl<R> Default for Sessions<R> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
#[path = "sessions_tests.rs"]
mod tests;
