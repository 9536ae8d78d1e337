//! News of one key, for whoever wants to know.
//!
//! ```text
//! KeyWatch ─► watching (a thread a key) ─┬► inbox ─► subscriber
//!             pace: rests, lines         └► inbox ─► subscriber
//! ```
//!
//! - Sources know nothing of each other: each has its thread, its connection and its etag.
//! - An inbox holds a few replies; when it is full the oldest gives way, for a newer reply tells more.
//!   So a subscriber that is slow delays nobody. One that ends, or panics, drops its inbox, and is
//!   forgotten.
//! - Who subscribes gets the latest reply first.
//! - Dropping a source, or cancelling it, closes its inboxes at once; its thread ends when the
//!   request that is under way does, which is cancelled too.

mod inbox;
mod watching;

pub(super) use inbox::{Arrival, Inbox};
pub(super) use watching::{Canceller, Source};

#[cfg(test)]
mod tests;
