//! The metadata store: values of guests and of the project, as they were last changed.
//!
//! A value that was taken away stays as a row without one: who waits for a change must learn it,
//! also after the server was started anew. Only who holds the [`MetadataLock`] writes.

use std::fmt;

use metadata::control::{Record, Scope};
use metadata::{InvalidKey, Key};
use rusqlite::types::ValueRef;
use rusqlite::{OptionalExtension, Row, params};
use thiserror::Error;

use crate::read::text;
use crate::{Journal, JournalError, MetadataLock};

/// What stands before a guest's name in the column `scope`.
const GUEST: &str = "guest/";
const PROJECT: &str = "project";

/// A stored value that cannot be read. It is kept as it is; others are not affected.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "the metadata value `{key}` of {scope} is damaged in the journal: {reason}; it was left as it is and is not served: set it anew with `hospes metadata set`"
)]
pub struct CorruptMetadata {
    /// Whose, as stored.
    pub scope: String,
    /// Which, as stored.
    pub key: String,
    /// What is wrong with it.
    pub reason: CorruptReason,
}

/// What is wrong with a stored value. The value itself may be a secret and is not told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CorruptReason {
    /// It is neither a guest's nor the project's.
    Scope,
    /// Its key is none.
    Key(InvalidKey),
    /// Its value is not UTF-8.
    Value,
    /// Its revision is not above zero.
    Revision,
}

impl Journal {
    /// The random number of this store; another store has another one.
    ///
    /// # Errors
    /// The journal cannot be read, or the number is gone.
    pub fn metadata_store_id(&self) -> Result<u32, JournalError> {
        self.read(|transaction| {
            let sql = "SELECT id FROM metadata_store";
            let id: Option<i64> = transaction
                .query_row(sql, [], |row| row.get(0))
                .optional()?;
            let id = id.and_then(|id| u32::try_from(id).ok());
            id.ok_or_else(|| JournalError::CorruptStoreId.into())
        })
    }

    /// Every value and every mark of one that was taken away, in the order of their revisions; a
    /// damaged one as what is left. The highest revision is that of the store.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn metadata_records(&self) -> Result<Vec<Result<Record, CorruptMetadata>>, JournalError> {
        self.read(|transaction| {
            let mut statement = transaction.prepare(
                "SELECT scope, key, value, revision FROM metadata ORDER BY revision, key",
            )?;
            let rows = statement.query_map([], stored_record)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Keeps all of `records`, or none. Each takes the place of the one of the same scope and key.
    ///
    /// # Errors
    /// The lock is of another state directory, or the journal cannot be written; then nothing
    /// changes.
    pub fn keep_metadata(
        &self,
        lock: &MetadataLock,
        records: &[Record],
    ) -> Result<(), JournalError> {
        if lock.state_dir() != self.state_dir() {
            return Err(JournalError::ForeignMetadataLock);
        }
        self.write(|transaction| {
            let mut statement = transaction.prepare(
                "INSERT INTO metadata (scope, key, value, revision) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (scope, key)
                 DO UPDATE SET value = excluded.value, revision = excluded.revision",
            )?;
            for record in records {
                let revision = i64::try_from(record.revision).unwrap_or(i64::MAX);
                let (scope, key) = (stored_scope(&record.scope), record.key.as_str());
                statement.execute(params![scope, key, record.value, revision])?;
            }
            Ok(())
        })
    }
}

fn stored_record(row: &Row<'_>) -> rusqlite::Result<Result<Record, CorruptMetadata>> {
    let (scope, key) = (text(row, 0)?, text(row, 1)?);
    let value = match row.get_ref(2)? {
        ValueRef::Null => Some(None),
        other => other.as_str().ok().map(|text| Some(text.to_owned())),
    };
    let revision = u64::try_from(row.get::<_, i64>(3)?).ok();
    let read = || {
        let corrupt = |reason| CorruptMetadata {
            scope: scope.clone(),
            key: key.clone(),
            reason,
        };
        let parsed = key.parse::<Key>();
        Ok(Record {
            scope: read_scope(&scope).ok_or_else(|| corrupt(CorruptReason::Scope))?,
            key: parsed.map_err(|error| corrupt(CorruptReason::Key(error)))?,
            value: value.ok_or_else(|| corrupt(CorruptReason::Value))?,
            revision: revision
                .filter(|revision| *revision > 0)
                .ok_or_else(|| corrupt(CorruptReason::Revision))?,
        })
    };
    Ok(read())
}

fn stored_scope(scope: &Scope) -> String {
    match scope {
        Scope::Project => PROJECT.to_owned(),
        Scope::Guest(name) => format!("{GUEST}{name}"),
    }
}

fn read_scope(stored: &str) -> Option<Scope> {
    match stored.strip_prefix(GUEST) {
        Some(name) => Some(Scope::Guest(name.to_owned())),
        None => (stored == PROJECT).then_some(Scope::Project),
    }
}

impl fmt::Display for CorruptReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scope => f.write_str("it belongs to no guest and not to the project"),
            Self::Key(error) => error.fmt(f),
            Self::Value => f.write_str("its value is not UTF-8"),
            Self::Revision => f.write_str("its revision is not above zero"),
        }
    }
}
