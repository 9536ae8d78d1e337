//! Running a script: its output while it runs, and what happens beside it.
//!
//! ```text
//! start ─► wait ─┬─ Output   bytes, as soon as they are there
//!                ├─ Beside   a signal has come (`process::Termination`)
//!                ├─ Late     the time is over
//!                └─ Ended ─► rest: what is still in the pipe, and what comes in a moment more
//!                                └─► held_output: a background child keeps the pipe
//! ```
//!
//! One thread, which polls. Standard output and standard error are one pipe, so that their lines
//! keep their order.

mod process;
mod surroundings;

pub use process::{Moment, Script};
pub use surroundings::{is_noexec, is_selinux_enforcing};

#[cfg(test)]
mod tests;
