//! The far ends that are measured against, in a process of their own: its memory and its open files
//! are not the controller's.

mod agent;
mod guests;
mod serve;

pub(super) use guests::boot_id;
pub use serve::serve;
pub(super) use serve::{AGENT, IDENTITY, KNOWN_HOSTS, READY, USER, raise_open_file_limit};
