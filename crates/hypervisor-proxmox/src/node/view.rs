//! One look at a node and the cluster around it.

use std::collections::BTreeMap;

use conditions::{NodeName, Timestamp};
use patch::node::ClusterError;
use patch::node::facts::{
    Guest, GuestKind, GuestStatus, Ha, HaNode, HaService, Member, Memory, PendingUpdate, Seen,
    Software, Task, View,
};
use pve::{Call, Found, NodeGuest, NodeRow, NodeStatus, NodeUpdate, RunningTask, call};
use serde_json::Value;

use super::{ceph, replication, unread, votes};
use crate::failure::unanswered;
use crate::{Client, ClientError, Cluster};

/// A part of a view, or why it was not read, in one line.
pub(super) type Part<T> = Result<T, String>;

/// Asks one call for a part.
pub(super) async fn ask(client: &Client, call: &Call) -> Part<Value> {
    let answer = client.call(call).await;
    answer.map_err(|error| why(client, &error))
}

pub(super) fn why(client: &Client, error: &ClientError) -> String {
    unanswered(client.name(), error).to_string()
}

/// Looks at everything. Fails only where no node of the cluster answers.
pub(super) async fn view(cluster: &Cluster, node: &NodeName) -> Result<View, ClusterError> {
    let client = cluster.client();
    let status = status(client).await?;
    let resources = ask(client, &call::cluster::resources()).await;
    let members = members(&status, &resources);
    let known = members.as_deref().unwrap_or_default();
    let (votes, ceph, ha, tasks, jobs, guests, software) = tokio::join!(
        async { votes::read(client, status.as_ref().map_err(Clone::clone)?).await },
        ceph::read(client),
        ha(client),
        tasks(client, node),
        replication::read(client, known),
        guests(client, node, &resources),
        software(client, node),
    );
    let of_guests = guests.as_deref().unwrap_or_default();
    let jobs = members.as_ref().map_err(Clone::clone).and(jobs);
    Ok(View {
        node: node.clone(),
        replication: seen(jobs.and_then(|jobs| jobs.with(of_guests))),
        nodes: seen(members),
        votes: seen(votes),
        ceph: seen(ceph),
        ha: seen(ha),
        tasks: seen(tasks),
        guests: seen(guests),
        software: seen(software),
    })
}

fn seen<T>(part: Part<T>) -> Seen<T> {
    match part {
        Ok(value) => Seen::Read(value),
        Err(why) => Seen::Unread(why),
    }
}

/// The cluster's status, or why it is refused. An endpoint that hangs is not asked first again, so a
/// second look finds another one.
async fn status(client: &Client) -> Result<Part<Value>, ClusterError> {
    let call = call::cluster::status();
    let mut answer = client.call(&call).await;
    if matches!(
        answer,
        Err(ClientError::TimedOut { .. } | ClientError::Lost(_))
    ) {
        answer = client.call(&call).await;
    }
    match answer {
        Ok(data) => Ok(Ok(data)),
        Err(error) => match unread(client, &error) {
            error @ ClusterError::Unreachable(_) => Err(error),
            _ => Ok(Err(why(client, &error))),
        },
    }
}

fn members(status: &Part<Value>, resources: &Part<Value>) -> Part<Vec<Member>> {
    let members = pve::Member::all(status.as_ref().map_err(Clone::clone)?);
    let rows = resources.as_ref().map(NodeRow::all).unwrap_or_default();
    if members.is_empty() {
        return Err("cluster/status names no node".to_owned());
    }
    let members = members.into_iter().map(|member| {
        let row = rows.iter().find(|row| row.node == member.node);
        let online = member
            .online
            .or_else(|| row.map(|row| row.status == "online"))
            .unwrap_or(false);
        let memory = row.and_then(|row| {
            Some(Memory {
                total: row.memory?,
                used: row.used?,
            })
        });
        Member {
            name: member.node,
            online,
            memory: memory.filter(|_| online),
        }
    });
    Ok(members.collect())
}

async fn ha(client: &Client) -> Part<Ha> {
    let nodes = ask(client, &call::cluster::ha_manager_status()).await?;
    let services = ask(client, &call::cluster::ha_status()).await?;
    let services = pve::HaService::all(&services).into_iter();
    let services = services
        .filter(|it| it.state != "ignored" && it.request.as_deref() != Some("ignored"))
        .map(|it| HaService {
            sid: it.sid,
            node: it.node,
            state: it.state,
            request: it.request,
        });
    let nodes = pve::ha_nodes(&nodes).into_iter();
    Ok(Ha {
        nodes: nodes
            .map(|(node, word)| (node, HaNode::from_word(&word)))
            .collect(),
        services: services.collect(),
    })
}

async fn tasks(client: &Client, node: &NodeName) -> Part<Vec<Task>> {
    let data = ask(client, &call::node::running_tasks(node)).await?;
    let tasks = RunningTask::all(&data).into_iter().map(|task| Task {
        upid: task.upid,
        kind: task.kind,
        id: task.target,
        user: task.user,
        since: Timestamp::from_millis(task.began.unwrap_or(0).saturating_mul(1000)),
    });
    Ok(tasks.collect())
}

async fn software(client: &Client, node: &NodeName) -> Part<Software> {
    let status = NodeStatus::read(&ask(client, &call::node::status(node)).await?);
    let updates = ask(client, &call::node::apt_updates(node)).await?;
    let updates = NodeUpdate::all(&updates).into_iter();
    Ok(Software {
        release: status.version,
        kernel: status.kernel,
        updates: updates
            .map(|it| PendingUpdate {
                package: it.package,
                from: it.from,
                to: it.to,
            })
            .collect(),
    })
}

async fn guests(client: &Client, node: &NodeName, resources: &Part<Value>) -> Part<Vec<Guest>> {
    let resources = resources.as_ref().map_err(Clone::clone)?;
    let memory = pve::memory_of_guests(resources);
    let own = own(client, node).await;
    let found = Found::all(resources).into_iter();
    let guests = found.map(|found| {
        let memory = memory.get(&found.vmid).copied();
        let own = own.get(&found.vmid).filter(|_| found.node == *node);
        guest(found, memory.unwrap_or(0), own)
    });
    Ok(guests.collect())
}

/// The guests as their node sees them; nothing where it does not answer.
async fn own(client: &Client, node: &NodeName) -> BTreeMap<u32, NodeGuest> {
    let mut own = BTreeMap::new();
    for call in [call::node::machines(node), call::node::containers(node)] {
        let guests = ask(client, &call).await;
        let guests = guests.as_ref().map(NodeGuest::all).unwrap_or_default();
        own.extend(guests.into_iter().map(|guest| (guest.vmid, guest)));
    }
    own
}

fn guest(found: Found, memory: u64, own: Option<&NodeGuest>) -> Guest {
    let status = own.map_or(found.status.as_str(), |own| own.status.as_str());
    Guest {
        vmid: found.vmid,
        kind: match found.kind {
            pve::GuestKind::Qemu => GuestKind::Qemu,
            pve::GuestKind::Lxc => GuestKind::Lxc,
        },
        name: found.name,
        status: GuestStatus::from_word(status),
        lock: own.and_then(|own| own.lock.clone()).or(found.lock),
        node: found.node,
        ha: found.ha_state,
        template: found.template,
        tags: found.tags,
        memory,
    }
}
