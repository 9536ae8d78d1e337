//! `runs resume` of a patch run.

use anyhow::{Context, Result};
use journal::{MachineLock, RunRecord};
use patch::run::{Ending, Outcome};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use crate::Exit;
use crate::fleet::{Fleet, Member, Node};
use crate::patch::{guest, node};
use crate::show::{self, Progress, patch_lines};

/// Goes on with an open patch run, to its end or until the operator interrupts it.
pub(in crate::verbs) async fn resume(
    fleet: &Fleet,
    member: &Member,
    (record, lock): (RunRecord, MachineLock),
    progress: Progress,
) -> Result<Exit> {
    let (guest, run) = (member.id(), record.summary.id);
    let mut ctrl_c = signal(SignalKind::interrupt()).context("cannot listen to Ctrl-C")?;
    let outcome = tokio::select! {
        outcome = guest::resume(fleet, member, (record, lock), &progress) => Some(outcome?),
        _ = ctrl_c.recv() => None,
    };
    drop(progress);
    let lines = outcome.as_ref().map_or_else(
        || {
            let stays = "interrupted; what was begun goes on in the guest";
            vec![format!(
                "{guest}: {stays}; go on with: hospes runs resume {run}"
            )]
        },
        |outcome| patch_lines(guest, outcome, run),
    );
    if fleet.json() {
        let one = json!({ "guest": guest, "run": run, "outcome": outcome, "lines": lines });
        fleet.document("patch", json!({ "resumed": true, "guests": [one] }))?;
    } else {
        lines.iter().try_for_each(|line| show::line(line))?;
    }
    Ok(outcome.as_ref().map_or(Exit::Failed, exit))
}

const fn exit(outcome: &Outcome) -> Exit {
    match &outcome.ending {
        ending if ending.is_success() => Exit::Ok,
        ending if ending.is_resumable() => Exit::NotReady,
        Ending::Refused { .. } => Exit::Refused,
        _ => Exit::Failed,
    }
}

/// Goes on with an open run over a node, to its end or until the operator interrupts it.
pub(in crate::verbs) async fn resume_node(
    fleet: &Fleet,
    node: &Node,
    (record, lock): (RunRecord, MachineLock),
    progress: Progress,
) -> Result<Exit> {
    let (id, run) = (node.id(), record.summary.id);
    let mut ctrl_c = signal(SignalKind::interrupt()).context("cannot listen to Ctrl-C")?;
    let outcome = tokio::select! {
        outcome = node::resume(fleet, node, (record, lock), &progress) => Some(outcome?),
        _ = ctrl_c.recv() => None,
    };
    drop(progress);
    let lines = outcome.as_ref().map_or_else(
        || {
            let stays = "interrupted; what was begun goes on in the cluster and on the node";
            vec![format!(
                "{id}: {stays}; go on with: hospes runs resume {run}"
            )]
        },
        |outcome| node::lines(&id, outcome, run),
    );
    if fleet.json() {
        let one = json!({ "node": id, "run": run, "outcome": outcome, "lines": lines });
        fleet.document("patch", json!({ "resumed": true, "nodes": [one] }))?;
    } else {
        lines.iter().try_for_each(|line| show::line(line))?;
    }
    Ok(outcome.as_ref().map_or(Exit::Failed, exit_of_node))
}

const fn exit_of_node(outcome: &patch::node::Outcome) -> Exit {
    match &outcome.ending {
        ending if ending.is_success() => Exit::Ok,
        ending if ending.is_resumable() => Exit::NotReady,
        patch::node::Ending::Refused { .. } => Exit::Refused,
        _ => Exit::Failed,
    }
}
