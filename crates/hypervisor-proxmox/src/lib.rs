//! The Proxmox VE backend: guests of one cluster through its REST API.
//!
//! ```text
//! ProxmoxHypervisor ─► observe   status, running configuration, pending changes, quorum, HA
//!                   ─► channel   each agent command as a call; at most two in flight a node
//!                   ─► shutdown  status, ping, POST, task followed; never with force
//!                   ─► restart   the same by `reboot`, for guests under high availability
//!                   ─► start     POST, task, status
//!                   ─► snapshots list, call, task followed, list
//! ProxmoxNodes      ─► view, migrate, set_noout   what patching a node needs of its cluster
//! Cluster ─► discovery          Client ─► endpoints in turn, pinned certificates, tasks
//! ```

mod backend;
mod channel;
mod client;
mod cluster;
mod failure;
mod node;
mod observe;
mod power;
mod snapshots;

pub use backend::{Place, ProxmoxHypervisor};
pub use channel::ProxmoxChannel;
pub use client::{Client, ClientError, Followed, Presented, presented};
pub use cluster::Cluster;
pub use node::ProxmoxNodes;
pub use pve::{Found, GuestKind};
