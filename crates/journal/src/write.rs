//! Recording runs. Each call is one transaction; each change of a run takes its machine's lock.

use conditions::Timestamp;
use rusqlite::{OptionalExtension, Transaction, params};
use serde_json::Value;

use crate::read::identity;
use crate::store::Failure;
use crate::{IntendedStep, Journal, JournalError, MachineLock, NewRun, RunId, RunStatus, StepId};

impl Journal {
    /// Records that a run begins; it is *active*.
    ///
    /// # Errors
    /// The lock is not this machine's, or the journal cannot be written.
    pub fn begin(&self, new: &NewRun, lock: &MachineLock) -> Result<RunId, JournalError> {
        self.check_origin(lock)?;
        self.write(|transaction| insert_run(transaction, new, lock))
    }

    /// Records an effect and the state to resume from, together, *before* the effect.
    ///
    /// # Errors
    /// The run is not *active*, the lock is not its machine's, or the journal cannot be written:
    /// then the effect must not happen.
    pub fn intend(
        &self,
        run: RunId,
        lock: &MachineLock,
        step: &IntendedStep,
        at: Timestamp,
    ) -> Result<StepId, JournalError> {
        self.check_origin(lock)?;
        self.write(|transaction| {
            require_status(transaction, run, lock, "take another step", |status| {
                status == RunStatus::Active
            })?;
            transaction.execute(
                "INSERT INTO steps (run, effect, detail, intended_ms) VALUES (?1, ?2, ?3, ?4)",
                params![run.0, step.effect, step.detail, to_sql(at)],
            )?;
            let id = StepId(transaction.last_insert_rowid());
            store_state(transaction, run, &step.state, at)?;
            Ok(id)
        })
    }

    /// Records what came of a step, and the state after it, together.
    ///
    /// # Errors
    /// The step has a result already, its run is not *active*, or the lock is not its machine's.
    pub fn result(
        &self,
        step: StepId,
        lock: &MachineLock,
        outcome: &str,
        detail: &str,
        state: &Value,
        at: Timestamp,
    ) -> Result<(), JournalError> {
        self.check_origin(lock)?;
        self.write(|transaction| {
            let run = transaction
                .query_row(
                    "SELECT run FROM steps WHERE id = ?1 AND result_ms IS NULL",
                    [step.0],
                    |row| row.get(0).map(RunId),
                )
                .optional()?
                .ok_or(JournalError::NotWaiting(step))?;
            require_status(transaction, run, lock, "take a step's result", |status| {
                status == RunStatus::Active
            })?;
            transaction.execute(
                "UPDATE steps SET outcome = ?2, result_detail = ?3, result_ms = ?4 WHERE id = ?1",
                params![step.0, outcome, detail, to_sql(at)],
            )?;
            store_state(transaction, run, state, at)
        })
    }

    /// Stores the state from which to resume, where no step does: after looks that moved it on.
    ///
    /// # Errors
    /// The run is not *active*, the lock is not its machine's, or the journal cannot be written.
    pub fn save(
        &self,
        run: RunId,
        lock: &MachineLock,
        state: &Value,
        at: Timestamp,
    ) -> Result<(), JournalError> {
        self.check_origin(lock)?;
        self.write(|transaction| {
            require_status(transaction, run, lock, "be saved", |status| {
                status == RunStatus::Active
            })?;
            store_state(transaction, run, state, at)
        })
    }

    /// Remarks something on a run's timeline. It changes nothing, so it takes no lock.
    ///
    /// # Errors
    /// There is no such run, or the journal cannot be written.
    pub fn note(&self, run: RunId, text: &str, at: Timestamp) -> Result<(), JournalError> {
        self.write(|transaction| {
            identity(transaction, run)?;
            insert_note(transaction, run, text, at)
        })
    }

    /// Ends a run with `status`, anything but *active*. One that ended as *resumable* may end
    /// once more (an operator abandons it), also when its stored state is damaged.
    ///
    /// # Errors
    /// The run has ended for good, the lock is not its machine's, or `status` is *active*.
    pub fn finish(
        &self,
        run: RunId,
        lock: &MachineLock,
        outcome: &str,
        status: RunStatus,
        at: Timestamp,
    ) -> Result<(), JournalError> {
        self.check_origin(lock)?;
        if status == RunStatus::Active {
            return Err(JournalError::NotAnEnd(run));
        }
        self.write(|transaction| {
            require_status(transaction, run, lock, "end", RunStatus::is_open)?;
            transaction.execute(
                "UPDATE runs SET status = ?2, outcome = ?3, changed_ms = ?4 WHERE id = ?1",
                params![run.0, status.as_str(), outcome, to_sql(at)],
            )?;
            Ok(())
        })
    }

    /// Takes an open run up again: it is *active*, and its timeline says by whom. The lock proves
    /// that no other controller still works on it. Read it with [`Journal::run`] afterwards.
    ///
    /// # Errors
    /// The run has ended for good, or the lock is not its machine's.
    pub fn resume(
        &self,
        run: RunId,
        lock: &MachineLock,
        operator: &str,
        at: Timestamp,
    ) -> Result<(), JournalError> {
        self.check_origin(lock)?;
        self.write(|transaction| {
            require_status(transaction, run, lock, "be resumed", RunStatus::is_open)?;
            transaction.execute(
                "UPDATE runs SET status = 'active', outcome = NULL, changed_ms = ?2 WHERE id = ?1",
                params![run.0, to_sql(at)],
            )?;
            insert_note(transaction, run, &format!("resumed by {operator}"), at)
        })
    }

    /// A lock file of another state directory excludes nobody here.
    pub(crate) fn check_origin(&self, lock: &MachineLock) -> Result<(), JournalError> {
        if lock.state_dir() == self.state_dir() {
            return Ok(());
        }
        Err(JournalError::ForeignLock(lock.machine().clone()))
    }
}

pub(crate) fn insert_run(
    transaction: &Transaction<'_>,
    new: &NewRun,
    lock: &MachineLock,
) -> Result<RunId, Failure> {
    transaction.execute(
        "INSERT INTO runs
         (operation, guest, operator, options, state, status, began_ms, changed_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, 'active', ?6, ?6)",
        params![
            new.operation,
            new.machine.to_string(),
            new.operator,
            new.options.to_string(),
            new.state.to_string(),
            to_sql(new.at)
        ],
    )?;
    let run = RunId(transaction.last_insert_rowid());
    check_machine(run, &new.machine.to_string(), lock)?;
    Ok(run)
}

/// Refuses unless the lock is the run's machine's and the run's status fits.
fn require_status(
    transaction: &Transaction<'_>,
    run: RunId,
    lock: &MachineLock,
    action: &'static str,
    fits: impl Fn(RunStatus) -> bool,
) -> Result<(), Failure> {
    let stored = identity(transaction, run)?;
    check_machine(run, &stored.guest, lock)?;
    let status = stored.readable_status().map_err(JournalError::from)?;
    if fits(status) {
        return Ok(());
    }
    Err(JournalError::WrongStatus {
        run,
        status,
        action,
    }
    .into())
}

fn check_machine(run: RunId, stored: &str, lock: &MachineLock) -> Result<(), JournalError> {
    if stored == lock.machine().to_string() {
        return Ok(());
    }
    Err(JournalError::WrongLock {
        run,
        stored: stored.to_owned(),
        held: lock.machine().clone(),
    })
}

fn store_state(
    transaction: &Transaction<'_>,
    run: RunId,
    state: &Value,
    at: Timestamp,
) -> Result<(), Failure> {
    transaction.execute(
        "UPDATE runs SET state = ?2, changed_ms = ?3 WHERE id = ?1",
        params![run.0, state.to_string(), to_sql(at)],
    )?;
    Ok(())
}

pub(crate) fn insert_note(
    transaction: &Transaction<'_>,
    run: RunId,
    text: &str,
    at: Timestamp,
) -> Result<(), Failure> {
    transaction.execute(
        "INSERT INTO notes (run, text, at_ms) VALUES (?1, ?2, ?3)",
        params![run.0, text, to_sql(at)],
    )?;
    transaction.execute(
        "UPDATE runs SET changed_ms = ?2 WHERE id = ?1",
        params![run.0, to_sql(at)],
    )?;
    Ok(())
}

/// SQLite's integers are signed.
pub(crate) fn to_sql(at: Timestamp) -> i64 {
    i64::try_from(at.as_millis()).unwrap_or(i64::MAX)
}
