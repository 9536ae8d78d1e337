//! The guest agent: a drop-in for QEMU's, which thaws what it froze and answers while it works.
//!
//! ```text
//! qemu_ga ─► serve ─┬─ channel (one a port or client) ─► execute ─► guest_os
//!                   └─ signals ─► finish: thaw, then end
//! scripts ─► the scripts of an event, one after the other
//! watcher ─► the start job of the graceful scripts, when the host announces a stop
//! ```
//!
//! Nothing here starts a shutdown or a reboot by itself: `execute::system` does, when a client of
//! a channel asks for it.

mod agent;
mod channel;
mod commands;
mod execute;
mod files;
mod freezer;
mod log;
mod man;
mod programs;
mod qemu_ga;
mod scripts;
mod self_test;
mod serve;
mod services;
mod stdio;
mod system;
mod version;
mod watcher;

pub use commands::main;
use stdio::{complain, print};
