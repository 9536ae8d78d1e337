//! The permit: what a complete, fresh, healthy check of one guest yields.

use std::collections::BTreeSet;
use std::time::Duration;

use conditions::{
    BootId, Check, Condition, GuestId, Identity, NodeName, Observation, RunState, State, Timestamp,
};
use thiserror::Error;

use super::orders::RIGHT_BEFORE;
use super::{Purpose, Refusal, RefusalReason, RestartOrder, ShutdownOrder, Way};

/// The right to take one guest down, on one node, in one boot, in one way, for a short time.
#[derive(Debug)]
pub struct Permit {
    guest: GuestId,
    node: NodeName,
    boot_id: BootId,
    way: Way,
    checked_at: Timestamp,
    expires_at: Timestamp,
}

/// Conditions that the operator accepts as unknown for one call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Accepted(BTreeSet<Condition>);

/// A condition that nobody may accept as unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("condition {0} can never be accepted as unknown; only 1, 2 and 4 can")]
pub struct CannotBeAccepted(pub Condition);

impl Accepted {
    /// Nothing is accepted.
    #[must_use]
    pub const fn none() -> Self {
        Self(BTreeSet::new())
    }

    /// These are accepted, if all of them may be.
    pub fn new(conditions: impl IntoIterator<Item = Condition>) -> Result<Self, CannotBeAccepted> {
        conditions
            .into_iter()
            .map(|c| {
                if c.may_be_accepted_unknown() {
                    Ok(c)
                } else {
                    Err(CannotBeAccepted(c))
                }
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The accepted ones, in order.
    pub fn iter(&self) -> impl Iterator<Item = Condition> {
        self.0.iter().copied()
    }

    fn covers(&self, condition: Condition, state: State) -> bool {
        state == State::Healthy || (state == State::Unknown && self.0.contains(&condition))
    }
}

/// Turns a check into a permit that is good for `ttl` after the check *began*, or says every
/// reason why not. The check is used up either way.
pub fn admit(
    check: Check,
    purpose: Purpose,
    accepted: &Accepted,
    now: Timestamp,
    ttl: Duration,
) -> Result<Permit, Refusal> {
    let reasons = objections(&check, purpose, accepted, now, ttl);
    let guest = check.guest().clone();
    match check.boot_id() {
        Some(boot_id) if reasons.is_empty() => Ok(Permit {
            guest,
            node: check.node().clone(),
            boot_id: boot_id.clone(),
            way: Way::of(check.observation()),
            checked_at: check.finished_at(),
            expires_at: check.started_at() + ttl,
        }),
        _ => Err(Refusal { guest, reasons }),
    }
}

/// Everything that speaks against touching the guest, the plainest first.
pub fn objections(
    check: &Check,
    purpose: Purpose,
    accepted: &Accepted,
    now: Timestamp,
    ttl: Duration,
) -> Vec<RefusalReason> {
    let observed = check.observation();
    if observed.is_template() {
        return vec![RefusalReason::Template];
    }
    if observed.run_state != RunState::Running {
        return vec![RefusalReason::not_running(observed)];
    }
    let mut reasons: Vec<_> = RefusalReason::of_quorum(observed).into_iter().collect();
    if let (Purpose::Shutdown, Some(resource)) = (purpose, observed.high_availability()) {
        reasons.push(RefusalReason::high_availability(resource));
    }
    if let Some(lock) = check.lock() {
        reasons.push(RefusalReason::Locked {
            lock: lock.to_owned(),
        });
    }
    if let Identity::Different { evidence } = check.identity() {
        reasons.push(RefusalReason::OtherMachine {
            evidence: evidence.clone(),
        });
    }
    let unhealthy = check
        .verdicts()
        .iter()
        .filter(|v| !accepted.covers(v.condition, v.state));
    reasons.extend(unhealthy.map(|v| RefusalReason::Condition { verdict: v.clone() }));
    if let Identity::Unproven { why } = check.identity() {
        reasons.push(RefusalReason::IdentityUnproven { why: why.clone() });
    }
    if check.boot_id().is_none() {
        reasons.push(RefusalReason::BootIdUnknown);
    }
    if check.is_stopping() {
        reasons.push(RefusalReason::AlreadyStopping);
    }
    if now.since(check.started_at()) > ttl {
        reasons.push(RefusalReason::stale(now.since(check.started_at()), ttl));
    }
    reasons
}

impl Permit {
    /// The guest it is for.
    #[must_use]
    pub const fn guest(&self) -> &GuestId {
        &self.guest
    }

    /// The node it is for.
    #[must_use]
    pub const fn node(&self) -> &NodeName {
        &self.node
    }

    /// The boot it is for.
    #[must_use]
    pub const fn boot_id(&self) -> &BootId {
        &self.boot_id
    }

    /// The way that it is for.
    #[must_use]
    pub const fn way(&self) -> Way {
        self.way
    }

    /// When it ends.
    #[must_use]
    pub const fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// Uses the permit up: `observed` must be of this guest, running unlocked on this node, in a
    /// cluster with quorum if in one, and under no high availability; seen after the check and
    /// right before `now`, and `now` before the end.
    pub fn redeem(self, observed: &Observation, now: Timestamp) -> Result<ShutdownOrder, Refusal> {
        self.redeem_for(Way::Shutdown, observed, now)
            .map(|(guest, node)| ShutdownOrder::new(guest, node))
    }

    /// The same for a guest that is, and was when it was checked, under high availability.
    pub fn redeem_for_restart(
        self,
        observed: &Observation,
        now: Timestamp,
    ) -> Result<RestartOrder, Refusal> {
        self.redeem_for(Way::Restart, observed, now)
            .map(|(guest, node)| RestartOrder::new(guest, node))
    }

    fn redeem_for(
        self,
        way: Way,
        observed: &Observation,
        now: Timestamp,
    ) -> Result<(GuestId, NodeName), Refusal> {
        let mut reasons = self.objections(observed, now);
        if way != self.way || way != Way::of(observed) {
            reasons.push(RefusalReason::high_availability_changed(observed));
        }
        if reasons.is_empty() {
            return Ok((self.guest, self.node));
        }
        Err(Refusal {
            guest: self.guest,
            reasons,
        })
    }

    fn objections(&self, observed: &Observation, now: Timestamp) -> Vec<RefusalReason> {
        let mut reasons = Vec::new();
        if observed.guest != self.guest {
            reasons.push(RefusalReason::OtherGuest {
                observed: observed.guest.clone(),
            });
        }
        if observed.node != self.node {
            let (from, to) = (self.node.clone(), observed.node.clone());
            reasons.push(RefusalReason::Moved { from, to });
        }
        if observed.is_template() {
            reasons.push(RefusalReason::Template);
        }
        if observed.run_state != RunState::Running {
            reasons.push(RefusalReason::not_running(observed));
        }
        reasons.extend(RefusalReason::of_quorum(observed));
        if let Some(lock) = &observed.lock {
            reasons.push(RefusalReason::Locked { lock: lock.clone() });
        }
        if observed.at < self.checked_at || now.since(observed.at) > RIGHT_BEFORE {
            reasons.push(RefusalReason::stale(now.since(observed.at), RIGHT_BEFORE));
        }
        if now > self.expires_at {
            let over = now.since(self.expires_at);
            reasons.push(RefusalReason::stale(over, Duration::ZERO));
        }
        reasons
    }
}
