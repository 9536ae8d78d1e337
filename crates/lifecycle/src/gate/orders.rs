//! Orders: the only values that make a backend change a guest's power state, or its disks.

use std::time::Duration;

use conditions::{GuestId, NodeName, Observation, RunState, Timestamp};

use super::{Refusal, RefusalReason};
use crate::ports::SnapshotName;

/// How old an observation may be that is *right before the call*.
pub(super) const RIGHT_BEFORE: Duration = Duration::from_secs(5);

/// The right to ask one guest's agent for one shutdown, now. Only [`Permit::redeem`] makes one.
///
/// [`Permit::redeem`]: super::Permit::redeem
#[derive(Debug)]
pub struct ShutdownOrder {
    guest: GuestId,
    node: NodeName,
}

impl ShutdownOrder {
    pub(super) const fn new(guest: GuestId, node: NodeName) -> Self {
        Self { guest, node }
    }

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

/// The right to ask the hypervisor for one restart of one guest that is under high availability,
/// now. Only [`Permit::redeem_for_restart`] makes one.
///
/// [`Permit::redeem_for_restart`]: super::Permit::redeem_for_restart
#[derive(Debug)]
pub struct RestartOrder {
    guest: GuestId,
    node: NodeName,
}

impl RestartOrder {
    pub(super) const fn new(guest: GuestId, node: NodeName) -> Self {
        Self { guest, node }
    }

    /// The guest to restart.
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
    /// An order to power on the guest that was just observed, if it was seen stopped, is no
    /// template, and its cluster, if it is in one, has quorum.
    pub fn for_stopped(observed: &Observation, now: Timestamp) -> Result<Self, Refusal> {
        let reasons = objections_to_stopped(observed, now);
        if reasons.is_empty() {
            return Ok(Self {
                guest: observed.guest.clone(),
                node: observed.node.clone(),
            });
        }
        Err(Refusal {
            guest: observed.guest.clone(),
            reasons,
        })
    }

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

/// The right to take one stopped guest's disks back to one snapshot, once. Only an observed
/// *stopped* makes one: under a running guest it would cut the power.
#[derive(Debug)]
pub struct RollbackOrder {
    guest: GuestId,
    node: NodeName,
    snapshot: SnapshotName,
}

impl RollbackOrder {
    /// An order to take the guest that was just observed back to `snapshot`, if it was seen stopped
    /// and unlocked, is no template, and its cluster, if it is in one, has quorum.
    pub fn for_stopped(
        observed: &Observation,
        snapshot: SnapshotName,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let reasons = objections_to_stopped(observed, now);
        if reasons.is_empty() {
            return Ok(Self {
                guest: observed.guest.clone(),
                node: observed.node.clone(),
                snapshot,
            });
        }
        Err(Refusal {
            guest: observed.guest.clone(),
            reasons,
        })
    }

    /// The guest to take back.
    #[must_use]
    pub const fn guest(&self) -> &GuestId {
        &self.guest
    }

    /// Where it was seen stopped.
    #[must_use]
    pub const fn node(&self) -> &NodeName {
        &self.node
    }

    /// The snapshot to go back to.
    #[must_use]
    pub const fn snapshot(&self) -> &SnapshotName {
        &self.snapshot
    }
}

/// What speaks against acting on a guest as one that is off.
fn objections_to_stopped(observed: &Observation, now: Timestamp) -> Vec<RefusalReason> {
    let mut reasons = Vec::new();
    if observed.is_template() {
        reasons.push(RefusalReason::Template);
    }
    if observed.run_state != RunState::Stopped {
        reasons.push(RefusalReason::NotStopped {
            run_state: observed.run_state.clone(),
        });
    }
    reasons.extend(RefusalReason::of_quorum(observed));
    if let Some(lock) = &observed.lock {
        reasons.push(RefusalReason::Locked { lock: lock.clone() });
    }
    if now.since(observed.at) > RIGHT_BEFORE {
        reasons.push(RefusalReason::stale(now.since(observed.at), RIGHT_BEFORE));
    }
    reasons
}
