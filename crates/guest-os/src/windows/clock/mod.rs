//! The clock (`guest-get-time`, `guest-set-time`).

mod file_time;
mod system;

pub(super) use file_time::{FileTime, TICKS};
pub use system::{now_ns, set, since_boot};
