//! The Proxmox VE backend: guests of one cluster through its REST API.
//!
//! ```text
//! ProxmoxHypervisor ─► observe   status, running configuration, pending changes, quorum, HA
//!                   ─► channel   each agent command as a call; at most two in flight a node
//!                   ─► shutdown  status, ping, POST, task followed; never with force
//!                   ─► restart   the same by `reboot`, for guests under high availability
//!                   ─► start     POST, task, status
//! Cluster ─► discovery          Client ─► endpoints in turn, pinned certificates, tasks
//! ```

mod backend;
mod channel;
mod client;
mod cluster;
mod failure;
mod observe;
mod power;

pub use backend::{Place, ProxmoxHypervisor};
pub use channel::ProxmoxChannel;
pub use client::{Client, ClientError, Followed, Presented, presented};
pub use cluster::Cluster;
pub use pve::{Found, GuestKind};
