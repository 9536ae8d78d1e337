//! The client of one machine's agent, on its unix socket.
//!
//! ```text
//! AgentClient ── one call at a time ──► Connection ──► qga::ClientSession (what the bytes mean)
//!   │ connects on the first call          └──► UnixStream (when they travel)
//!   └ reconnects after the connection ended
//! ```

mod client;
mod connection;
#[cfg(test)]
mod tests;

pub use client::AgentClient;
