//! One stream of requests and replies, of a port or of a client of a socket.
//!
//! ```text
//! bytes in ─► RequestDecoder ─┬─ sync: a new session, answered at once
//!                             ├─ short command, nothing owed: carried out here, answered at once
//!                             └─ else: the session's queue ─► its worker ─► Outbox ─► bytes out
//! ```
//!
//! The reader never waits for a command, so a sync and a ping after it are answered while older
//! work goes on. Replies of one session keep the order of its requests; what an older session is
//! still owed is dropped.

mod outbox;
mod outgoing;
mod queue;
mod reader;

pub(crate) use outgoing::Outgoing;
pub(crate) use reader::serve;
