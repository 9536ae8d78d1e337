//! Down, down and up, up: a POST, and then what its task says. A POST's 200 is no success.
//!
//! ```text
//! shutdown, restart   status: running, unlocked, not under HA ─► ping ─► POST ─► task
//!     task still runs at the deadline, OK, or gave up waiting: taken
//!     task ended with an error: refused        was killed: unknown
//! start               POST ─► task OK ─► status says running
//! ```
//!
//! Nothing is ever forced: a guest that does not go down is left as it is.

mod ask;
mod outcome;
mod start;

pub(crate) use self::ask::{Request, ask};
pub(crate) use self::outcome::Outcome;
pub(crate) use self::start::power_on;

use conditions::{GuestId, NodeName};
use lifecycle::ports::HypervisorError;
use pve::{Call, Upid};

use crate::failure::unsettled;
use crate::{Client, ClientError, Cluster};

/// One guest, where its order says that it was seen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target<'a> {
    pub(crate) cluster: &'a Cluster,
    pub(crate) id: &'a GuestId,
    pub(crate) node: &'a NodeName,
    pub(crate) vmid: u32,
}

impl Target<'_> {
    pub(crate) fn client(&self) -> &Client {
        self.cluster.client()
    }

    /// Makes a call that starts a task.
    pub(crate) async fn begin(&self, call: &Call) -> Result<Upid, HypervisorError> {
        let data = self.client().call(call).await;
        let upid = data.and_then(|data| Upid::read(&data).map_err(ClientError::Api));
        upid.map_err(|error| unsettled(self.client().name(), &error))
    }
}
