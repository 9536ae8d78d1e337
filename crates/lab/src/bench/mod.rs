//! Measurements of the product, printed as a table.
//!
//! ```text
//! lab bench ──► hospes ready all --json ──► SSH ──► lab bench-endpoints (a process of its own)
//!     ├───────► hospes --help                        a thousand guests on 127.1.x.y
//!     ├───────► AgentClient ──► unix socket ──────► and an agent; then QEMU's real agent
//!     └───────► ssh (OpenSSH), a peer
//! ```
//!
//! [`guest_agent`], [`metadata`], [`patch`], [`proxmox`] and [`scripts`] have a run and a table of their own.
//!
//! It judges nothing but figures against goals, and fails only when something cannot be measured.

mod agent;
mod ansible;
mod endpoints;
mod fleet;
pub mod guest_agent;
pub mod metadata;
mod openssh;
pub mod patch;
mod program;
pub mod proxmox;
mod readiness;
mod report;
mod run;
pub mod scripts;

pub use endpoints::{Ports, serve};
pub(crate) use endpoints::{address, boot_id, host_name, public_host_key, raise_open_file_limit};
pub use run::run;
