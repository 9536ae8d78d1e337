//! Driving an operation: record the intent, perform the effect, record the result, step.
//!
//! A controller that dies anywhere in here leaves a journal from which `runs resume` goes on.

use std::os::unix::fs::MetadataExt;
use std::sync::Arc;

use anyhow::{Context, Result};
use conditions::GuestId;
use journal::{GuestLock, IntendedStep, NewRun, RunId, RunStatus};
use lifecycle::gate::Accepted;
use lifecycle::operation::{Effect, Event, Operation, Outcome, Saved};
use serde_json::Value;
use tokio::signal::unix::{SignalKind, signal};

use crate::clock::now;
use crate::edge::World;
use crate::show::{Progress, words};
use crate::store::Store;

/// A recorded run, and the right to change its guest.
pub(crate) struct Run {
    pub(crate) id: RunId,
    lock: GuestLock,
    store: Arc<Store>,
}

/// How a driven operation ended.
pub(crate) enum Ended {
    /// It came to an end of its own.
    With(Box<Outcome>),
    /// The operator interrupted it; the guest is left as it is.
    Interrupted,
}

impl Run {
    /// Records that `operation` begins on `guest`.
    pub(crate) fn begin(
        store: &Arc<Store>,
        lock: GuestLock,
        guest: &GuestId,
        name: &str,
        options: Value,
        operation: &Operation,
    ) -> Result<Self> {
        let new = NewRun {
            operation: name.to_owned(),
            guest: guest.clone(),
            operator: operator(),
            options,
            state: state(&operation.saved())?,
            at: now(),
        };
        let id = store.journal().begin(&new, &lock)?;
        Ok(Self {
            id,
            lock,
            store: Arc::clone(store),
        })
    }

    /// Takes an open run up again.
    pub(crate) fn resume(store: &Arc<Store>, lock: GuestLock, id: RunId) -> Result<Self> {
        store.journal().resume(id, &lock, &operator(), now())?;
        Ok(Self {
            id,
            lock,
            store: Arc::clone(store),
        })
    }

    /// Drives `operation` from `effect` to its end.
    pub(crate) async fn drive(
        &self,
        world: &World,
        operation: Operation,
        effect: Effect,
        progress: &Progress,
    ) -> Result<Ended> {
        // Listened to before the first step is shown: whoever sees it may press Ctrl-C.
        let mut ctrl_c = signal(SignalKind::interrupt()).context("cannot listen to Ctrl-C")?;
        tokio::select! {
            outcome = self.drive_to_end(world, operation, effect, progress) => {
                outcome.map(|outcome| Ended::With(Box::new(outcome)))
            }
            _ = ctrl_c.recv() => {
                self.note("interrupted by the operator; nothing more was asked of the guest")?;
                Ok(Ended::Interrupted)
            }
        }
    }

    async fn drive_to_end(
        &self,
        world: &World,
        mut operation: Operation,
        mut effect: Effect,
        progress: &Progress,
    ) -> Result<Outcome> {
        loop {
            effect = match effect {
                Effect::Finish(outcome) => {
                    self.finish(&outcome, &operation)?;
                    return Ok(*outcome);
                }
                effect if effect.is_recorded() => {
                    self.recorded(world, &mut operation, effect, progress)
                        .await?
                }
                effect => {
                    progress.waiting(&world.guest, words::waiting(&operation, &effect));
                    self.looked(world, &mut operation, effect, progress).await?
                }
            };
        }
    }

    /// Performs an effect that only looks or waits. What it saw is remarked when it moved the
    /// operation on; the many looks that did not are not worth a line.
    async fn looked(
        &self,
        world: &World,
        operation: &mut Operation,
        effect: Effect,
        progress: &Progress,
    ) -> Result<Effect> {
        let before = operation.saved();
        let event = world.perform(effect).await;
        let (outcome, detail) = words::result(&event);
        let next = operation.step(event, now());
        if operation.saved() != before {
            progress.done(&world.guest, &outcome, &detail);
            self.note(&format!("{outcome}: {detail}"))?;
        }
        Ok(next)
    }

    async fn recorded(
        &self,
        world: &World,
        operation: &mut Operation,
        effect: Effect,
        progress: &Progress,
    ) -> Result<Effect> {
        let name = effect.name();
        let intent = words::intent(&effect);
        progress.doing(&world.guest, &intent);
        let step = IntendedStep {
            effect: name.to_owned(),
            detail: intent,
            state: state(&operation.saved())?,
        };
        let step = self
            .store
            .journal()
            .intend(self.id, &self.lock, &step, now())?;
        let event = world.perform(effect).await;
        let (outcome, detail) = words::result(&event);
        let next = operation.step(event, now());
        let saved = state(&operation.saved())?;
        self.store
            .journal()
            .result(step, &self.lock, &outcome, &detail, &saved, now())?;
        // Told only now: what somebody has read is recorded, whatever happens next.
        progress.done(&world.guest, &outcome, &detail);
        Ok(next)
    }

    fn finish(&self, outcome: &Outcome, operation: &Operation) -> Result<()> {
        let status = match outcome {
            _ if outcome.is_success() => RunStatus::Done,
            _ if outcome.is_resumable() || operation.saved().is_owed() => RunStatus::Resumable,
            Outcome::Refused { .. } => RunStatus::Refused,
            _ => RunStatus::Failed,
        };
        let text = serde_json::to_string(outcome).context("an outcome is plain data")?;
        Ok(self
            .store
            .journal()
            .finish(self.id, &self.lock, &text, status, now())?)
    }

    /// Records what the operator accepts as unknown for this call.
    pub(crate) fn note_accepted(&self, accepted: &Accepted) -> Result<()> {
        let numbers: Vec<_> = accepted.iter().map(|c| c.number().to_string()).collect();
        if numbers.is_empty() {
            return Ok(());
        }
        self.note(&format!(
            "accepted as unknown: conditions {}",
            numbers.join(", ")
        ))
    }

    fn note(&self, text: &str) -> Result<()> {
        Ok(self.store.journal().note(self.id, text, now())?)
    }
}

/// Drives an operation that changes nothing: there is nothing to record.
pub(crate) async fn drive_unrecorded(
    world: &World,
    mut operation: Operation,
    mut effect: Effect,
) -> Outcome {
    loop {
        if let Effect::Finish(outcome) = effect {
            return *outcome;
        }
        let event: Event = world.perform(effect).await;
        effect = operation.step(event, now());
    }
}

/// What a saved operation looks like in the store.
fn state(saved: &Saved) -> Result<Value> {
    serde_json::to_value(saved).context("an operation's state is plain data")
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
