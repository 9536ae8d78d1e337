//! Clusters of Proxmox VE: how their API is reached, and what holds for their guests.
//!
//! ```text
//! [cluster.NAME] ─► Cluster { settings } ─► (asked) ─► [Discovered] ─┐
//!        ssh, deadlines, metadata, tag.TAG ──────────────────────────┼─► adopt ─► [Guest]
//! [guest.NAME] with cluster and vmid ────────────────────────────────┘
//!        node-ssh, node.NODE.ssh ─► node(NODE, its address in the cluster) ─► Ssh
//!        node-deadlines, else deadlines ─► Deadlines of its nodes
//! ```

mod adopt;
mod credentials;
mod model;
mod names;
mod nodes;
mod table;
mod trust;

pub use model::{Cluster, Discovered};
pub(crate) use names::{Names, id_at_end};
pub(crate) use table::{is_open, vmid};
