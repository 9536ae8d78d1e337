//! What turns of guests and of nodes have in common: their runs in the journal.
//!
//! ```text
//! run of the turn ─► locked? ─┬─ no: another hospes goes on with it, looked at again
//!                             └─ yes ─┬─ ended: its outcome again
//!                                     └─ open: resumed
//! ```

use std::time::Duration;

use anyhow::{Context, Result};
use conditions::MachineId;
use journal::{JournalError, LockError, MachineLock, RunId, RunRecord, RunStatus};
use plan::campaign::Outcome;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::clock::now;
use crate::fleet::Fleet;
use crate::open_run;
use crate::patch::guest::Turn;
use crate::record::Record;
use crate::show::Progress;

/// Why no run was begun.
pub(super) enum NotBegun {
    /// The turn has a run already.
    Already,
    /// The turn has ended so.
    With(Outcome),
}

impl From<anyhow::Error> for NotBegun {
    fn from(error: anyhow::Error) -> Self {
        Self::With(Outcome::Failed(format!("{error:#}")))
    }
}

/// How often another hospes' run is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// What a run is called in the machine: no other run of any controller is, ever. A journal that was
/// lost, or restored from a backup, counts its runs anew; so time is in it, and whose journal it is.
pub(super) fn name(fleet: &Fleet) -> Result<patch::RunId> {
    let store = fleet.store().journal().metadata_store_id()?;
    let name = format!("{:011x}-{store:08x}", now().as_millis());
    name.parse().context("a run needs another name")
}

fn options(turn: &journal::TurnOf) -> Value {
    json!({ "campaign": turn.campaign, "turn": turn.turn })
}

/// The right to work on a machine, of whose earlier runs nothing is open.
pub(super) fn locked(
    fleet: &Fleet,
    machine: impl Into<MachineId>,
    verb: &str,
) -> Result<MachineLock, NotBegun> {
    let lock = fleet
        .lock(machine, verb)
        .map_err(|error| match is_held(&error) {
            true => NotBegun::With(Outcome::Retry(format!("{error:#}"))),
            false => error.into(),
        })?;
    open_run::settle(fleet.store(), &lock)?;
    Ok(lock)
}

/// The run of `turn`, recorded together with it.
pub(super) fn recorded(
    fleet: &Fleet,
    lock: MachineLock,
    turn: &Turn<'_>,
    operation: &'static str,
    state: Value,
) -> Result<Record, NotBegun> {
    let options = options(turn.of);
    let turn = (turn.of, turn.campaign);
    let recorded = Record::of_turn(fleet.store(), lock, turn, operation, options, state);
    recorded.map_err(|error| match error {
        JournalError::AlreadyTried { .. } => NotBegun::Already,
        error => anyhow::Error::from(error).into(),
    })
}

/// Takes `run` up where it is, by `resume`, or tells its end again, by `told`.
pub(super) async fn taken_up(
    fleet: &Fleet,
    machine: &MachineId,
    run: RunId,
    progress: &Progress,
    resume: impl AsyncFnOnce(RunRecord, MachineLock) -> Result<Outcome>,
    told: impl FnOnce(&RunRecord) -> Outcome,
) -> Result<Outcome> {
    loop {
        let lock = match fleet.lock(machine, "patch") {
            Ok(lock) => Some(lock),
            Err(error) if is_held(&error) => None,
            Err(error) => return Err(error),
        };
        // Read with the lock held, where it could be had: then nobody else moves it on.
        let record = fleet.store().journal().run(run)?;
        let record = record.context("it is gone from the journal")?;
        if !record.summary.status.is_open() {
            return Ok(told(&record));
        }
        if let Some(lock) = lock {
            return resume(record, lock).await;
        }
        progress.waiting(machine, &format!("another hospes goes on with run {run}"));
        tokio::time::sleep(LOOK).await;
    }
}

/// The outcome of a run that has ended, as `verdict` judges its end.
pub(super) fn told<O: DeserializeOwned>(
    record: &RunRecord,
    verdict: impl FnOnce(&O, RunId) -> Outcome,
) -> Outcome {
    let run = record.summary.id;
    let outcome = record.summary.outcome.as_deref().unwrap_or_default();
    match serde_json::from_str(outcome) {
        _ if record.summary.status == RunStatus::Abandoned => Outcome::Failed(format!(
            "its run {run} was given up (hospes runs show {run})"
        )),
        Ok(outcome) => verdict(&outcome, run),
        Err(error) => Outcome::Down(format!("the end of run {run} cannot be read: {error}")),
    }
}

/// The run could not be recorded any further: nobody can tell how the machine is.
pub(super) fn lost(run: RunId, error: &anyhow::Error) -> Outcome {
    Outcome::Down(format!("{error:#}; to go on: hospes runs resume {run}"))
}

fn is_held(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(LockError::Held { .. }))
}
