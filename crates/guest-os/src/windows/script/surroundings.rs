//! What keeps a script from running.

use std::path::Path;

/// Where a script may lie when the usual place takes no folder. Users can make folders there, and
/// cannot touch those of others.
pub const OTHER_PLACES: [&str; 2] = [r"C:\Windows\Temp", r"C:\ProgramData"];

/// No file system of Windows forbids to execute files.
#[must_use]
pub const fn is_noexec(_directory: &Path) -> bool {
    false
}

/// SELinux is Linux's.
#[must_use]
pub const fn is_selinux_enforcing() -> bool {
    false
}
