//! The nodes of the cluster as machines.
//!
//! ```text
//! Simulated   goes down and boots when it is told to; its updates are what was set
//! Real        a machine of the lab: corosync.sh in it ─► link ─► beat (boot id, kernel), leave
//!                                   ha-manager.sh     ─► link ─► the manager of high availability
//!             its updates are those of its apt, asked through SSH
//!
//! online ── leave, or silence for ten seconds ──► offline ── beat ──► online
//!                                                     └ with another boot id: guests that were
//!                                                       left there had their power cut
//! ```

mod link;
mod nodes;
mod real;
mod state;

pub(super) use link::Link;
pub(super) use nodes::Nodes;
pub(super) use real::{install, updates};
pub use state::NodeUpdate;
pub(super) use state::{Node, NodeMachine};
