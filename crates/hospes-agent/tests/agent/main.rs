//! Our agent alone, from outside: the real program over real sockets.
//!
//! None of these tests freezes, trims or shuts down: every agent here runs with a block list.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that fails panics, and its findings must show"
)]

mod clients;
mod daemon;
mod files;
mod lists;
mod programs;
mod resources;
mod slow;
mod start;
#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "shared with the comparison with QEMU's agent")]
mod support;

use support::{Program, Running};

/// Our agent as most tests want it.
fn agent() -> Running {
    Running::start(&Program::ours(), &[])
}
