//! What is mounted where: `/proc/self/mountinfo` (proc(5)).

mod mount;
mod order;
mod selection;
mod table;

pub use self::mount::{Device, Mount};
pub use self::selection::{freezable, local, mounts};
