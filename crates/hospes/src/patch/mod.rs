//! Patching: the run of one guest or node as an operation that is recorded, and campaigns over many.
//!
//! ```text
//! plan file ─► fleet: whom groups choose, who is ready ─► plan::plan ─► document
//! campaign (plan::Campaign) ─► member's turn ─► guest | node: begin | follow ─► plan's outcome
//!                                └─► patch::Run | patch::node::Run ─► journal, SSH, reboot, cluster
//! ```

pub(crate) mod campaign;
pub(crate) mod fleet;
pub(crate) mod guest;
pub(crate) mod node;
mod reboot;
mod turn;
