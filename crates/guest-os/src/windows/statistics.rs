//! What disks and processors have done: commands of Linux.

use qga::results::statistics::{CpuStatistics, DiskStatistics, LoadAverage};

use crate::{Error, Result};

/// What disks have done.
///
/// # Errors
/// Always: [`Error::Unsupported`].
pub fn disk_statistics() -> Result<Vec<DiskStatistics>> {
    Err(Error::Unsupported("guest-get-diskstats is for Linux"))
}

/// What processors have done.
///
/// # Errors
/// Always: [`Error::Unsupported`].
pub fn cpu_statistics() -> Result<Vec<CpuStatistics>> {
    Err(Error::Unsupported("guest-get-cpustats is for Linux"))
}

/// The load average. Windows keeps none; to make one, an agent would have to wake every few
/// seconds and count who waits for a processor.
///
/// # Errors
/// Always: [`Error::Unsupported`].
pub fn load() -> Result<LoadAverage> {
    Err(Error::Unsupported("Windows keeps no load average"))
}
