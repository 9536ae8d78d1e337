//! Running programs: `guest-exec`.
//!
//! ```text
//! spawn ─► process ─┬─ stdin  ◄─ input                     one thread an execution polls
//!                   ├─ stdout, stderr ─► kept, bounded     these pipes and the process
//!                   └─ ends ─► what is readable then is drained ─► on_end(Ended)
//!                              pipes that a background child still holds: read and discarded
//! ```
//!
//! The result is there when the process ends, whoever else holds its output. A background child
//! is neither killed by `SIGPIPE` nor blocked by a full pipe: the thread stays until the last
//! holder is gone.

mod command;
mod process;
mod streams;
mod watcher;

#[cfg(test)]
mod tests;

use qga::ExecCall;
use qga::results::exec::Ended;

use crate::{Error, Result};
pub(super) use process::end_signal;
use process::{EndSignal, Running};
use watcher::Watcher;

/// Bytes of a stream that are kept; what comes after is read, discarded and flagged. As QEMU's
/// agent.
const KEPT_BYTES: usize = 16 << 20;

/// Enough for polling and for `on_end`, which formats a result.
const STACK_BYTES: usize = 128 << 10;

/// Starts a program and returns its process id. `on_end` is called once, on a thread of the
/// execution's own, when the process has ended and is reaped.
///
/// # Errors
/// In the words of QEMU's agent, when the program cannot be executed; when the system has no
/// thread or pipe for it. Then nothing runs and `on_end` is never called.
pub fn spawn(call: &ExecCall, on_end: impl FnOnce(Ended) + Send + 'static) -> Result<i64> {
    start(call, Group::Agents, end_signal, on_end)
}

/// To which process group a program belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    /// The agent's: as under QEMU's agent, which leaves it alone.
    Agents,
    /// One of its own, of its process id, that can be killed as a whole.
    Own,
}

/// The thread that watches is there before the process: what could fail after a program has begun
/// to act is as little as possible.
pub(super) fn start(
    call: &ExecCall,
    group: Group,
    end_signal: EndSignal,
    on_end: impl FnOnce(Ended) + Send + 'static,
) -> Result<i64> {
    let watcher = Watcher::reserve()
        .map_err(|error| Error::os("failed to start a thread for the process", error))?;
    let running = Running::start(call, group, end_signal)?;
    let pid = running.pid();
    watcher.give(Box::new(move || running.follow(on_end)));
    Ok(pid)
}
