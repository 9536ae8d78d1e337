//! A cluster in the shape of Proxmox VE, in the lab's process.
//!
//! ```text
//! Proxmox (tests: guests, faults, what was asked)
//!    │
//!    ▼            one listener a node, TLS with a certificate of its own
//! Shared ◄── listen ─► http ─► access (who asks) ─► schema (method, parameters, privileges)
//!    │                              ─► workers (three a node) ─► api::* ─► Reply
//!    │                                                             │
//!    ├ guests: Real (a machine of the lab), Simulated, Container ◄─┘─► power, migration ─► task, log
//!    ├ nodes: Real (a machine of the lab, by a link of its own), Simulated
//!    └ ha (moves guests for maintenance), ceph, replication
//! ```
//!
//! Texts, delays and the order of checks are those of transcripts of real nodes; a test asks the
//! same again. What the API would do by cutting the power is counted ([`Proxmox::power_cuts`]).

mod access;
mod api;
mod ceph;
mod certificate;
mod cluster;
mod fault;
mod guest;
mod ha;
mod http;
mod layout;
mod listen;
mod migration;
mod node;
mod parameters;
mod permission;
mod power;
mod replication;
mod reply;
mod schema;
mod seen;
mod serve;
mod shared;
mod snapshots;
mod task;

pub use ceph::Ceph;
pub use cluster::{Proxmox, TaskInFlight};
pub use fault::Fault;
pub use guest::{AgentState, Execution, GuestSettings, HaSettings, PendingChange, Simulated};
pub use layout::{ClusterLayout, Release};
pub use node::NodeUpdate;
pub use replication::ReplicationJob;
pub use seen::Seen;
pub(crate) use serve::FIRST_VMID;
pub use serve::{Serving, serve};
