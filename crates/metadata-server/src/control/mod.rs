//! The control socket: both ends.
//!
//! ```text
//! Client::connect ─► ask ───► one command, one answer            (get, change, presence)
//!               └──► watch ─► one command, an answer now and after each change
//! ```

mod client;
mod lines;
mod server;

pub use client::{Client, ClientError, Watch};
pub(crate) use server::serve;
