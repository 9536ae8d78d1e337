//! What is stored of a run, by its operation, and what an open one is owed.

use anyhow::{Context, Result, anyhow, bail};
use journal::{MachineLock, RunRecord, RunStatus};
use lifecycle::operation::Saved;

use crate::clock::now;
use crate::patch::guest::{self, State};
use crate::patch::node;
use crate::record::operator;
use crate::store::Store;

/// What is stored of a run.
pub(crate) enum Stored {
    /// One operation.
    Operation(Box<Saved>),
    /// A guest's patch run.
    Patch(Box<State>),
    /// A node's.
    Node(Box<node::State>),
}

impl Stored {
    /// What is stored of `record`.
    pub(crate) fn of(record: &RunRecord) -> Result<Self> {
        let state = record.state.clone();
        if record.summary.operation == guest::OPERATION {
            return Ok(Self::Patch(Box::new(State::read(state)?)));
        }
        if record.summary.operation == node::OPERATION {
            return Ok(Self::Node(Box::new(node::State::read(state)?)));
        }
        let saved = serde_json::from_value(state).context(
            "the run's state cannot be read by this version; look at the guest, then abandon the \
             run",
        )?;
        Ok(Self::Operation(Box::new(saved)))
    }

    /// The guest was asked for something that may still happen.
    pub(crate) fn is_owed(&self) -> bool {
        match self {
            Self::Operation(saved) => saved.is_owed(),
            Self::Patch(state) => state.is_owed(),
            Self::Node(state) => state.is_owed(),
        }
    }

    /// What is owed, in words.
    pub(crate) fn owes(&self) -> &'static str {
        match self {
            Self::Operation(saved) if saved.is_cancellable() && saved.is_owed() => {
                "a stop is announced to the guest, which may run its graceful scripts"
            }
            Self::Operation(saved) if saved.owes_start() => "it owes the guest a start",
            Self::Operation(saved) if saved.is_owed() => {
                "the guest may still act on what it was asked"
            }
            Self::Patch(state) if state.reboot.is_some() => {
                "the guest was asked to reboot, which is not proved; what is left is to look at it"
            }
            Self::Patch(state) if state.is_owed() => {
                "its upgrade may run in the guest, or has ended there and was not looked at"
            }
            Self::Node(state) if state.is_owed() => {
                "the node, or guests of it, are not as they were found, or the node upgrades"
            }
            Self::Operation(_) | Self::Patch(_) | Self::Node(_) => "nothing is owed",
        }
    }

    /// A stop is announced and can be cancelled.
    fn waits(&self) -> bool {
        matches!(self, Self::Operation(saved) if saved.is_cancellable() && saved.is_owed())
    }
}

/// An earlier run on the locked machine that is still owed something comes first; one that is not gives
/// way.
pub(crate) fn settle(store: &Store, lock: &MachineLock) -> Result<()> {
    let (journal, guest) = (store.journal(), lock.machine());
    while let Some(open) = journal.open_run(guest)? {
        let id = open.summary.id;
        let stored = Stored::of(&open)
            .map_err(|error| anyhow!("run {id}: {error:#}; hospes runs abandon {id}"))?;
        let (operation, began) = (&open.summary.operation, open.summary.began);
        if stored.waits() {
            bail!(
                "{guest} has a {operation} that waits for its graceful scripts, run {id}: go on with \
                 it (hospes runs resume {id}) or cancel it (hospes runs abort {id})"
            );
        }
        if stored.is_owed() {
            bail!(
                "{guest} has an unfinished run {id} ({operation} since {began}): go on with it \
                 (hospes runs resume {id}) or give it up (hospes runs abandon {id})"
            );
        }
        let note = format!("given up for a new operation of {}", operator());
        journal.note(id, &note, now())?;
        let outcome = open.summary.outcome.unwrap_or_default();
        journal.finish(id, lock, &outcome, RunStatus::Abandoned, now())?;
    }
    Ok(())
}
