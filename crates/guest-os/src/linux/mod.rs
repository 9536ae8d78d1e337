//! Linux: `/proc`, `/sys`, ioctls and system calls.

pub mod access;
pub mod accounts;
pub mod boot;
pub mod clock;
pub mod devices;
pub mod disks;
pub mod exec;
pub mod file;
pub mod filesystems;
pub mod freeze;
pub mod graceful;
pub mod hook;
pub mod identity;
mod kernel_file;
pub mod log_sink;
pub mod memory;
pub mod mounts;
pub mod network;
pub mod power;
pub mod process;
pub mod processors;
pub mod routes;
pub mod script;
pub mod service;
pub mod statistics;
pub mod system_log;
mod systemctl;
pub mod transport;
pub mod trim;
pub mod users;
pub mod words;

/// The system that this is.
pub const SYSTEM: qga::System = qga::System::Linux;
