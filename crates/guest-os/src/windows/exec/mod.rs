//! Running programs: `guest-exec`.
//!
//! ```text
//! spawn ─► process ─┬─ stdin  ◄─ input                     one thread an execution waits for
//!                   ├─ stdout, stderr ─► kept, bounded     these pipes and the process
//!                   └─ ends ─► what is readable then is drained ─► on_end(Ended)
//!                              pipes that a background child still holds: read and discarded
//! ```
//!
//! The result is there when the process ends, whoever else holds its output. A background child
//! is neither killed nor blocked by a full pipe: the thread stays until the last holder is gone.

mod process;
mod streams;

#[cfg(test)]
mod tests;

use std::sync::mpsc::sync_channel;
use std::thread;

use qga::results::exec::Ended;
use qga::{Capture, ExecCall};

use crate::{Error, Result};
use process::Running;

/// Bytes of a stream that are kept; what comes after is read, discarded and flagged. As QEMU's
/// agent.
const KEPT_BYTES: usize = 16 << 20;

/// Enough for waiting and for `on_end`, which formats a result.
const STACK_BYTES: usize = 128 << 10;

/// Starts a program and returns its process id. `on_end` is called once, on a thread of the
/// execution's own, when the process has ended.
///
/// The thread is there before the process: what could fail after a program has begun to act is as
/// little as possible.
///
/// # Errors
/// In the words of QEMU's agent, when the program cannot be executed; when the system has no
/// thread or pipe for it; when its output shall be merged. Then nothing runs and `on_end` is never
/// called.
pub fn spawn(call: &ExecCall, on_end: impl FnOnce(Ended) + Send + 'static) -> Result<i64> {
    if call.capture == Capture::Merged {
        return Err(Error::Unsupported("merged output, on Windows"));
    }
    let (give, given) = sync_channel::<Running>(1);
    let thread = thread::Builder::new()
        .name("exec".into())
        .stack_size(STACK_BYTES);
    thread
        .spawn(move || {
            if let Ok(running) = given.recv() {
                running.follow(on_end);
            }
        })
        .map_err(|error| Error::os("failed to start a thread for the process", error))?;
    let running = Running::start(call)?;
    let pid = running.pid();
    // It waits for exactly this.
    let _ = give.send(running);
    Ok(pid)
}
