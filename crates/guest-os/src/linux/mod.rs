//! Linux: `/proc`, `/sys`, ioctls and system calls.

pub mod accounts;
pub mod clock;
pub mod console;
pub mod disks;
pub mod exec;
pub mod file;
pub mod filesystems;
pub mod freeze;
pub mod hook;
pub mod identity;
pub mod journal;
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
pub mod statistics;
pub mod transport;
pub mod trim;
pub mod users;
