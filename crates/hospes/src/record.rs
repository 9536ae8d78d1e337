//! One run in the journal, and the right to change its machine.
//!
//! ```text
//! begin | of_turn | resume ─► intend ─► (effect) ─► result ─► ... ─► finish
//!                               state to resume from, each time
//! ```

use std::os::unix::fs::MetadataExt;
use std::sync::Arc;

use anyhow::Result;
use conditions::MachineId;
use journal::{
    CampaignLock, IntendedStep, JournalError, MachineLock, NewRun, RunId, RunStatus, StepId, TurnOf,
};
use serde_json::Value;

use crate::clock::now;
use crate::store::Store;

/// A recorded run.
pub(crate) struct Record {
    pub(crate) id: RunId,
    lock: MachineLock,
    store: Arc<Store>,
}

impl Record {
    /// Records that a run of `operation` begins.
    pub(crate) fn begin(
        store: &Arc<Store>,
        lock: MachineLock,
        operation: &str,
        options: Value,
        state: Value,
    ) -> Result<Self> {
        let new = new_run(lock.machine(), operation, options, state);
        let id = store.journal().begin(&new, &lock)?;
        Ok(Self::new(store, lock, id))
    }

    /// Records that a run of `operation` begins as the turn of a member of a campaign.
    pub(crate) fn of_turn(
        store: &Arc<Store>,
        lock: MachineLock,
        (turn, campaign): (&TurnOf, &CampaignLock),
        operation: &str,
        options: Value,
        state: Value,
    ) -> Result<Self, JournalError> {
        let new = new_run(lock.machine(), operation, options, state);
        let id = store.journal().begin_try(turn, campaign, &new, &lock)?;
        Ok(Self::new(store, lock, id))
    }

    /// Takes an open run up again.
    pub(crate) fn resume(store: &Arc<Store>, lock: MachineLock, id: RunId) -> Result<Self> {
        store.journal().resume(id, &lock, &operator(), now())?;
        Ok(Self::new(store, lock, id))
    }

    fn new(store: &Arc<Store>, lock: MachineLock, id: RunId) -> Self {
        let store = Arc::clone(store);
        Self { id, lock, store }
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Records an effect before it is performed, with the state to resume from if nobody lives to
    /// record its result.
    pub(crate) fn intend(&self, effect: &str, detail: &str, state: Value) -> Result<StepId> {
        let step = IntendedStep {
            effect: effect.to_owned(),
            detail: detail.to_owned(),
            state,
        };
        let journal = self.store.journal();
        Ok(journal.intend(self.id, &self.lock, &step, now())?)
    }

    /// Records what came of an effect, and the state after it.
    pub(crate) fn result(
        &self,
        step: StepId,
        (outcome, detail): (&str, &str),
        state: &Value,
    ) -> Result<()> {
        let journal = self.store.journal();
        Ok(journal.result(step, &self.lock, outcome, detail, state, now())?)
    }

    /// Records how the run ended, and the state from which it is resumed, if it can be.
    pub(crate) fn finish(&self, outcome: &str, status: RunStatus, state: &Value) -> Result<()> {
        let (journal, at) = (self.store.journal(), now());
        // First the state: a controller that dies in between leaves an active run that resumes
        // from its end.
        journal.save(self.id, &self.lock, state, at)?;
        Ok(journal.finish(self.id, &self.lock, outcome, status, at)?)
    }

    /// Remarks something on the timeline.
    pub(crate) fn note(&self, text: &str) -> Result<()> {
        Ok(self.store.journal().note(self.id, text, now())?)
    }

    /// The last state that was stored.
    pub(crate) fn state(&self) -> Option<Value> {
        let record = self.store.journal().run(self.id).ok().flatten();
        record.map(|record| record.state)
    }

    /// What another hospes said to this run last.
    pub(crate) fn said(&self) -> Result<Option<String>> {
        Ok(self.store.journal().said(self.id)?)
    }
}

fn new_run(machine: &MachineId, operation: &str, options: Value, state: Value) -> NewRun {
    NewRun {
        operation: operation.to_owned(),
        machine: machine.clone(),
        operator: operator(),
        options,
        state,
        at: now(),
    }
}

/// Who operates: the login name, behind sudo too, else the user's number.
pub(crate) fn operator() -> String {
    let named = ["SUDO_USER", "USER", "LOGNAME"]
        .into_iter()
        .find_map(|key| std::env::var(key).ok());
    named.unwrap_or_else(|| {
        let owner = std::fs::metadata("/proc/self").map(|process| process.uid());
        owner.map_or_else(|_| "unknown".to_owned(), |uid| format!("user {uid}"))
    })
}
