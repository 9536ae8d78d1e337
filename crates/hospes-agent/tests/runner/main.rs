//! The runner of metadata scripts, over real sockets and with real scripts.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

mod bench;
mod graceful;
mod journal;
mod ordinary;
mod server;
mod sources;
mod sufferings;
mod surroundings;
