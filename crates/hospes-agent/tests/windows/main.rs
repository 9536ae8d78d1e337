//! The agent on Windows, from outside: the real program over a named pipe in place of its port.
//!
//! ```text
//! test ─┬─ Port: the host's end of a named pipe ◄─────► hospes-agent.exe qemu-ga -p \\.\pipe\NAME
//!       ├─ Server: metadata with scripts ◄───────────── GCEMetadataScriptRunner.exe EVENT
//!       └─ Host: metadata that announces a stop ◄────── hospes-agent.exe metadata-watcher
//! ```
//!
//! None of these tests shuts down, suspends or trims: every agent here runs with a block list.
#![cfg(windows)]
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

mod broken;
mod command_line;
mod files;
#[path = "../watcher/host.rs"]
#[expect(dead_code, reason = "shared with the watcher's tests on Linux")]
mod host;
mod lists;
mod port;
mod process;
mod programs;
mod running;
mod scripts;
#[path = "../runner/server.rs"]
#[expect(dead_code, reason = "shared with the runner's tests on Linux")]
mod server;
mod session;
mod system;
mod watcher;

use port::Port;
use process::{agent_program, copied, finished};
use running::Running;

/// The agent as most tests want it.
fn agent() -> Running {
    Running::start(&[])
}
