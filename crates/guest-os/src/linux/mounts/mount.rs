//! A mount and its device.

use std::fmt;
use std::path::PathBuf;

/// One mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// The device of its file system. Of a local mount always the block device, also for btrfs.
    pub device: Device,
    /// What was mounted: a device's node, or whatever the file system calls its source.
    pub source: PathBuf,
    /// Where.
    pub mountpoint: PathBuf,
    /// `ext4`, `xfs`, ...
    pub fs_type: String,
    /// Options of this mount, by commas.
    pub options: String,
    /// Options of the file system, by commas.
    pub super_options: String,
}

/// A device's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Device {
    /// Which driver; 0: no device, a number that the kernel made up for a file system.
    pub major: u32,
    /// Which of the driver's devices.
    pub minor: u32,
}

impl fmt::Display for Device {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.major, self.minor)
    }
}
