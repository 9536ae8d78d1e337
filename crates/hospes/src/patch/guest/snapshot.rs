//! The snapshot before an upgrade.

use std::time::Duration;

use anyhow::Result;
use journal::NewSnapshot;
use lifecycle::ports::{HypervisorError, SnapshotName, Snapshots};

use super::drive::Driver;
use crate::clock::now;

/// How long one call to the hypervisor may take.
pub(crate) const DEADLINE: Duration = Duration::from_secs(600);

/// How often it is asked while it is not known whether it was taken.
const TRIES: usize = 3;

impl Driver<'_> {
    /// Has the hypervisor take the snapshot `name`, and says why not, where it could not.
    pub(super) async fn snapshot(&self, name: &str) -> Result<Result<(), String>> {
        let Some(snapshots) = &self.snapshots else {
            return Ok(Err("its hypervisor takes none".to_owned()));
        };
        let name: SnapshotName = match name.parse() {
            Ok(name) => name,
            Err(error) => return Ok(Err(format!("{error}"))),
        };
        let guest = &self.world.guest;
        // In the journal first: none is left behind that nobody knows of.
        let new = NewSnapshot {
            guest: guest.clone(),
            name: name.to_string(),
            run: self.record.id,
            expires: self.snapshot_expires.map(|kept| now() + kept),
        };
        self.record.store().journal().intend_snapshot(&new, now())?;
        self.world.slot.release().await;
        let description = format!("before hospes patched it (run {})", self.record.id);
        let mut last = String::new();
        for _ in 0..TRIES {
            match snapshots.take(guest, &name, &description, DEADLINE).await {
                Ok(taken) => {
                    self.record.note(&taken.evidence)?;
                    return Ok(Ok(()));
                }
                // Asking again settles it.
                Err(HypervisorError::TimedOut(why)) => last = why,
                Err(error) => {
                    self.forget_untaken(snapshots.as_ref(), &name).await?;
                    return Ok(Err(error.to_string()));
                }
            }
        }
        Ok(Err(format!(
            "{last}; it may be there all the same (hospes patch snapshots)"
        )))
    }
    /// After a refusal: what is seen not to be there is none to go back to, or to delete.
    async fn forget_untaken(&self, snapshots: &dyn Snapshots, name: &SnapshotName) -> Result<()> {
        let guest = &self.world.guest;
        let Ok(there) = snapshots.list(guest, DEADLINE).await else {
            return Ok(());
        };
        if there.iter().all(|one| one.name != name.as_str()) {
            let journal = self.record.store().journal();
            journal.forget_snapshot(guest.as_str(), name.as_str())?;
        }
        Ok(())
    }
}
