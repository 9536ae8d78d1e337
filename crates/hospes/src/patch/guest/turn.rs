//! Beginning and following the run of a member's turn.

use anyhow::Result;
use journal::{MachineLock, RunRecord};
use patch::Run;
use plan::campaign::Outcome;

use super::drive::Driver;
use super::verdict::verdict;
use super::{Manner, OPERATION, State, Turn};
use crate::clock::now;
use crate::edge::no_ssh;
use crate::fleet::{Fleet, Member};
use crate::patch::turn::{NotBegun, locked, lost, name, recorded, taken_up, told};
use crate::record::Record;
use crate::show::Progress;

/// A run that is about to be driven.
struct Begun {
    record: Record,
    state: State,
    run: Run,
    effect: patch::run::Effect,
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
    let resumed = async |record, lock| {
        let outcome = resume(fleet, member, (record, lock), progress).await?;
        Ok(verdict(&outcome, run))
    };
    let told = |record: &RunRecord| told(record, verdict);
    let followed = taken_up(fleet, &member.id().into(), run, progress, resumed, told).await;
    Some(followed.unwrap_or_else(|error| lost(run, &error)))
}

fn begun(
    fleet: &Fleet,
    member: &Member,
    turn: &Turn<'_>,
    manner: &Manner,
) -> Result<Begun, NotBegun> {
    let guest = member.id();
    if member.settings().ssh.is_none() {
        return Err(NotBegun::With(Outcome::Failed(no_ssh(guest))));
    }
    let lock = locked(fleet, guest, "patch")?;
    let name = name(fleet)?;
    let (run, effect) = Run::begin(manner.settings(name), now());
    let state = State {
        patch: run.saved().clone(),
        reboot: None,
        snapshot_expires: manner.snapshot_expires,
        agent: None,
    };
    let record = recorded(fleet, lock, turn, OPERATION, state.value()?)?;
    Ok(Begun {
        record,
        state,
        run,
        effect,
    })
}

/// Drives an open run that nobody else drives any more.
pub(crate) async fn resume(
    fleet: &Fleet,
    member: &Member,
    (record, lock): (RunRecord, MachineLock),
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
