//! Disks and partitions, from sysfs and udev's database.

mod address;
mod listing;
mod nvme;
pub(super) mod sysfs;

pub(super) use self::address::address;
pub use self::listing::disks;
