//! Which replies go out on one stream, and in which order.
//!
//! ```text
//! accept(request) ─► Ticket        settle(ticket, reply) ─► replies that are due, in order
//! sync            ─► a new session: replies owed to the older one are dropped
//! ```

/// One accepted request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ticket {
    session: u64,
    number: u64,
}
