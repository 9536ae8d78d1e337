//! Every call that the guest agent makes to its operating system.
//!
//! The only crate of the agent with `unsafe`. Functions answer with the protocol's own result
//! types (`qga::results`), or an [`Error`]: what a machine cannot do is [`Error::Unsupported`],
//! never a guess.
//!
//! Two systems, one API: `linux` and `windows` have the same modules with the same functions, and
//! whoever calls them cannot tell which it is, but by [`SYSTEM`]. `both` has what needs neither.

mod both;
mod error;

pub use error::{Error, Result, reason};

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
use linux as system;

#[cfg(windows)]
mod windows;
#[cfg(windows)]
use windows as system;

pub use system::{
    SYSTEM, access, accounts, boot, clock, devices, disks, exec, file, filesystems, freeze,
    graceful, hook, identity, log_sink, memory, mounts, network, power, process, processors,
    routes, script, service, statistics, system_log, transport, trim, users, words,
};
