//! Stopping all writing to file systems, and letting it go on: `FIFREEZE` and `FITHAW`.
//!
//! Everything that may block or fail for another reason (opening mount points) is done before
//! the first file system is frozen. The open mount points are kept: thawing needs no path, no
//! memory and no disk.

mod frozen;
mod ioctls;

#[cfg(test)]
pub(super) mod loop_mount;
#[cfg(test)]
mod tests;

pub use frozen::{Frozen, freeze, thaw_any};
