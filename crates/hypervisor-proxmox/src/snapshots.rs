//! Snapshots through the API: a call, its task followed to its end, and then what the list says.
//!
//! ```text
//! take      list ─┬ there ──────────────────────────────► it was there
//!                 ├ being made ─► list again ...
//!                 └ not there ─► POST snapshot ─► task OK ─► list has it
//! delete    list ─┬ not there ──────────────────────────► done already
//!                 └ there ─► DELETE ─► task OK
//! rollback  status: stopped, unlocked, nothing would start it; list: whole, without memory
//!                 └─► POST rollback ─► task OK
//! ```
//!
//! A lock (`VM is locked (backup)`) ends the task and so refuses. Proxmox VE would cut the power of a
//! guest that runs before it goes back, which is why only an order for a stopped one gets here, and
//! why its status is read once more right before the call.

mod work;

use std::time::Duration;

use async_trait::async_trait;
use conditions::{GuestId, RunState, Timestamp};
use lifecycle::gate::RollbackOrder;
use lifecycle::ports::{HypervisorError, Snapshot, SnapshotName, Snapshots, Taken};
use pve::{Poll, VmSnapshot, call};
use tokio::time::{Instant, sleep, timeout_at};

use self::work::{Work, refused};
use crate::ProxmoxHypervisor;
use crate::failure::unanswered;
use crate::observe::{managed, status};
use crate::power::Target;

#[async_trait]
impl Snapshots for ProxmoxHypervisor {
    /// Of all disks and the configuration, without memory. Where the guest's agent answers, Proxmox
    /// VE freezes the guest's file systems for that moment (unless its configuration says otherwise)
    /// and thaws them after it; else the disks are those after a power failure.
    async fn take(
        &self,
        id: &GuestId,
        name: &SnapshotName,
        description: &str,
        deadline: Duration,
    ) -> Result<Taken, HypervisorError> {
        let end = Instant::now() + deadline;
        let place = self.located(id, end).await?;
        let target = self.target(id, &place.node)?;
        if let Some(there) = settled(target, name, place.snapshots, end).await? {
            let evidence = format!("snapshot list: {name} was there");
            return Ok(taken(name, &there, true, evidence));
        }
        let call = call::snapshot::take(target.node, target.vmid, name.as_str(), description);
        let told = target.work(Work::Take, name, &call, end).await?;
        let there = own(list(target, end).await?, name).filter(|it| it.state.is_none());
        let there = there.ok_or_else(|| {
            HypervisorError::TimedOut(format!("{told}, but the guest has no snapshot {name}"))
        })?;
        Ok(taken(name, &there, false, told))
    }

    async fn list(
        &self,
        id: &GuestId,
        deadline: Duration,
    ) -> Result<Vec<Snapshot>, HypervisorError> {
        let mut snapshots = self.located(id, Instant::now() + deadline).await?.snapshots;
        snapshots.sort_by_key(|it| it.taken);
        Ok(snapshots.into_iter().map(told).collect())
    }

    async fn delete(
        &self,
        id: &GuestId,
        name: &SnapshotName,
        deadline: Duration,
    ) -> Result<String, HypervisorError> {
        let end = Instant::now() + deadline;
        let place = self.located(id, end).await?;
        if own(place.snapshots, name).is_none() {
            return Ok(format!("snapshot list: the guest has no {name}"));
        }
        let target = self.target(id, &place.node)?;
        let call = call::snapshot::delete(target.node, target.vmid, name.as_str());
        target.work(Work::Delete, name, &call, end).await
    }

    /// Refused also where high availability may start the guest in between, and where the snapshot
    /// holds memory, because going back would start the guest. Between the last look and Proxmox VE's
    /// own lock another client may still start it: keep others away from a guest that goes back.
    async fn rollback(
        &self,
        order: RollbackOrder,
        deadline: Duration,
    ) -> Result<String, HypervisorError> {
        let end = Instant::now() + deadline;
        let (target, name) = (self.target(order.guest(), order.node())?, order.snapshot());
        let snapshot = own(list(target, end).await?, name);
        if let Some(reason) = no_way_back(snapshot.as_ref()) {
            return Err(refused(Work::Rollback, name, &reason));
        }
        if let Some(reason) = objection(target, end).await? {
            return Err(refused(Work::Rollback, name, &reason));
        }
        let call = call::snapshot::rollback(target.node, target.vmid, name.as_str());
        target.work(Work::Rollback, name, &call, end).await
    }
}

/// Where a guest is, and its snapshots.
struct Located {
    node: conditions::NodeName,
    snapshots: Vec<VmSnapshot>,
}

impl ProxmoxHypervisor {
    /// Finds the guest, also on another node than the last time, and reads its snapshots.
    async fn located(&self, id: &GuestId, end: Instant) -> Result<Located, HypervisorError> {
        let (node, _) = in_time(self.seen(id), end).await?;
        let snapshots = list(self.target(id, &node)?, end).await?;
        Ok(Located { node, snapshots })
    }
}

async fn list(target: Target<'_>, end: Instant) -> Result<Vec<VmSnapshot>, HypervisorError> {
    let call = call::snapshot::list(target.node, target.vmid);
    let asked = async {
        let data = target.client().call(&call).await;
        data.map_err(|error| unanswered(target.client().name(), &error))
    };
    Ok(VmSnapshot::list(&in_time(asked, end).await?))
}

/// A question that is asked before anything is done.
async fn in_time<T>(
    question: impl Future<Output = Result<T, HypervisorError>>,
    end: Instant,
) -> Result<T, HypervisorError> {
    timeout_at(end, question).await.unwrap_or_else(|_| {
        Err(HypervisorError::Unreachable(
            "the cluster's answers took longer than the deadline; nothing was begun".to_owned(),
        ))
    })
}

fn own(snapshots: Vec<VmSnapshot>, name: &SnapshotName) -> Option<VmSnapshot> {
    snapshots.into_iter().find(|it| it.name == name.as_str())
}

/// The snapshot of this name, once nothing is done to it any more: a controller that died may have
/// left a task that still takes it.
async fn settled(
    target: Target<'_>,
    name: &SnapshotName,
    mut snapshots: Vec<VmSnapshot>,
    end: Instant,
) -> Result<Option<VmSnapshot>, HypervisorError> {
    for wait in Poll::new() {
        let state = match own(snapshots, name) {
            None => return Ok(None),
            Some(there) => match &there.state {
                None => return Ok(Some(there)),
                Some(state) => state.clone(),
            },
        };
        if Instant::now() + wait >= end {
            let id = target.id;
            return Err(HypervisorError::TimedOut(format!(
                "{name} of {id} is being worked on or was left half made ({state}): look again, or \
                 delete it when no task of the guest runs any more"
            )));
        }
        sleep(wait).await;
        snapshots = list(target, end).await?;
    }
    Ok(None)
}

/// Why there is no going back to it.
fn no_way_back(snapshot: Option<&VmSnapshot>) -> Option<String> {
    let Some(snapshot) = snapshot else {
        return Some("the guest has no snapshot of that name".to_owned());
    };
    if let Some(state) = &snapshot.state {
        return Some(format!("it is not whole ({state})"));
    }
    let why = "it holds memory, and going back would start the guest; use Proxmox VE's own way";
    snapshot.memory.then(|| why.to_owned())
}

/// What speaks against going back right before it.
async fn objection(target: Target<'_>, end: Instant) -> Result<Option<String>, HypervisorError> {
    let looked = async {
        let status = status(target.cluster, target.node, target.vmid).await;
        let status = status.map_err(|error| unanswered(target.client().name(), &error))?;
        let ha = managed(target.cluster, target.vmid, &status.ha).await;
        Ok((status, ha))
    };
    let (status, ha) = in_time(looked, end).await?;
    if status.run_state != RunState::Stopped {
        let state = status.run_state.as_str();
        return Ok(Some(format!("the guest is not stopped by now ({state})")));
    }
    if let Some(lock) = status.lock {
        return Ok(Some(format!("the guest was locked in between ({lock})")));
    }
    let starts = ha.filter(|it| !matches!(it.state.as_str(), "stopped" | "disabled"));
    Ok(starts.map(|ha| {
        let sid = ha.sid;
        format!(
            "high availability may start the guest in between; \
             `ha-manager set {sid} --state stopped` keeps it off"
        )
    }))
}

fn told(snapshot: VmSnapshot) -> Snapshot {
    Snapshot {
        at: at(&snapshot),
        is_whole: snapshot.state.is_none(),
        name: snapshot.name,
    }
}

fn at(snapshot: &VmSnapshot) -> Option<Timestamp> {
    let millis = snapshot.taken?.checked_mul(1000)?;
    Some(Timestamp::from_millis(millis))
}

fn taken(name: &SnapshotName, there: &VmSnapshot, was_there: bool, evidence: String) -> Taken {
    Taken {
        name: name.clone(),
        at: at(there),
        was_there,
        evidence,
    }
}
