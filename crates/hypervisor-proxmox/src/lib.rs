//! The Proxmox VE backend: guests of one cluster through its REST API.
//!
//! ```text
//! ProxmoxHypervisor ─► observe   status, running configuration, pending changes, quorum, HA
//!                   ─► channel   each agent command as a call; at most two in flight a node
//!                   ─► shutdown  ping, POST, task followed; never with force
//!                   ─► start     POST, task, status
//! Cluster ─► discovery          Client ─► endpoints in turn, pinned certificates, tasks
//! ```

mod client;

pub use client::{Client, ClientError};
