//! Beginning and following the run of a member's turn.

use std::time::Duration;

use anyhow::{Context, Result};
use journal::{GuestLock, JournalError, LockError, RunId, RunRecord, RunStatus};
use patch::Run;
use plan::campaign::Outcome;
use serde_json::{Value, json};

use super::drive::Driver;
use super::verdict::verdict;
use super::{Manner, OPERATION, State, Turn};
use crate::clock::now;
use crate::edge::no_ssh;
use crate::fleet::{Fleet, Member};
use crate::open_run;
use crate::record::Record;
use crate::show::Progress;

/// How often another hospes' run is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// A run that is about to be driven.
struct Begun {
    record: Record,
    state: State,
    run: Run,
    effect: patch::run::Effect,
}

/// Why none was begun.
enum NotBegun {
    /// The turn has a run already.
    Already,
    With(Outcome),
}

/// Patches a guest as `turn`, in the `manner` that is asked for.
pub(crate) async fn begin(
    fleet: &Fleet,
    member: &Member,
    turn: &Turn<'_>,
    manner: &Manner,
    progress: &Progress,
) -> Outcome {
    match begun(fleet, member, turn, manner) {
        Ok(begun) => {
            let run = begun.record.id;
            let driven = drive(fleet, member, begun, progress).await;
            driven.unwrap_or_else(|error| lost(run, &error))
        }
        Err(NotBegun::With(outcome)) => outcome,
        Err(NotBegun::Already) => {
            let followed = follow(fleet, member, turn, progress).await;
            followed.unwrap_or_else(|| Outcome::Retry("its run was not recorded".to_owned()))
        }
    }
}

/// Takes the run of `turn` up where it is, and drives it to its end; none if it was not begun. A
/// run that has ended tells its outcome again.
pub(crate) async fn follow(
    fleet: &Fleet,
    member: &Member,
    turn: &Turn<'_>,
    progress: &Progress,
) -> Option<Outcome> {
    let run = match fleet.store().journal().run_of_turn(turn.of) {
        Ok(run) => run?,
        Err(error) => return Some(Outcome::Down(error.to_string())),
    };
    let followed = taken_up(fleet, member, run, progress).await;
    Some(followed.unwrap_or_else(|error| lost(run, &error)))
}

fn begun(
    fleet: &Fleet,
    member: &Member,
    turn: &Turn<'_>,
    manner: &Manner,
) -> Result<Begun, NotBegun> {
    let failed = |error: anyhow::Error| NotBegun::With(Outcome::Failed(format!("{error:#}")));
    let guest = member.id();
    if member.settings().ssh.is_none() {
        return Err(NotBegun::With(Outcome::Failed(no_ssh(guest))));
    }
    let lock = fleet
        .lock(guest, "patch")
        .map_err(|error| match is_held(&error) {
            true => NotBegun::With(Outcome::Retry(format!("{error:#}"))),
            false => failed(error),
        })?;
    open_run::settle(fleet.store(), guest, &lock).map_err(failed)?;
    let name = name(fleet).map_err(failed)?;
    let (run, effect) = Run::begin(manner.settings(name), now());
    let state = State {
        patch: run.saved().clone(),
        reboot: None,
        snapshot_expires: manner.snapshot_expires,
    };
    let value = state.value().map_err(failed)?;
    let turn = (turn.of, turn.campaign);
    let recorded = Record::of_turn(fleet.store(), lock, turn, OPERATION, options(turn.0), value);
    let record = recorded.map_err(|error| match error {
        JournalError::AlreadyTried { .. } => NotBegun::Already,
        error => failed(error.into()),
    })?;
    Ok(Begun {
        record,
        state,
        run,
        effect,
    })
}

/// What the run is called in the guest: no other run of any controller is, ever. A journal that was
/// lost, or restored from a backup, counts its runs anew; so time is in it, and whose journal it is.
fn name(fleet: &Fleet) -> Result<patch::RunId> {
    let store = fleet.store().journal().metadata_store_id()?;
    let name = format!("{:011x}-{store:08x}", now().as_millis());
    name.parse().context("a run needs another name")
}

fn options(turn: &journal::TurnOf) -> Value {
    json!({ "campaign": turn.campaign, "turn": turn.turn })
}

/// Drives an open run that nobody else drives any more.
pub(crate) async fn resume(
    fleet: &Fleet,
    member: &Member,
    (record, lock): (RunRecord, GuestLock),
    progress: &Progress,
) -> Result<patch::run::Outcome> {
    let state = State::read(record.state)?;
    let record = Record::resume(fleet.store(), lock, record.summary.id)?;
    let (run, effect) = Run::resume(state.patch.clone(), now());
    Driver::new(fleet, member, &record, &state, progress)
        .drive(run, effect)
        .await
}

async fn drive(
    fleet: &Fleet,
    member: &Member,
    begun: Begun,
    progress: &Progress,
) -> Result<Outcome> {
    let mut driver = Driver::new(fleet, member, &begun.record, &begun.state, progress);
    let outcome = driver.drive(begun.run, begun.effect).await?;
    Ok(verdict(&outcome, begun.record.id))
}

async fn taken_up(
    fleet: &Fleet,
    member: &Member,
    run: RunId,
    progress: &Progress,
) -> Result<Outcome> {
    let guest = member.id();
    loop {
        let lock = match fleet.lock(guest, "patch") {
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
            let outcome = resume(fleet, member, (record, lock), progress).await?;
            return Ok(verdict(&outcome, run));
        }
        progress.waiting(guest, &format!("another hospes goes on with run {run}"));
        tokio::time::sleep(LOOK).await;
    }
}

/// The outcome of a run that has ended.
fn told(record: &RunRecord) -> Outcome {
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

/// The run could not be recorded any further: nobody can tell how the guest is.
fn lost(run: RunId, error: &anyhow::Error) -> Outcome {
    Outcome::Down(format!("{error:#}; to go on: hospes runs resume {run}"))
}

fn is_held(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(LockError::Held { .. }))
}
