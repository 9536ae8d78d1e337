//! What keeps a script from running.

use std::path::Path;

use rustix::fs::{StatVfsMountFlags, statvfs};

/// Where a script may lie when the usual place forbids to execute it.
pub const OTHER_PLACES: [&str; 4] = ["/run/hospes-agent", "/var/tmp", "/var/lib", "/root"];

/// Whether the file system of a directory forbids to execute files. One that does not tell does
/// not.
#[must_use]
pub fn is_noexec(directory: &Path) -> bool {
    statvfs(directory).is_ok_and(|found| found.f_flag.contains(StatVfsMountFlags::NOEXEC))
}

/// Whether SELinux enforces its rules.
#[must_use]
pub fn is_selinux_enforcing() -> bool {
    std::fs::read("/sys/fs/selinux/enforce").is_ok_and(|text| text.starts_with(b"1"))
}
