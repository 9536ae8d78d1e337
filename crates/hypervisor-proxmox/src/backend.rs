//! The `proxmox` backend as the operations see it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use conditions::{GuestId, NodeName, Observation, Timestamp};
use lifecycle::gate::{RestartOrder, ShutdownOrder, StartOrder};
use lifecycle::ports::{AgentChannel, Asked, Hypervisor, HypervisorError, StartReport};
use pve::{Failure, GuestKind};

use crate::failure::unanswered;
use crate::observe::{Sight, look, may_have_moved};
use crate::power::{Request, Target, ask, power_on};
use crate::{ClientError, Cluster, ProxmoxChannel};

/// How long Proxmox VE waits for a guest that was asked to go down, unless said otherwise.
const STOP: Duration = Duration::from_secs(300);

/// Guests of one cluster.
#[derive(Debug)]
pub struct ProxmoxHypervisor {
    cluster: Arc<Cluster>,
    guests: Mutex<BTreeMap<GuestId, Place>>,
    stop: Duration,
}

/// Which guest of a cluster is meant, and where it was last seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its number.
    pub vmid: u32,
    /// The node it was on.
    pub node: NodeName,
}

impl ProxmoxHypervisor {
    /// The guests `guests` of `cluster`.
    #[must_use]
    pub const fn new(cluster: Arc<Cluster>, guests: BTreeMap<GuestId, Place>) -> Self {
        Self {
            cluster,
            guests: Mutex::new(guests),
            stop: STOP,
        }
    }

    /// The same, giving guests this long to go down before the task of Proxmox VE gives up (five
    /// minutes unless said otherwise). Power is not cut then either. A guest that goes down later than
    /// that in a restart stays off.
    #[must_use]
    pub const fn with_stop(mut self, stop: Duration) -> Self {
        self.stop = stop;
        self
    }

    fn place(&self, id: &GuestId) -> Result<Place, HypervisorError> {
        let guests = self.guests.lock().unwrap_or_else(PoisonError::into_inner);
        let place = guests.get(id).cloned();
        place.ok_or_else(|| HypervisorError::UnknownGuest(id.clone()))
    }

    /// An order is for the node where the guest was seen.
    pub(crate) fn target<'a>(
        &'a self,
        id: &'a GuestId,
        node: &'a NodeName,
    ) -> Result<Target<'a>, HypervisorError> {
        Ok(Target {
            cluster: &self.cluster,
            id,
            node,
            vmid: self.place(id)?.vmid,
        })
    }

    pub(crate) async fn seen(&self, id: &GuestId) -> Result<(NodeName, Sight), HypervisorError> {
        let place = self.place(id)?;
        let error = match look(&self.cluster, &place.node, place.vmid).await {
            Ok(sight) => return Ok((place.node, sight)),
            Err(error) => error,
        };
        if !may_have_moved(&error) {
            return Err(self.unseen(&place.node, &error));
        }
        let node = self.whereabouts(id, &place, &error).await?;
        let sight = look(&self.cluster, &node, place.vmid).await;
        let sight = sight.map_err(|error| self.unseen(&node, &error))?;
        Ok((node, sight))
    }

    /// The other node that a guest is on, which is remembered, or why it is on none.
    async fn whereabouts(
        &self,
        id: &GuestId,
        place: &Place,
        error: &ClientError,
    ) -> Result<NodeName, HypervisorError> {
        let vmid = place.vmid;
        let found = self.cluster.find(vmid).await;
        match found.map_err(|error| self.unseen(&place.node, &error))? {
            Some(found) if found.kind == GuestKind::Lxc => Err(HypervisorError::Refused(format!(
                "{id} ({vmid}) is a container: containers are listed and never touched"
            ))),
            Some(found) if found.node != place.node => {
                let node = found.node.clone();
                let mut guests = self.guests.lock().unwrap_or_else(PoisonError::into_inner);
                guests.insert(id.clone(), Place { vmid, node });
                Ok(found.node)
            }
            None if matches!(error, ClientError::Api(Failure::NoSuchGuest(_))) => {
                Err(HypervisorError::UnknownGuest(id.clone()))
            }
            Some(_) | None => Err(self.unseen(&place.node, error)),
        }
    }

    fn unseen(&self, node: &NodeName, error: &ClientError) -> HypervisorError {
        let place = format!("{}, node {node}", self.cluster.client().name());
        unanswered(&place, error)
    }
}

#[async_trait]
impl Hypervisor for ProxmoxHypervisor {
    async fn observe(&self, id: &GuestId) -> Result<Observation, HypervisorError> {
        let (node, sight) = self.seen(id).await?;
        Ok(Observation {
            guest: id.clone(),
            node,
            run_state: sight.run_state,
            lock: sight.lock,
            channel_device: sight.channel_device,
            cluster: Some(sight.cluster),
            evidence: sight.evidence,
            at: now(),
        })
    }

    async fn channel(&self, id: &GuestId) -> Result<Box<dyn AgentChannel>, HypervisorError> {
        let Place { vmid, node } = self.place(id)?;
        let client = Arc::clone(self.cluster.client());
        Ok(Box::new(ProxmoxChannel::new(client, node, vmid)))
    }

    async fn shutdown(
        &self,
        order: ShutdownOrder,
        deadline: Duration,
    ) -> Result<Asked, HypervisorError> {
        let target = self.target(order.guest(), order.node())?;
        ask(target, Request::Shutdown, self.stop, deadline).await
    }

    async fn restart(
        &self,
        order: RestartOrder,
        deadline: Duration,
    ) -> Result<Asked, HypervisorError> {
        let target = self.target(order.guest(), order.node())?;
        ask(target, Request::Restart, self.stop, deadline).await
    }

    async fn start(
        &self,
        order: StartOrder,
        deadline: Duration,
    ) -> Result<StartReport, HypervisorError> {
        power_on(self.target(order.guest(), order.node())?, deadline).await
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
