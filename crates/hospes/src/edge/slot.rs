//! A guest's agent channel, open while it is needed: it takes one client at a time, so everything
//! that asks the agent shares one connection, which is let go before the hypervisor needs it.

use std::sync::Arc;
use std::time::Duration;

use conditions::GuestId;
use lifecycle::ports::{Hypervisor, HypervisorError};
use tokio::sync::Mutex;

use super::Agent;

/// The place of the one connection.
pub(crate) struct AgentSlot {
    guest: GuestId,
    hypervisor: Arc<dyn Hypervisor>,
    deadline: Duration,
    open: Mutex<Option<Arc<Agent>>>,
}

impl AgentSlot {
    pub(crate) fn new(guest: GuestId, hypervisor: Arc<dyn Hypervisor>, deadline: Duration) -> Self {
        Self {
            guest,
            hypervisor,
            deadline,
            open: Mutex::new(None),
        }
    }

    /// The open channel, opened if it is not.
    pub(crate) async fn agent(&self) -> Result<Arc<Agent>, HypervisorError> {
        let mut open = self.open.lock().await;
        if let Some(agent) = &*open {
            return Ok(Arc::clone(agent));
        }
        let channel = self.hypervisor.channel(&self.guest).await?;
        let agent = Arc::new(Agent::new(channel, self.deadline));
        *open = Some(Arc::clone(&agent));
        Ok(agent)
    }

    /// Lets the channel go.
    pub(crate) async fn release(&self) {
        *self.open.lock().await = None;
    }
}
