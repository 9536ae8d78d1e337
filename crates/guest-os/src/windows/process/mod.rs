//! The agent as a process, and the helper programs that it runs.
//!
//! ```text
//! program ─► command_line ─┐
//! environment ─────────────┼─► start ─► Process, in a Job or not     pipe: its streams, overlapped
//! streams ─────────────────┘
//! ```

mod allocator;
mod command_line;
mod daemon;
mod descriptors;
mod environment;
mod handle;
mod job;
mod pid_file;
mod pipe;
mod program;
mod run;
mod start;
pub(super) mod termination;
mod user;

pub use allocator::{prefer_large_pages, reduce_memory, release_program_pages};
pub use daemon::daemonize;
pub use descriptors::keep_descriptors;
pub use pid_file::PidFile;
pub use termination::{Termination, TerminationSignal};
pub use user::is_root;

pub(super) use command_line::command_line;
pub(super) use environment::{block, with_ours};
pub(super) use handle::{inheritable, null};
pub(super) use job::Job;
pub(super) use pipe::{Reader, Writer, from_program, to_program};
pub(super) use program::{locate, own_search_path};
pub(super) use run::run;
pub(super) use start::{Console, Launch, Place, Process};

#[cfg(test)]
pub(super) mod helper_tests;
