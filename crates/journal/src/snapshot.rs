//! Snapshots that hospes had taken before it patched, and until when they are kept.

use conditions::{GuestId, Timestamp};
use rusqlite::params;
use serde::Serialize;

use crate::read::{from_sql, text, time};
use crate::write::to_sql;
use crate::{Journal, JournalError, RunId};

/// A snapshot that is about to be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSnapshot {
    /// Of whom.
    pub guest: GuestId,
    /// What the hypervisor calls it.
    pub name: String,
    /// The run for which it is taken.
    pub run: RunId,
    /// Until when it is kept; for good, without.
    pub expires: Option<Timestamp>,
}

/// A snapshot that was asked for, and may be there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SnapshotRecord {
    /// Of whom, as the configuration called it.
    pub guest: String,
    /// What the hypervisor calls it.
    pub name: String,
    /// The run for which it was taken.
    pub run: RunId,
    /// When it was asked for.
    pub asked: Timestamp,
    /// Until when it is kept; for good, without.
    pub expires: Option<Timestamp>,
}

impl Journal {
    /// Records that a snapshot is about to be asked for, *before* it is: so none is left behind
    /// that nobody knows of. Twice is once.
    ///
    /// # Errors
    /// The journal cannot be written: then it must not be asked for.
    pub fn intend_snapshot(&self, new: &NewSnapshot, at: Timestamp) -> Result<(), JournalError> {
        self.write(|transaction| {
            transaction.execute(
                "INSERT INTO snapshots (guest, name, run, asked_ms, expires_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (guest, name) DO NOTHING",
                params![
                    new.guest.as_str(),
                    new.name,
                    new.run.0,
                    to_sql(at),
                    new.expires.map(to_sql)
                ],
            )?;
            Ok(())
        })
    }

    /// Every snapshot that was asked for and is not known to be gone, oldest first.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn snapshots(&self) -> Result<Vec<SnapshotRecord>, JournalError> {
        self.read(|transaction| {
            let mut statement = transaction.prepare(
                "SELECT guest, name, run, asked_ms, expires_ms FROM snapshots
                 ORDER BY asked_ms, guest, name",
            )?;
            let rows = statement.query_map([], |row| {
                let expires: Option<i64> = row.get(4)?;
                Ok(SnapshotRecord {
                    guest: text(row, 0)?,
                    name: text(row, 1)?,
                    run: RunId(row.get(2)?),
                    asked: time(row, 3)?,
                    expires: expires.map(from_sql),
                })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Forgets a snapshot that is gone.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub fn forget_snapshot(&self, guest: &str, name: &str) -> Result<(), JournalError> {
        self.write(|transaction| {
            let sql = "DELETE FROM snapshots WHERE guest = ?1 AND name = ?2";
            transaction.execute(sql, [guest, name])?;
            Ok(())
        })
    }
}
