//! The gate: who may interrupt a running guest, and who may power one on.
//!
//! ```text
//! assess ─► Check ──admit──► Permit ──redeem(observed right before)──► ShutdownOrder ─► backend
//!             └─ Refusal        └─ Refusal (expired, moved, locked, not running)
//! Observation ──stopped──► Stopped ──order──► StartOrder ─► backend
//! ```
//!
//! No value on this path can be cloned, stored or made another way.

use conditions::{GuestId, NodeName};

/// The right to ask one guest's agent for one shutdown, now. Only [`Permit::redeem`] makes one.
///
/// [`Permit::redeem`]: crate::gate
#[derive(Debug)]
pub struct ShutdownOrder {
    guest: GuestId,
    node: NodeName,
}

impl ShutdownOrder {
    /// The guest to shut down.
    #[must_use]
    pub const fn guest(&self) -> &GuestId {
        &self.guest
    }

    /// Where it was seen running.
    #[must_use]
    pub const fn node(&self) -> &NodeName {
        &self.node
    }
}

/// The right to power one guest on, once. Only an observed *stopped* makes one.
#[derive(Debug)]
pub struct StartOrder {
    guest: GuestId,
    node: NodeName,
}

impl StartOrder {
    /// The guest to power on.
    #[must_use]
    pub const fn guest(&self) -> &GuestId {
        &self.guest
    }

    /// Where it was seen stopped.
    #[must_use]
    pub const fn node(&self) -> &NodeName {
        &self.node
    }
}
