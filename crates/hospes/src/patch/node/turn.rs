//! Beginning and following the run of a node's turn.

use anyhow::Result;
use journal::{MachineLock, RunRecord};
use patch::node::{self, Run};
use plan::NodePatching;
use plan::campaign::Outcome;

use super::drive::Driver;
use super::machine::no_ssh;
use super::verdict::verdict;
use super::{OPERATION, State, manner};
use crate::clock::now;
use crate::fleet::{Fleet, Node};
use crate::patch::guest::{Manner, Turn};
use crate::patch::turn::{NotBegun, locked, lost, name, recorded, taken_up, told};
use crate::record::Record;
use crate::show::Progress;

/// A run that is about to be driven.
struct Begun {
    record: Record,
    state: State,
    run: Run,
    effect: node::Effect,
}

/// Patches a node as `turn`.
pub(crate) async fn begin(
    fleet: &Fleet,
    node: &Node,
    turn: &Turn<'_>,
    (packages, patching): (&Manner, NodePatching),
    progress: &Progress,
) -> Outcome {
    match begun(fleet, node, turn, packages, patching) {
        Ok(begun) => {
            let run = begun.record.id;
            let mut driver = Driver::new(fleet, node, &begun.record, &begun.state, progress);
            let driven = driver.drive(begun.run, begun.effect).await;
            driven.map_or_else(|error| lost(run, &error), |outcome| verdict(&outcome, run))
        }
        Err(NotBegun::With(outcome)) => outcome,
        Err(NotBegun::Already) => {
            let followed = follow(fleet, node, turn, progress).await;
            followed.unwrap_or_else(|| Outcome::Retry("its run was not recorded".to_owned()))
        }
    }
}

/// Takes the run of `turn` up where it is, and drives it to its end; none if it was not begun. A
/// run that has ended tells its outcome again.
pub(crate) async fn follow(
    fleet: &Fleet,
    node: &Node,
    turn: &Turn<'_>,
    progress: &Progress,
) -> Option<Outcome> {
    let run = match fleet.store().journal().run_of_turn(turn.of) {
        Ok(run) => run?,
        Err(error) => return Some(Outcome::Down(error.to_string())),
    };
    let resumed = async |record, lock| {
        let outcome = resume(fleet, node, (record, lock), progress).await?;
        Ok(verdict(&outcome, run))
    };
    let told = |record: &RunRecord| told(record, verdict);
    let followed = taken_up(fleet, &node.id(), run, progress, resumed, told).await;
    Some(followed.unwrap_or_else(|error| lost(run, &error)))
}

/// Drives an open run that nobody else drives any more. What it left behind is told first.
pub(crate) async fn resume(
    fleet: &Fleet,
    node: &Node,
    (record, lock): (RunRecord, MachineLock),
    progress: &Progress,
) -> Result<node::Outcome> {
    let state = State::read(record.state)?;
    let left = state.node.left();
    let record = Record::resume(fleet.store(), lock, record.summary.id)?;
    if !left.is_nothing() {
        progress.say(&format!("{}: was left behind: {left}", node.id()));
        record.note(&format!("was left behind: {left}"))?;
    }
    let (run, effect) = Run::resume(state.node.clone(), now());
    Driver::new(fleet, node, &record, &state, progress)
        .drive(run, effect)
        .await
}

fn begun(
    fleet: &Fleet,
    node: &Node,
    turn: &Turn<'_>,
    packages: &Manner,
    patching: NodePatching,
) -> Result<Begun, NotBegun> {
    if !node.has_ssh() {
        return Err(NotBegun::With(Outcome::Failed(no_ssh(&node.host))));
    }
    let lock = locked(fleet, node.id(), "patch nodes")?;
    let name = name(fleet)?;
    let settings = manner(&node.host.name, name, packages, patching, node.patience());
    let (run, effect) = Run::begin(settings, now());
    let state = State {
        node: run.saved(),
        reboot: None,
        guest: None,
    };
    let record = recorded(fleet, lock, turn, OPERATION, state.value()?)?;
    Ok(Begun {
        record,
        state,
        run,
        effect,
    })
}
