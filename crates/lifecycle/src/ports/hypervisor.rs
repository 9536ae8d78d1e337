//! The hypervisor of one or many guests.

use std::time::Duration;

use async_trait::async_trait;
use conditions::{GuestId, Observation};
use thiserror::Error;

use super::AgentChannel;
use crate::gate::{RestartOrder, ShutdownOrder, StartOrder};

/// What a backend can do. Whatever interrupts a running guest takes a [`ShutdownOrder`] or a
/// [`RestartOrder`], which only a permit yields; powering on takes a [`StartOrder`], which only an
/// observed *stopped* yields. There is no call that cuts the power.
#[async_trait]
pub trait Hypervisor: Send + Sync {
    /// Looks at the guest from outside.
    async fn observe(&self, guest: &GuestId) -> Result<Observation, HypervisorError>;

    /// The guest's agent channel. Nothing is sent before the first call.
    async fn channel(&self, guest: &GuestId) -> Result<Box<dyn AgentChannel>, HypervisorError>;

    /// Asks the agent to shut the guest down. Returns when it has been asked, not when it is down.
    async fn shutdown(
        &self,
        order: ShutdownOrder,
        deadline: Duration,
    ) -> Result<Asked, HypervisorError>;

    /// Asks the hypervisor to shut the guest down through its agent and to power it on again by
    /// itself, gracefully: for a guest that high availability would not let rest. Returns when it
    /// has been asked, not when the guest is back; that may be before it is down, and the guest
    /// may power off later than the hypervisor waits for, and stay off.
    async fn restart(
        &self,
        order: RestartOrder,
        deadline: Duration,
    ) -> Result<Asked, HypervisorError>;

    /// Powers the guest on and returns when its processors run, or with the reason why not.
    async fn start(
        &self,
        order: StartOrder,
        deadline: Duration,
    ) -> Result<StartReport, HypervisorError>;
}

/// What came of asking for a shutdown or a restart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// The agent took the request (it answers nothing on success), or the guest went at once, or
    /// it was asked and did not go in the hypervisor's time: it may yet.
    Taken {
        /// What was seen, for the timeline.
        evidence: String,
    },
    /// The agent or the hypervisor refused, the guest was not asked and stays as it is.
    Refused {
        /// Its words.
        reason: String,
    },
}

/// What came of powering on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartReport {
    /// What was seen, for the timeline (`process 4711, query-status: running`).
    pub evidence: String,
}

/// Why the hypervisor could not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum HypervisorError {
    /// The configuration names no such guest at this hypervisor.
    #[error("the hypervisor knows no guest {0}")]
    UnknownGuest(GuestId),
    /// The hypervisor, or its socket for this guest, cannot be reached.
    #[error("{0}")]
    Unreachable(String),
    /// Another client holds the control socket.
    #[error("{0}")]
    Held(String),
    /// The answer did not come in time, was lost, or cannot be read though the request was sent:
    /// whether the call had an effect is not known.
    #[error("{0}")]
    TimedOut(String),
    /// It answered what is not its protocol; the call had no effect.
    #[error("{0}")]
    Garbage(String),
    /// It refused.
    #[error("{0}")]
    Refused(String),
    /// Something is missing in the configuration (`start` of a local guest).
    #[error("{0}")]
    NotConfigured(String),
}
