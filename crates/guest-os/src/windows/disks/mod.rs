//! Disks: what the storage drivers tell of them.

mod address;
mod descriptor;
mod drive;
mod listing;

pub(super) use self::address::Disks;
pub(super) use self::drive::disks_under;
pub use self::listing::disks;
