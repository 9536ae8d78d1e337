//! The cluster around a node that is patched.
//!
//! ```text
//! view ─► cluster/status ─┬─ votes        cluster/config/nodes, qdevice      ─┐
//!                         ├─ ceph         status, metadata, noout             │
//!                         ├─ ha           status/current, manager_status      ├─► View
//!                         ├─ tasks        of the node                         │   each part read,
//!                         ├─ software     of the node                         │   or why it was not
//!                         ├─ guests       of all, and as the node sees its own│
//!                         └─ replication  of all, and of each node online    ─┘
//! migrate ─► where is it? ─► a task that moves it already, or POST ─► its end ─► where is it?
//! set_noout ─► is it so? ─► PUT ─► is it so?
//! ```
//!
//! At most seven calls of a view are in flight. The client asks the other nodes while one is down.

mod ceph;
mod migrate;
mod noout;
mod replication;
mod view;
mod votes;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use conditions::NodeName;
use lifecycle::ports::HypervisorError;
use patch::node::facts::{GuestKind, Preconditions, View};
use patch::node::{ClusterError, Migration, Mover, NodeCluster};
use pve::{Call, call};
use serde_json::Value;

use crate::failure::unanswered;
use crate::{Client, ClientError, Cluster};

/// A cluster whose nodes are patched.
#[derive(Debug)]
pub struct ProxmoxNodes {
    cluster: Arc<Cluster>,
}

impl ProxmoxNodes {
    /// The nodes of `cluster`.
    #[must_use]
    pub const fn new(cluster: Arc<Cluster>) -> Self {
        Self { cluster }
    }

    /// A machine, as its node tells; whether a container can move, only its task tells.
    async fn told(&self, guest: &Mover, target: &NodeName) -> Result<Preconditions, ClusterError> {
        let client = self.cluster.client();
        match guest.kind {
            GuestKind::Qemu => {
                let call = call::migration::preconditions(&guest.node, guest.vmid, target);
                let told = pve::Preconditions::read(&read(client, &call).await?);
                Ok(Preconditions {
                    running: told.running.unwrap_or(true),
                    local_disks: told.local_disks,
                    local_resources: told.local_resources,
                    allowed: told.allowed,
                    not_allowed: told.not_allowed,
                })
            }
            GuestKind::Lxc => {
                let found = self.cluster.find(guest.vmid).await;
                let found = found.map_err(|error| unread(client, &error))?;
                Ok(Preconditions {
                    running: found.is_none_or(|found| found.status != "stopped"),
                    ..Preconditions::default()
                })
            }
        }
    }
}

#[async_trait]
impl NodeCluster for ProxmoxNodes {
    async fn view(&self, node: &NodeName) -> Result<View, ClusterError> {
        view::view(&self.cluster, node).await
    }

    async fn preconditions(
        &self,
        guest: &Mover,
        target: &NodeName,
    ) -> Result<Preconditions, ClusterError> {
        self.told(guest, target).await
    }

    async fn migrate(&self, migration: &Migration, deadline: Duration) -> Result<(), ClusterError> {
        migrate::migrate(&self.cluster, migration, deadline).await
    }

    async fn set_noout(&self, noout: bool) -> Result<(), ClusterError> {
        noout::set(self.cluster.client(), noout).await
    }
}

/// A question that has no effect.
async fn read(client: &Client, call: &Call) -> Result<Value, ClusterError> {
    let answer = client.call(call).await;
    answer.map_err(|error| unread(client, &error))
}

/// A question that was not answered.
fn unread(client: &Client, error: &ClientError) -> ClusterError {
    match unanswered(client.name(), error) {
        error @ (HypervisorError::Unreachable(_)
        | HypervisorError::Held(_)
        | HypervisorError::TimedOut(_)) => ClusterError::Unreachable(error.to_string()),
        error => ClusterError::Refused(error.to_string()),
    }
}
