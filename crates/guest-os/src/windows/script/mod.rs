//! Running a script: its output while it runs, and what happens beside it.
//!
//! ```text
//! start ─► wait ─┬─ Output   bytes, as soon as they are there
//!                ├─ Beside   the bell was rung: the program shall end
//!                ├─ Late     the time is over
//!                └─ Ended ─► rest: what is still in the pipe, and what comes in a moment more
//!                                └─► held_output: a background child keeps the pipe
//! ```
//!
//! One thread, which waits for the pipe, the process and the bell. Standard output and standard
//! error are one pipe, so that their lines keep their order.

mod bell;
mod held;
mod process;
mod surroundings;

pub use crate::both::script::{Ended, Invocation, Moment};
pub use bell::{Bell, Ringer, bell};
pub use held::HeldOutput;
pub use process::Script;
pub use surroundings::{OTHER_PLACES, is_noexec, is_selinux_enforcing};

#[cfg(test)]
mod tests;
