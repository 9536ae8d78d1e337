//! Reading campaigns.

use rusqlite::{OptionalExtension, Row, Transaction};
use serde_json::Value;

use super::write::run_of;
use super::{CampaignNote, CampaignRecord, CampaignSummary, Heard, Try, TurnOf};
use crate::read::{from_sql, optional_text, text, time};
use crate::store::Failure;
use crate::{CampaignId, Journal, JournalError, RunId};

const COLUMNS: &str = "id, name, operator, summary, began_ms, changed_ms, ended_ms";

impl Journal {
    /// The newest `limit` campaigns, newest first.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn campaigns(&self, limit: usize) -> Result<Vec<CampaignSummary>, JournalError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.read(|transaction| {
            let sql = format!("SELECT {COLUMNS} FROM campaigns ORDER BY id DESC LIMIT ?1");
            let mut statement = transaction.prepare(&sql)?;
            let rows = statement.query_map([limit], summary)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// One campaign with all that belongs to it.
    ///
    /// # Errors
    /// There is no such campaign, it is damaged, or the journal cannot be read.
    pub fn campaign(&self, id: CampaignId) -> Result<CampaignRecord, JournalError> {
        self.read(|transaction| record(transaction, id))
    }

    /// The words that a campaign has not answered to yet, in the order in which they were said.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn words_to_campaign(&self, id: CampaignId) -> Result<Vec<Heard>, JournalError> {
        self.read(|transaction| {
            let mut statement = transaction.prepare_cached(
                "SELECT id, word FROM campaign_words WHERE campaign = ?1 AND NOT is_heard
                 ORDER BY id",
            )?;
            let rows = statement.query_map([id.0], |row| {
                let word = text(row, 1)?;
                Ok(Heard {
                    id: row.get(0)?,
                    word,
                })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// The run of a turn, if it was begun.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn run_of_turn(&self, turn: &TurnOf) -> Result<Option<RunId>, JournalError> {
        self.read(|transaction| Ok(run_of(transaction, turn)?))
    }

    /// The turn that a run is for, if it is for one.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn turn_of_run(&self, run: RunId) -> Result<Option<TurnOf>, JournalError> {
        self.read(|transaction| {
            let sql = "SELECT campaign, member, turn FROM tries WHERE run = ?1";
            let turn = transaction.query_row(sql, [run.0], turn_of);
            Ok(turn.optional()?)
        })
    }
}

fn record(transaction: &Transaction<'_>, id: CampaignId) -> Result<CampaignRecord, Failure> {
    let sql = format!("SELECT {COLUMNS}, document, head FROM campaigns WHERE id = ?1");
    let row = transaction.query_row(&sql, [id.0], |row| {
        Ok((summary(row)?, text(row, 7)?, text(row, 8)?))
    });
    let row = row.optional()?;
    let (summary, document, head) = row.ok_or(JournalError::UnknownCampaign(id))?;
    Ok(CampaignRecord {
        summary,
        document: json(id, &document, "plan document")?,
        head: json(id, &head, "state")?,
        turns: turns(transaction, id)?,
        tries: tries(transaction, id)?,
        notes: notes(transaction, id)?,
    })
}

fn json(id: CampaignId, text: &str, what: &str) -> Result<Value, JournalError> {
    serde_json::from_str(text).map_err(|error| JournalError::CorruptCampaign {
        campaign: id,
        reason: format!("its {what} is not JSON ({error})"),
    })
}

fn summary(row: &Row<'_>) -> rusqlite::Result<CampaignSummary> {
    let ended: Option<i64> = row.get(6)?;
    // What cannot be read of how it ended is no reason to hide that it did.
    let summary = optional_text(row, 3)?.map(|text| serde_json::from_str(&text));
    Ok(CampaignSummary {
        id: CampaignId(row.get(0)?),
        name: text(row, 1)?,
        operator: text(row, 2)?,
        summary: summary.map(|read| read.unwrap_or(Value::Null)),
        began: time(row, 4)?,
        changed: time(row, 5)?,
        ended: ended.map(from_sql),
    })
}

fn turns(transaction: &Transaction<'_>, id: CampaignId) -> Result<Vec<(String, Value)>, Failure> {
    let sql = "SELECT member, turn FROM turns WHERE campaign = ?1 ORDER BY member";
    let mut statement = transaction.prepare(sql)?;
    let rows = statement.query_map([id.0], |row| Ok((text(row, 0)?, text(row, 1)?)))?;
    rows.map(|row| {
        let (member, turn) = row?;
        let turn = json(id, &turn, &format!("turn of {member}"))?;
        Ok((member, turn))
    })
    .collect()
}

fn tries(transaction: &Transaction<'_>, id: CampaignId) -> rusqlite::Result<Vec<Try>> {
    let mut statement = transaction.prepare(
        "SELECT campaign, member, turn, run FROM tries WHERE campaign = ?1 ORDER BY member, turn",
    )?;
    let rows = statement.query_map([id.0], |row| {
        let turn = turn_of(row)?;
        Ok(Try {
            turn,
            run: RunId(row.get(3)?),
        })
    })?;
    rows.collect()
}

fn turn_of(row: &Row<'_>) -> rusqlite::Result<TurnOf> {
    Ok(TurnOf {
        campaign: CampaignId(row.get(0)?),
        member: text(row, 1)?,
        turn: row.get(2)?,
    })
}

fn notes(transaction: &Transaction<'_>, id: CampaignId) -> rusqlite::Result<Vec<CampaignNote>> {
    let mut statement = transaction.prepare(
        "SELECT member, text, at_ms FROM campaign_notes WHERE campaign = ?1 ORDER BY id",
    )?;
    let rows = statement.query_map([id.0], |row| {
        Ok(CampaignNote {
            member: optional_text(row, 0)?,
            text: text(row, 1)?,
            at: time(row, 2)?,
        })
    })?;
    rows.collect()
}
