//! This boot of the machine, and the directory that does not outlive it.

use std::fs;
use std::path::PathBuf;

/// The boot's identity; empty where the kernel does not tell.
#[must_use]
pub fn id() -> String {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id");
    id.unwrap_or_default().trim().to_owned()
}

/// Where the agent's programs leave what the next boot must not find. Need not exist.
#[must_use]
pub fn run_directory() -> PathBuf {
    "/run/hospes-agent".into()
}
