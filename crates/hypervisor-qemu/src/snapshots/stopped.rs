//! Snapshots of a machine that is off, in the disks of its start command.

use conditions::GuestId;
use lifecycle::ports::{HypervisorError, SnapshotName};
use tokio::time::Instant;

use super::disk::{Disk, Whereabouts, unfit, whereabouts};
use super::drives::{Drive, drives};
use super::image::{Action, Failure, Tool};
use crate::guest::LocalGuest;

/// The disks of a machine that is off.
#[derive(Debug)]
pub(super) struct Stopped {
    tool: Tool,
    drives: Vec<Drive>,
    pub(super) disks: Vec<Disk>,
}

impl Stopped {
    /// Finds the disks and looks into each.
    pub(super) async fn look(
        id: &GuestId,
        guest: &LocalGuest,
        end: Instant,
    ) -> Result<Self, HypervisorError> {
        let start = guest.start.as_deref().unwrap_or_default();
        let (qemu, drives) = drives(start).map_err(|why| {
            HypervisorError::NotConfigured(format!(
                "the disks of {id} are not known while it is off: {why}; let `start` be QEMU's own \
                 command with -drive or -blockdev, or use qemu-img by hand"
            ))
        })?;
        let tool = Tool::beside(qemu);
        let mut disks = Vec::with_capacity(drives.len());
        for drive in &drives {
            disks.push(tool.look(drive, end).await?);
        }
        Ok(Self {
            tool,
            drives,
            disks,
        })
    }

    /// Deletes it from each disk that has it.
    pub(super) async fn delete(
        self,
        name: &SnapshotName,
        end: Instant,
    ) -> Result<String, HypervisorError> {
        let mut deleted = Vec::new();
        for (drive, disk) in self.drives.iter().zip(&self.disks) {
            for _ in disk.inside.iter().filter(|it| it.name == name.as_str()) {
                let act = self
                    .tool
                    .act(Action::Delete, name.as_str(), &drive.file, end);
                act.await?;
                deleted.push(disk.name.clone());
            }
        }
        Ok(super::told_deleted(name, &deleted))
    }

    /// Takes all disks back. Before the first, each is seen to have the snapshot.
    pub(super) async fn rollback(
        self,
        name: &SnapshotName,
        end: Instant,
    ) -> Result<String, HypervisorError> {
        if let Some(reason) = self.objection(name) {
            return Err(HypervisorError::Refused(format!(
                "nothing went back to {name}: {reason}"
            )));
        }
        let mut back: Vec<&str> = Vec::new();
        for (drive, disk) in self.drives.iter().zip(&self.disks) {
            let act = self
                .tool
                .act(Action::Apply, name.as_str(), &drive.file, end);
            match act.await {
                Ok(()) => back.push(&disk.name),
                Err(failure) if back.is_empty() => return Err(failure.into()),
                Err(failure) => return Err(torn(name, &back, failure)),
            }
        }
        Ok(format!("qemu-img: {} went back to {name}", back.join(", ")))
    }

    fn objection(&self, name: &SnapshotName) -> Option<String> {
        if let Some(unfit) = unfit(&self.disks) {
            return Some(format!("{unfit} is writable and holds no snapshots"));
        }
        match whereabouts(&self.disks, name.as_str()) {
            Whereabouts::Everywhere => None,
            Whereabouts::Nowhere => Some("it is in no disk of the guest".to_owned()),
            Whereabouts::MissingIn(disks) => Some(format!("{} has none", disks.join(", "))),
        }
    }
}

/// Some disks are of then, and some of now.
fn torn(name: &SnapshotName, back: &[&str], failure: Failure) -> HypervisorError {
    let (Failure::Nothing(words) | Failure::Unknown(words) | Failure::NoTool(words)) = failure;
    HypervisorError::TimedOut(format!(
        "{} went back to {name} and the other disks did not: {words}; do not start the guest before \
         all have gone back, make the same call again",
        back.join(", ")
    ))
}
