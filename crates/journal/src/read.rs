//! Reading runs. Stored text is outside data here: what cannot be read makes one run damaged and
//! leaves the others readable.

use conditions::{MachineId, Timestamp};
use rusqlite::types::ValueRef;
use rusqlite::{OptionalExtension, Row, Transaction, params};
use serde_json::Value;

use crate::store::Failure;
use crate::{
    CorruptRun, Journal, JournalError, Note, RunId, RunRecord, RunStatus, RunSummary, StepId,
    StepRecord, StepResult,
};

/// Which runs a list shows; all of them by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunFilter {
    /// Only those on this guest or node.
    pub machine: Option<MachineId>,
    /// Only *active* and *resumable* ones.
    pub open: bool,
}

const COLUMNS: &str =
    "id, operation, guest, operator, options, state, status, outcome, began_ms, changed_ms";

impl Journal {
    /// The newest `limit` runs that pass `filter`, newest first; a damaged one as what is left.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn runs(
        &self,
        limit: usize,
        filter: &RunFilter,
    ) -> Result<Vec<Result<RunSummary, CorruptRun>>, JournalError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let guest = filter.machine.as_ref().map(MachineId::to_string);
        self.read(|transaction| {
            let sql = format!(
                "SELECT {COLUMNS} FROM runs
                 WHERE (?1 IS NULL OR guest = ?1)
                   AND (NOT ?2 OR status IN ('active', 'resumable'))
                 ORDER BY id DESC LIMIT ?3"
            );
            let mut statement = transaction.prepare(&sql)?;
            let rows = statement.query_map(params![guest, filter.open, limit], stored_run)?;
            rows.map(|row| Ok(row?.parse().map(|(summary, ..)| summary)))
                .collect()
        })
    }

    /// One run with its steps and remarks.
    ///
    /// # Errors
    /// The run is damaged, or the journal cannot be read.
    pub fn run(&self, id: RunId) -> Result<Option<RunRecord>, JournalError> {
        self.read(|transaction| record(transaction, id))
    }

    /// The newest run on `machine` that is *active* or *resumable*.
    ///
    /// # Errors
    /// That run is damaged, or the journal cannot be read.
    pub fn open_run(
        &self,
        machine: impl Into<MachineId>,
    ) -> Result<Option<RunRecord>, JournalError> {
        let machine = machine.into().to_string();
        self.read(|transaction| {
            let newest = transaction
                .query_row(
                    "SELECT id FROM runs WHERE guest = ?1 AND status IN ('active', 'resumable')
                     ORDER BY id DESC LIMIT 1",
                    [machine.as_str()],
                    |row| row.get(0).map(RunId),
                )
                .optional()?;
            newest.map_or(Ok(None), |id| record(transaction, id))
        })
    }
}

/// A run's row as stored.
pub(crate) struct StoredRun {
    id: RunId,
    operation: String,
    pub(crate) guest: String,
    operator: String,
    options: Vec<u8>,
    state: Vec<u8>,
    status: String,
    outcome: Option<String>,
    began: Timestamp,
    changed: Timestamp,
}

impl StoredRun {
    /// The row with its options and state, or what is wrong with it.
    fn parse(self) -> Result<(RunSummary, Value, Value), CorruptRun> {
        let json = |bytes: &[u8], what: &str| {
            serde_json::from_slice(bytes)
                .map_err(|error| self.corrupt(format!("its {what} is not JSON ({error})")))
        };
        let options = json(&self.options, "options")?;
        let state = json(&self.state, "state")?;
        let status = self.readable_status()?;
        let machine = self
            .guest
            .parse()
            .map_err(|error| self.corrupt(format!("{error}")))?;
        let summary = RunSummary {
            id: self.id,
            operation: self.operation,
            machine,
            operator: self.operator,
            status,
            outcome: self.outcome,
            began: self.began,
            changed: self.changed,
        };
        Ok((summary, options, state))
    }

    /// Its status, if it is one.
    pub(crate) fn readable_status(&self) -> Result<RunStatus, CorruptRun> {
        RunStatus::from_word(&self.status)
            .ok_or_else(|| self.corrupt(format!("its status is `{}`", self.status)))
    }

    fn corrupt(&self, reason: String) -> CorruptRun {
        CorruptRun {
            run: self.id,
            operation: self.operation.clone(),
            guest: self.guest.clone(),
            reason,
        }
    }
}

/// The row of a run that must exist.
pub(crate) fn identity(transaction: &Transaction<'_>, id: RunId) -> Result<StoredRun, Failure> {
    find(transaction, id)?.ok_or_else(|| JournalError::UnknownRun(id).into())
}

fn find(transaction: &Transaction<'_>, id: RunId) -> rusqlite::Result<Option<StoredRun>> {
    let sql = format!("SELECT {COLUMNS} FROM runs WHERE id = ?1");
    transaction.query_row(&sql, [id.0], stored_run).optional()
}

fn record(transaction: &Transaction<'_>, id: RunId) -> Result<Option<RunRecord>, Failure> {
    let Some(stored) = find(transaction, id)? else {
        return Ok(None);
    };
    let (summary, options, state) = stored.parse().map_err(JournalError::from)?;
    let steps = steps(transaction, id)?;
    let notes = notes(transaction, id)?;
    Ok(Some(RunRecord {
        summary,
        options,
        state,
        steps,
        notes,
    }))
}

fn steps(transaction: &Transaction<'_>, run: RunId) -> rusqlite::Result<Vec<StepRecord>> {
    let mut statement = transaction.prepare(
        "SELECT id, effect, detail, intended_ms, outcome, result_detail, result_ms
         FROM steps WHERE run = ?1 ORDER BY id",
    )?;
    let rows = statement.query_map([run.0], |row| {
        let ended: Option<i64> = row.get(6)?;
        let result = ended.map(|ended| {
            let outcome = optional_text(row, 4)?.unwrap_or_default();
            let detail = optional_text(row, 5)?.unwrap_or_default();
            Ok::<_, rusqlite::Error>(StepResult {
                outcome,
                detail,
                at: from_sql(ended),
            })
        });
        Ok(StepRecord {
            id: StepId(row.get(0)?),
            effect: text(row, 1)?,
            detail: text(row, 2)?,
            intended: time(row, 3)?,
            result: result.transpose()?,
        })
    })?;
    rows.collect()
}

fn notes(transaction: &Transaction<'_>, run: RunId) -> rusqlite::Result<Vec<Note>> {
    let mut statement =
        transaction.prepare("SELECT text, at_ms FROM notes WHERE run = ?1 ORDER BY id")?;
    let rows = statement.query_map([run.0], |row| {
        Ok(Note {
            text: text(row, 0)?,
            at: time(row, 1)?,
        })
    })?;
    rows.collect()
}

fn stored_run(row: &Row<'_>) -> rusqlite::Result<StoredRun> {
    Ok(StoredRun {
        id: RunId(row.get(0)?),
        operation: text(row, 1)?,
        guest: text(row, 2)?,
        operator: text(row, 3)?,
        options: bytes(row, 4)?.unwrap_or_default(),
        state: bytes(row, 5)?.unwrap_or_default(),
        status: text(row, 6)?,
        outcome: optional_text(row, 7)?,
        began: time(row, 8)?,
        changed: time(row, 9)?,
    })
}

/// A text column; bytes that are not UTF-8 show as `�` instead of hiding the row.
pub(crate) fn text(row: &Row<'_>, column: usize) -> rusqlite::Result<String> {
    Ok(optional_text(row, column)?.unwrap_or_default())
}

pub(crate) fn optional_text(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<String>> {
    Ok(bytes(row, column)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}

fn bytes(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Vec<u8>>> {
    Ok(match row.get_ref(column)? {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(bytes.to_vec()),
        _ => None,
    })
}

/// A moment that was stored with [`to_sql`](crate::write::to_sql).
pub(crate) fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    row.get(column).map(from_sql)
}

pub(crate) fn from_sql(ms: i64) -> Timestamp {
    Timestamp::from_millis(u64::try_from(ms).unwrap_or(0))
}
