//! The client end: reading the stream of replies, and one call after another on it.

mod decoder;
mod exchange;
mod session;

pub use decoder::{Garbage, GarbageReason, ReplyDecoder, ReplyEvent, ReplyLimits};
pub use exchange::{CallError, CallId, Step};
pub use session::ClientSession;
