//! The far ends that are measured against, in a process of their own: its memory and its open files
//! are not the controller's.

mod agent;
mod guests;
mod patching;
mod probe;
mod serve;
mod shell;

pub(crate) use guests::{address, boot_id, host_name, public_host_key};
pub(crate) use serve::raise_open_file_limit;
pub(super) use serve::{AGENT, IDENTITY, KNOWN_HOSTS, READY, USER};
pub use serve::{Ports, serve};
pub(super) use shell::BOOT_ID as BOOT_ID_COMMAND;
