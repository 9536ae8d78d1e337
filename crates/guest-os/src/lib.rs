//! Every call that the guest agent makes to its operating system.
//!
//! The only crate of the agent with `unsafe`. Functions answer with the protocol's own result
//! types (`qga::results`), or an [`Error`]: what a machine cannot do is [`Error::Unsupported`],
//! never a guess.

mod error;

pub use error::{Error, Result, reason};

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub use linux::{
    accounts, clock, console, disks, exec, file, filesystems, freeze, hook, identity, journal,
    log_sink, memory, mounts, network, power, process, processors, routes, script, statistics,
    transport, trim, users,
};
