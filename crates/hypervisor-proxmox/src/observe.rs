//! Looking at a guest through the API.
//!
//! ```text
//! status/current ─┐                     ┌─ run state, lock, template
//! config current ─┼─► asked at once ─►──┼─ the agent's port in the running configuration
//! pending        ─┤                     ├─ the change that waits for it
//! cluster/status ─┘                     └─ quorum (shared for a second)
//! ha/resources/{sid}, for a guest under high availability only
//! ```
//!
//! Without its status nothing is known of a guest; what else could not be read is told as unknown.

mod port;

use conditions::{ChannelDevice, ClusterSight, HaResource, NodeName, RunState};
use pve::{Failure, HaRequest, HaSight, PendingAgent, VmConfig, VmStatus, call};

use self::port::Port;
use crate::{ClientError, Cluster};

/// What was seen of a guest at one moment.
#[derive(Debug)]
pub(crate) struct Sight {
    pub(crate) run_state: RunState,
    pub(crate) lock: Option<String>,
    pub(crate) channel_device: ChannelDevice,
    pub(crate) cluster: ClusterSight,
    pub(crate) evidence: String,
}

/// Looks at the guest `vmid` where it is.
pub(crate) async fn look(
    cluster: &Cluster,
    node: &NodeName,
    vmid: u32,
) -> Result<Sight, ClientError> {
    let client = cluster.client();
    let (status, config, pending) = (
        call::guest::status(node, vmid),
        call::guest::config(node, vmid),
        call::guest::pending(node, vmid),
    );
    let (status, config, pending, quorate) = tokio::join!(
        client.call(&status),
        client.call(&config),
        client.call(&pending),
        cluster.quorate(),
    );
    let status = VmStatus::read(&status?);
    let config = config.as_ref().map(VmConfig::read);
    let pending = pending.as_ref().map(PendingAgent::read);
    let ha = managed(cluster, vmid, &status.ha).await;
    Ok(Sight::of(status, config, pending, quorate, ha))
}

/// Reads only the status.
pub(crate) async fn status(
    cluster: &Cluster,
    node: &NodeName,
    vmid: u32,
) -> Result<VmStatus, ClientError> {
    let call = call::guest::status(node, vmid);
    Ok(VmStatus::read(&cluster.client().call(&call).await?))
}

/// The resource that decides over the guest's power state. Where it may not be read, a guest that is
/// said to be managed is.
pub(crate) async fn managed(cluster: &Cluster, vmid: u32, said: &HaSight) -> Option<HaResource> {
    let state = match said {
        HaSight::Unmanaged => return None,
        HaSight::Managed(state) => state.clone(),
        HaSight::Unsaid => None,
    };
    let asked = cluster
        .client()
        .call(&call::cluster::ha_resource(vmid))
        .await;
    let state = match asked.as_ref().map(HaRequest::read) {
        Ok(HaRequest::Ignored) => return None,
        Ok(HaRequest::State(state)) => state,
        Err(error) if is_no_resource(error) => return None,
        Err(_) => state.unwrap_or_else(|| "unknown".to_owned()),
    };
    Some(HaResource {
        sid: format!("vm:{vmid}"),
        state,
    })
}

fn is_no_resource(error: &ClientError) -> bool {
    matches!(error, ClientError::Api(Failure::Other { message, .. }) if message.contains("no such resource"))
}

type Read<'a, T> = Result<T, &'a ClientError>;

impl Sight {
    fn of(
        status: VmStatus,
        config: Read<'_, VmConfig>,
        pending: Read<'_, Option<PendingAgent>>,
        quorate: Result<Option<bool>, ClientError>,
        ha: Option<HaResource>,
    ) -> Self {
        let port = Port::of(&config, &pending);
        let mut seen = vec![format!(
            "status/current: {}, {}",
            status.run_state.as_str(),
            match status.agent {
                Some(agent) => format!("agent {}", u8::from(agent)),
                None => "no word of an agent".to_owned(),
            }
        )];
        let config = config.ok();
        let configured = config.as_ref();
        let lock = status
            .lock
            .or_else(|| configured.and_then(|it| it.lock.clone()));
        let template = status.template || configured.is_some_and(|it| it.template);
        seen.extend(lock.as_ref().map(|lock| format!("lock {lock}")));
        seen.extend(template.then(|| "a template".to_owned()));
        seen.push(port.evidence);
        seen.push(match &quorate {
            Ok(Some(true)) => "cluster/status: quorate".to_owned(),
            Ok(Some(false)) => "cluster/status: no quorum".to_owned(),
            Ok(None) => "cluster/status: says nothing of quorum".to_owned(),
            Err(error) => format!("cluster/status: {error}"),
        });
        seen.extend(ha.as_ref().map(|it| format!("ha: {} {}", it.sid, it.state)));
        let channel_device = match status.run_state {
            RunState::Stopped => ChannelDevice::Unknown("the machine is off".to_owned()),
            _ => port.device,
        };
        Self {
            run_state: status.run_state,
            lock,
            channel_device,
            cluster: ClusterSight {
                quorate: quorate.ok().flatten(),
                template,
                ha,
            },
            evidence: seen.join("; "),
        }
    }
}

/// Whether a failure may mean that the guest is on another node by now.
pub(crate) const fn may_have_moved(error: &ClientError) -> bool {
    matches!(
        error,
        ClientError::Api(Failure::NoSuchGuest(_) | Failure::NodeUnreachable { .. })
    )
}
