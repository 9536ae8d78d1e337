//! Windows: the Win32 API.

pub mod access;
pub mod accounts;
mod allocated;
pub mod boot;
pub mod clock;
mod descriptor;
mod device_tree;
pub mod devices;
pub mod disks;
pub mod exec;
pub mod file;
pub mod filesystems;
pub mod freeze;
pub mod graceful;
mod handle;
pub mod hook;
pub mod identity;
pub mod log_sink;
pub mod memory;
pub mod mounts;
pub mod network;
mod outcome;
mod overlapped;
mod places;
pub mod power;
mod privilege;
pub mod process;
pub mod processors;
mod registry;
pub mod routes;
pub mod script;
mod serial_line;
pub mod service;
mod sid;
pub mod statistics;
pub mod system_log;
mod token;
pub mod transport;
pub mod trim;
pub mod users;
mod wait;
mod wide;
pub mod words;

/// The system that this is.
pub const SYSTEM: qga::System = qga::System::Windows;
