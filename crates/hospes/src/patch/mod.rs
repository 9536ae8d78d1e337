//! Patching: one guest's run as an operation that is recorded, and campaigns over many.
//!
//! ```text
//! plan file ─► fleet: whom groups choose, who is ready ─► plan::plan ─► document
//! campaign (plan::Campaign) ─► member's turn ─► guest::begin | guest::follow ─► plan's outcome
//!                                                  └─► patch::Run ─► journal, SSH, reboot, snapshot
//! ```

pub(crate) mod campaign;
pub(crate) mod fleet;
pub(crate) mod guest;
