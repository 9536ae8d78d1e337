//! `patch snapshots`: what was taken before patching, and deleting what has expired.
//!
//! ```text
//! journal ─► every snapshot that was asked for ─► listed
//!                └─ expired ─► guest locked ─► deleted by its hypervisor ─► forgotten
//!                                                  └─ failed: told, and kept for the next time
//! ```

use anyhow::{Context, Result};
use conditions::{GuestId, Timestamp};
use journal::{MachineLock, SnapshotRecord};
use lifecycle::ports::SnapshotName;
use serde::Serialize;
use serde_json::json;

use crate::Exit;
use crate::clock::now;
use crate::fleet::Fleet;
use crate::patch::guest::SNAPSHOT_DEADLINE;
use crate::show;

/// One snapshot, and what became of it.
#[derive(Debug, Serialize)]
struct Row {
    #[serde(flatten)]
    snapshot: SnapshotRecord,
    expired: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted: Option<bool>,
    /// What was seen, or why it was not deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<String>,
}

pub(super) async fn run(fleet: &Fleet, expire: bool, check: bool) -> Result<Exit> {
    let at = now();
    let snapshots = fleet.store().journal().snapshots()?;
    let mut rows = Vec::with_capacity(snapshots.len());
    for snapshot in snapshots {
        let mut row = Row::new(snapshot, at);
        if expire && !check && row.expired {
            row.delete(fleet).await;
        }
        rows.push(row);
    }
    if fleet.json() {
        let body = json!({ "dry_run": check, "snapshots": rows });
        fleet.document("patch-snapshots", body)?;
    } else if rows.is_empty() {
        show::line("no snapshots")?;
    } else {
        let header = ["GUEST", "SNAPSHOT", "RUN", "TAKEN", "EXPIRES", ""];
        let cells = rows.iter().map(|row| row.cells(expire));
        show::line(&show::table(header, cells))?;
    }
    let is_kept = |row: &Row| row.deleted == Some(false);
    Ok(match rows.iter().any(is_kept) {
        true => Exit::Failed,
        false => Exit::Ok,
    })
}

impl Row {
    fn new(snapshot: SnapshotRecord, at: Timestamp) -> Self {
        Self {
            expired: snapshot.expires.is_some_and(|expires| expires <= at),
            snapshot,
            deleted: None,
            evidence: None,
        }
    }

    async fn delete(&mut self, fleet: &Fleet) {
        let deleted = delete(fleet, &self.snapshot).await;
        self.deleted = Some(deleted.is_ok());
        self.evidence = Some(deleted.unwrap_or_else(|error| format!("{error:#}")));
    }

    fn cells(&self, expire: bool) -> [String; 6] {
        let snapshot = &self.snapshot;
        let never = || "never".to_owned();
        let remark = match (self.deleted, &self.evidence) {
            (Some(true), _) => "deleted".to_owned(),
            (Some(false), why) => format!("not deleted: {}", why.as_deref().unwrap_or_default()),
            (None, _) if self.expired && expire => "would be deleted".to_owned(),
            (None, _) if self.expired => "expired; hospes patch snapshots --expire".to_owned(),
            (None, _) => String::new(),
        };
        [
            snapshot.guest.clone(),
            snapshot.name.clone(),
            snapshot.run.to_string(),
            snapshot.asked.to_string(),
            snapshot.expires.map_or_else(never, |at| at.to_string()),
            remark,
        ]
    }
}

/// Deletes it while nobody else operates on its guest, and forgets it then.
async fn delete(fleet: &Fleet, snapshot: &SnapshotRecord) -> Result<String> {
    let guest: GuestId = snapshot.guest.parse()?;
    let name: SnapshotName = snapshot.name.parse()?;
    let member = fleet.guest(&guest).await?;
    let snapshots = member.snapshots();
    let snapshots = snapshots.context("its hypervisor cannot be asked for snapshots")?;
    let _lock: MachineLock = fleet.lock(&guest, "patch snapshots")?;
    let evidence = snapshots.delete(&guest, &name, SNAPSHOT_DEADLINE).await?;
    let journal = fleet.store().journal();
    journal.forget_snapshot(guest.as_str(), name.as_str())?;
    Ok(evidence)
}
