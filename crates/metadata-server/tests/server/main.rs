//! The server over real sockets.

#![allow(clippy::unwrap_used, reason = "tests stop at what they do not expect")]

mod client;
mod control;
mod curl;
mod durability;
mod forward;
mod hanging;
mod host;
mod hostile;
mod identity;
mod protocol;
