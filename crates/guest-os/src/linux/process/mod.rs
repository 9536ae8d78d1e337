//! The agent as a process, and the helper programs that it runs.

mod allocator;
mod daemon;
mod descriptors;
mod mappings;
mod pid_file;
mod run;
mod termination;
mod user;

pub use allocator::{prefer_large_pages, reduce_memory, release_program_pages};
pub use daemon::daemonize;
pub use descriptors::keep_descriptors;
pub use pid_file::PidFile;
pub use termination::{Termination, TerminationSignal};
pub use user::is_root;

pub(super) use run::run;

#[cfg(test)]
pub(super) use run::tests::script;
