//! The cluster's replication jobs.

use std::collections::BTreeMap;

use conditions::{NodeName, Timestamp};
use patch::node::facts::{Guest, Member, ReplicationJob};
use pve::call;

use super::view::{Part, ask};
use crate::Client;

/// What was read of the jobs: as they are configured, and as the node that runs each tells.
#[derive(Debug)]
pub(super) struct Jobs {
    configured: Vec<pve::ReplicationJob>,
    running_on: BTreeMap<String, (NodeName, pve::ReplicationJob)>,
}

/// Asks the cluster for its jobs, and each node that is online, one after the other, for those that
/// it runs. A node that is away runs none.
pub(super) async fn read(client: &Client, members: &[Member]) -> Part<Jobs> {
    let data = ask(client, &call::cluster::replication()).await?;
    let configured = pve::ReplicationJob::all(&data);
    let mut running_on = BTreeMap::new();
    if !configured.is_empty() {
        for member in members.iter().filter(|member| member.online) {
            let node = &member.name;
            let data = ask(client, &call::node::replication(node)).await?;
            let jobs = pve::ReplicationJob::all(&data).into_iter();
            running_on.extend(jobs.map(|job| (job.id.clone(), (node.clone(), job))));
        }
    }
    Ok(Jobs {
        configured,
        running_on,
    })
}

impl Jobs {
    /// The jobs; one that no node runs is told from where its guest is.
    pub(super) fn with(mut self, guests: &[Guest]) -> Part<Vec<ReplicationJob>> {
        let configured = std::mem::take(&mut self.configured).into_iter();
        configured.map(|job| self.joined(job, guests)).collect()
    }

    fn joined(&self, job: pve::ReplicationJob, guests: &[Guest]) -> Part<ReplicationJob> {
        let id = &job.id;
        let number = || id.split_once('-')?.0.parse().ok();
        let vmid = job.guest.or_else(number);
        let vmid = vmid.ok_or_else(|| format!("replication job {id} names no guest"))?;
        let of_guest = || guests.iter().find(|guest| guest.vmid == vmid);
        let (source, state) = match self.running_on.get(id) {
            Some((node, state)) => (Some(node.clone()), state),
            None => (of_guest().map(|guest| guest.node.clone()), &job),
        };
        let at = |seconds: u64| Timestamp::from_millis(seconds.saturating_mul(1000));
        Ok(ReplicationJob {
            vmid,
            source: source
                .ok_or_else(|| format!("where replication job {id} is run is not known"))?,
            target: job
                .target
                .clone()
                .ok_or_else(|| format!("replication job {id} names no target"))?,
            running: state.running,
            last_sync: state.last_sync.map(at),
            failures: state.failures,
            error: state.error.clone(),
            id: job.id,
        })
    }
}
