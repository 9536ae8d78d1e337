//! Snapshots inside the qcow2 disks of a machine.
//!
//! ```text
//!             ┌ its monitor answers ─► Running: query-block ─┬─ take    one transaction of all disks
//! Snapshots ──┤                                              └─ delete  disk by disk
//!             └ it is proved off ────► Stopped: disks of its start command, qemu-img info
//!                                                            ├─ delete    qemu-img snapshot -d
//!                                                            └─ rollback  qemu-img snapshot -a
//! ```
//!
//! A snapshot is of every writable disk or it is not whole. The disks of a transaction are of one
//! moment, as after a power failure: the guest's file systems are not frozen for it.

mod disk;
mod drives;
mod image;
mod running;
mod stopped;

use std::time::Duration;

use async_trait::async_trait;
use conditions::{GuestId, RunState};
use lifecycle::gate::RollbackOrder;
use lifecycle::ports::{HypervisorError, Snapshot, SnapshotName, Snapshots, Taken};
use tokio::time::{Instant, timeout_at};

use self::disk::listed;
use self::running::Running;
use self::stopped::Stopped;
use crate::QemuHypervisor;
use crate::guest::LocalGuest;
use crate::observe::look;
use crate::presence::proved_stopped;
use crate::qmp::QmpError;

/// A machine as its snapshots are reached.
enum Machine {
    Running(Running),
    Stopped(Stopped),
}

impl Machine {
    /// Looks at it, before anything is done.
    async fn look(id: &GuestId, guest: &LocalGuest, end: Instant) -> Result<Self, HypervisorError> {
        let looked = timeout_at(end, async {
            match Running::connect(guest).await {
                Ok(running) => Ok(Self::Running(running.unlocked()?)),
                Err(error @ (QmpError::NoFile { .. } | QmpError::NobodyListens { .. })) => {
                    proved_stopped(&guest.qmp, error).await?;
                    Ok(Self::Stopped(Stopped::look(id, guest, end).await?))
                }
                Err(error) => Err(error.into()),
            }
        });
        looked.await.unwrap_or_else(|_| Err(too_late(id)))
    }
}

#[async_trait]
impl Snapshots for QemuHypervisor {
    /// All disks at one moment, without freezing the guest's file systems. Refused for a machine
    /// that is off, and where a writable disk is no qcow2 image. Descriptions are dropped.
    async fn take(
        &self,
        id: &GuestId,
        name: &SnapshotName,
        _description: &str,
        deadline: Duration,
    ) -> Result<Taken, HypervisorError> {
        let (guest, end) = (self.guest(id)?, Instant::now() + deadline);
        match Machine::look(id, guest, end).await? {
            Machine::Running(running) => running.take(guest, name, end).await,
            Machine::Stopped(_) => Err(HypervisorError::Refused(format!(
                "{name} was not taken: {id} is off, and snapshots are taken of machines that run; \
                 start it"
            ))),
        }
    }

    async fn list(
        &self,
        id: &GuestId,
        deadline: Duration,
    ) -> Result<Vec<Snapshot>, HypervisorError> {
        let (guest, end) = (self.guest(id)?, Instant::now() + deadline);
        Ok(match Machine::look(id, guest, end).await? {
            Machine::Running(running) => running.list(),
            Machine::Stopped(stopped) => listed(&stopped.disks),
        })
    }

    async fn delete(
        &self,
        id: &GuestId,
        name: &SnapshotName,
        deadline: Duration,
    ) -> Result<String, HypervisorError> {
        let (guest, end) = (self.guest(id)?, Instant::now() + deadline);
        match Machine::look(id, guest, end).await? {
            Machine::Running(running) => running.delete(name, end).await,
            Machine::Stopped(stopped) => stopped.delete(name, end).await,
        }
    }

    /// By qemu-img, disk by disk, in the disks that the guest's start command names. qemu-img takes
    /// the images' locks: under a machine that was started in between it does nothing.
    async fn rollback(
        &self,
        order: RollbackOrder,
        deadline: Duration,
    ) -> Result<String, HypervisorError> {
        let (id, end) = (order.guest(), Instant::now() + deadline);
        let guest = self.ordered(id, order.node())?;
        let seen = timeout_at(end, look(guest)).await;
        let seen = seen.unwrap_or_else(|_| Err(too_late(id)))?;
        if seen.run_state != RunState::Stopped {
            return Err(HypervisorError::Refused(format!(
                "nothing went back to {}: {id} is not stopped by now: {}",
                order.snapshot(),
                seen.evidence
            )));
        }
        let stopped = Stopped::look(id, guest, end).await?;
        stopped.rollback(order.snapshot(), end).await
    }
}

fn too_late(id: &GuestId) -> HypervisorError {
    HypervisorError::Unreachable(format!(
        "nothing was done to snapshots of {id}: looking at it took longer than the deadline"
    ))
}

fn told_deleted(name: &SnapshotName, disks: &[String]) -> String {
    if disks.is_empty() {
        return format!("no disk has a snapshot {name}");
    }
    format!("{name} was deleted from {}", disks.join(", "))
}
