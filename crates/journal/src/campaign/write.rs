//! Recording campaigns. Each call is one transaction; each change takes the campaign's lock.

use conditions::Timestamp;
use rusqlite::{OptionalExtension, Transaction, params};
use serde_json::Value;

use super::{CampaignNote, Heard, NewCampaign, TurnOf};
use crate::store::Failure;
use crate::write::{insert_run, to_sql};
use crate::{
    CampaignId, CampaignLock, CampaignLockError, Holder, Journal, JournalError, MachineLock,
    NewRun, RunId,
};

impl Journal {
    /// Records that a campaign begins, and locks it for its driver before anybody else sees it.
    ///
    /// # Errors
    /// The journal cannot be written, or the lock not be made: then there is no campaign.
    pub fn begin_campaign(
        &self,
        new: &NewCampaign,
        holder: &Holder,
    ) -> Result<CampaignLock, CampaignLockError> {
        let mut refused = None;
        let begun = self.write(|transaction| {
            transaction.execute(
                "INSERT INTO campaigns (name, operator, document, head, began_ms, changed_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?5)",
                params![
                    new.name,
                    new.operator,
                    new.document.to_string(),
                    new.head.to_string(),
                    to_sql(new.at)
                ],
            )?;
            let id = CampaignId(transaction.last_insert_rowid());
            store_turns(transaction, id, &new.turns)?;
            CampaignLock::acquire(self, id, holder).map_err(|error| {
                refused = Some(error);
                Failure::from(JournalError::UnknownCampaign(id))
            })
        });
        begun.map_err(|error| refused.unwrap_or(CampaignLockError::Journal(error)))
    }

    /// Records what has changed, together with the words that it answers to and the lines that it
    /// writes on its timeline, *before* anything is done about it.
    ///
    /// # Errors
    /// The campaign has ended, the lock is not its own, or the journal cannot be written: then
    /// nothing may be done.
    pub fn save_campaign(
        &self,
        lock: &CampaignLock,
        head: &Value,
        turns: &[(String, Value)],
        heard: &[Heard],
        notes: &[CampaignNote],
        at: Timestamp,
    ) -> Result<(), JournalError> {
        self.check_campaign_lock(lock)?;
        self.write(|transaction| {
            let id = lock.campaign();
            require_open(transaction, id)?;
            transaction.execute(
                "UPDATE campaigns SET head = ?2, changed_ms = ?3 WHERE id = ?1",
                params![id.0, head.to_string(), to_sql(at)],
            )?;
            store_turns(transaction, id, turns)?;
            for word in heard {
                transaction.execute(
                    "UPDATE campaign_words SET is_heard = 1 WHERE id = ?1 AND campaign = ?2",
                    params![word.id, id.0],
                )?;
            }
            for note in notes {
                insert_note(transaction, id, note.member.as_deref(), &note.text, note.at)?;
            }
            Ok(())
        })
    }

    /// Ends a campaign. What was saved of it stays.
    ///
    /// # Errors
    /// It has ended before, the lock is not its own, or the journal cannot be written.
    pub fn end_campaign(
        &self,
        lock: &CampaignLock,
        summary: &Value,
        at: Timestamp,
    ) -> Result<(), JournalError> {
        self.check_campaign_lock(lock)?;
        self.write(|transaction| {
            require_open(transaction, lock.campaign())?;
            transaction.execute(
                "UPDATE campaigns SET summary = ?2, changed_ms = ?3, ended_ms = ?3 WHERE id = ?1",
                params![lock.campaign().0, summary.to_string(), to_sql(at)],
            )?;
            Ok(())
        })
    }

    /// Records that a run begins as the turn of a member: both or neither.
    ///
    /// # Errors
    /// [`JournalError::AlreadyTried`] names the run that the turn has; a lock is not the right
    /// one, or the journal cannot be written.
    pub fn begin_try(
        &self,
        turn: &TurnOf,
        campaign: &CampaignLock,
        new: &NewRun,
        lock: &MachineLock,
    ) -> Result<RunId, JournalError> {
        self.check_campaign_lock(campaign)?;
        self.check_origin(lock)?;
        if campaign.campaign() != turn.campaign {
            return Err(JournalError::WrongCampaignLock(turn.campaign));
        }
        self.write(|transaction| {
            if let Some(run) = run_of(transaction, turn)? {
                return Err(JournalError::AlreadyTried {
                    campaign: turn.campaign,
                    member: turn.member.clone(),
                    turn: turn.turn,
                    run,
                }
                .into());
            }
            require_open(transaction, turn.campaign)?;
            let run = insert_run(transaction, new, lock)?;
            transaction.execute(
                "INSERT INTO tries (campaign, member, turn, run) VALUES (?1, ?2, ?3, ?4)",
                params![turn.campaign.0, turn.member, turn.turn, run.0],
            )?;
            Ok(run)
        })
    }

    /// Says `word` to a campaign, for its driver to hear; `note` tells its timeline. Words are
    /// heard in the order in which they were said.
    ///
    /// # Errors
    /// There is no such campaign, it has ended, or the journal cannot be written.
    pub fn say_to_campaign(
        &self,
        id: CampaignId,
        word: &str,
        note: &str,
        at: Timestamp,
    ) -> Result<(), JournalError> {
        self.write(|transaction| {
            require_open(transaction, id)?;
            transaction.execute(
                "INSERT INTO campaign_words (campaign, word) VALUES (?1, ?2)",
                params![id.0, word],
            )?;
            insert_note(transaction, id, None, note, at)
        })
    }

    /// Writes a line on a campaign's timeline. It changes nothing, so it takes no lock.
    ///
    /// # Errors
    /// There is no such campaign, or the journal cannot be written.
    pub fn note_campaign(
        &self,
        id: CampaignId,
        member: Option<&str>,
        text: &str,
        at: Timestamp,
    ) -> Result<(), JournalError> {
        self.write(|transaction| {
            has_ended(transaction, id)?;
            insert_note(transaction, id, member, text, at)
        })
    }

    fn check_campaign_lock(&self, lock: &CampaignLock) -> Result<(), JournalError> {
        if lock.state_dir() == self.state_dir() {
            return Ok(());
        }
        Err(JournalError::WrongCampaignLock(lock.campaign()))
    }
}

pub(super) fn run_of(
    transaction: &Transaction<'_>,
    turn: &TurnOf,
) -> rusqlite::Result<Option<RunId>> {
    let sql = "SELECT run FROM tries WHERE campaign = ?1 AND member = ?2 AND turn = ?3";
    let key = params![turn.campaign.0, turn.member, turn.turn];
    let run = transaction.query_row(sql, key, |row| row.get(0).map(RunId));
    run.optional()
}

fn has_ended(transaction: &Transaction<'_>, id: CampaignId) -> Result<bool, Failure> {
    let sql = "SELECT ended_ms IS NOT NULL FROM campaigns WHERE id = ?1";
    let ended = transaction.query_row(sql, [id.0], |row| row.get(0));
    let ended = ended.optional()?;
    ended.ok_or_else(|| JournalError::UnknownCampaign(id).into())
}

fn require_open(transaction: &Transaction<'_>, id: CampaignId) -> Result<(), Failure> {
    match has_ended(transaction, id)? {
        false => Ok(()),
        true => Err(JournalError::CampaignEnded(id).into()),
    }
}

fn store_turns(
    transaction: &Transaction<'_>,
    id: CampaignId,
    turns: &[(String, Value)],
) -> Result<(), Failure> {
    let mut statement = transaction.prepare_cached(
        "INSERT INTO turns (campaign, member, turn) VALUES (?1, ?2, ?3)
         ON CONFLICT (campaign, member) DO UPDATE SET turn = ?3",
    )?;
    for (member, turn) in turns {
        statement.execute(params![id.0, member, turn.to_string()])?;
    }
    Ok(())
}

fn insert_note(
    transaction: &Transaction<'_>,
    id: CampaignId,
    member: Option<&str>,
    text: &str,
    at: Timestamp,
) -> Result<(), Failure> {
    let mut statement = transaction.prepare_cached(
        "INSERT INTO campaign_notes (campaign, member, text, at_ms) VALUES (?1, ?2, ?3, ?4)",
    )?;
    statement.execute(params![id.0, member, text, to_sql(at)])?;
    Ok(())
}
