//! What the guest agent decides, without I/O: its settings, freezes, executions and log.

pub mod executions;
pub mod freeze;
pub mod handles;
pub mod held;
pub mod settings;
mod utc;
