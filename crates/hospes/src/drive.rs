//! Driving an operation: record the intent, perform the effect, record the result, step.
//!
//! A controller that dies anywhere in here leaves a journal from which `runs resume` goes on.

use std::sync::Arc;

use anyhow::{Context, Result};
use journal::{MachineLock, RunId, RunStatus};
use lifecycle::gate::Accepted;
use lifecycle::operation::{Effect, Event, Operation, Outcome, Saved, WaitEnd, Word};
use serde_json::Value;
use tokio::signal::unix::{SignalKind, signal};

use crate::clock::now;
use crate::edge::World;
use crate::record::{Record, operator};
use crate::show::{Progress, words};
use crate::store::Store;

/// A recorded run that is one operation.
pub(crate) struct Run(Record);

/// A machine on which effects are performed.
pub(crate) trait Machine: Sync {
    /// What it is called, for progress.
    fn name(&self) -> String;

    /// Performs one effect and tells what came of it.
    fn perform(&self, effect: Effect) -> impl Future<Output = Event> + Send;
}

impl Machine for World {
    fn name(&self) -> String {
        self.guest.to_string()
    }

    async fn perform(&self, effect: Effect) -> Event {
        self.perform(effect).await
    }
}

/// Drives one operation and records its steps.
pub(crate) struct Driver<'a, M> {
    pub(crate) record: &'a Record,
    pub(crate) world: &'a M,
    pub(crate) progress: &'a Progress,
    /// How the operation's state is stored: by itself, or within the state of the run that it is a
    /// part of.
    pub(crate) stored: &'a (dyn Fn(&Saved) -> Result<Value> + Send + Sync),
}

/// How a driven operation ended.
pub(crate) enum Ended {
    /// It came to an end of its own.
    With(Box<Driven>),
    /// The operator interrupted it; the guest is left as it is.
    Interrupted {
        /// A stop stays announced to the guest.
        announced: bool,
    },
}

/// What came of an operation.
pub(crate) struct Driven {
    pub(crate) outcome: Outcome,
    /// How the time for graceful scripts ended, where there was one.
    pub(crate) waited: Option<WaitEnd>,
}

impl Run {
    /// Records that `operation` begins.
    pub(crate) fn begin(
        store: &Arc<Store>,
        lock: MachineLock,
        name: &str,
        options: Value,
        operation: &Operation,
    ) -> Result<Self> {
        let state = state(&operation.saved())?;
        Ok(Self(Record::begin(store, lock, name, options, state)?))
    }

    /// Takes an open run up again.
    pub(crate) fn resume(store: &Arc<Store>, lock: MachineLock, id: RunId) -> Result<Self> {
        Ok(Self(Record::resume(store, lock, id)?))
    }

    pub(crate) const fn id(&self) -> RunId {
        self.0.id
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
        let driver = Driver {
            record: &self.0,
            world,
            progress,
            stored: &state,
        };
        tokio::select! {
            driven = driver.to_end(operation, effect) => {
                let (driven, operation) = driven?;
                self.finish(&driven.outcome, &operation)?;
                Ok(Ended::With(Box::new(driven)))
            }
            _ = ctrl_c.recv() => {
                self.0.note("interrupted by the operator; nothing more was asked of the guest")?;
                Ok(Ended::Interrupted { announced: self.is_announced() })
            }
        }
    }

    fn finish(&self, outcome: &Outcome, operation: &Operation) -> Result<()> {
        let saved = operation.saved();
        let status = match outcome {
            _ if outcome.is_success() => RunStatus::Done,
            _ if outcome.is_resumable() || saved.is_owed() => RunStatus::Resumable,
            Outcome::Refused { .. } => RunStatus::Refused,
            Outcome::Aborted { .. } => RunStatus::Abandoned,
            _ => RunStatus::Failed,
        };
        let text = serde_json::to_string(outcome).context("an outcome is plain data")?;
        self.0.finish(&text, status, &state(&saved)?)
    }

    /// Records what the operator accepts as unknown for this call.
    pub(crate) fn note_accepted(&self, accepted: &Accepted) -> Result<()> {
        let numbers: Vec<_> = accepted.iter().map(|c| c.number().to_string()).collect();
        if numbers.is_empty() {
            return Ok(());
        }
        self.0.note(&format!(
            "accepted as unknown: conditions {}",
            numbers.join(", ")
        ))
    }

    /// Whether the guest is told of a stop, as far as the journal knows.
    fn is_announced(&self) -> bool {
        let saved = self.0.state().map(serde_json::from_value::<Saved>);
        saved.is_some_and(|saved| saved.is_ok_and(|saved| saved.announced().is_some()))
    }
}

impl<M: Machine> Driver<'_, M> {
    /// Drives `operation` from `effect` to its end.
    pub(crate) async fn to_end(
        &self,
        mut operation: Operation,
        mut effect: Effect,
    ) -> Result<(Driven, Operation)> {
        let guest = &self.world.name();
        let saved = operation.saved();
        if saved.waits_until().is_some() {
            self.progress.doing(guest, &words::waits(&saved, now()));
        }
        loop {
            let before = operation.saved();
            effect = match effect {
                Effect::Finish(outcome) => {
                    let driven = Driven {
                        outcome: *outcome,
                        waited: before.wait_end().cloned(),
                    };
                    return Ok((driven, operation));
                }
                effect if effect.is_recorded() => self.recorded(&mut operation, effect).await?,
                effect => {
                    let waiting = words::waiting(&before, &effect, now());
                    self.progress.waiting(guest, &waiting);
                    self.looked(&mut operation, effect).await?
                }
            };
            self.remark_wait(&before, &operation.saved())?;
        }
    }

    /// Remarks that the time for graceful scripts begins, and how it ended.
    fn remark_wait(&self, before: &Saved, after: &Saved) -> Result<()> {
        let guest = &self.world.name();
        if before.waits_until().is_none() && after.waits_until().is_some() {
            self.progress.doing(guest, &words::waits(after, now()));
        }
        match after.wait_end() {
            Some(end) if before.wait_end() != Some(end) => {
                let (outcome, detail) = words::wait_end(end);
                self.progress.done(guest, outcome, &detail);
                self.record.note(&format!("{outcome}: {detail}"))
            }
            _ => Ok(()),
        }
    }

    /// Performs an effect that only looks or waits. What it saw is remarked when it moved the
    /// operation on; the many looks that did not are not worth a line.
    async fn looked(&self, operation: &mut Operation, effect: Effect) -> Result<Effect> {
        let before = operation.saved();
        let mut event = self.world.perform(effect).await;
        if let Event::Heard(heard) = &mut event {
            heard.word = self.record.said()?.as_deref().and_then(read_word);
            return Ok(operation.step(event, now()));
        }
        let (outcome, detail) = words::result(&event);
        let next = operation.step(event, now());
        if operation.saved() != before {
            self.progress.done(&self.world.name(), &outcome, &detail);
            self.record.note(&format!("{outcome}: {detail}"))?;
        }
        Ok(next)
    }

    async fn recorded(&self, operation: &mut Operation, effect: Effect) -> Result<Effect> {
        let guest = &self.world.name();
        let name = effect.name();
        let intent = words::intent(&effect);
        self.progress.doing(guest, &intent);
        let before = (self.stored)(&operation.saved())?;
        let step = self.record.intend(name, &intent, before)?;
        let event = self.world.perform(effect).await;
        let (outcome, detail) = words::result(&event);
        let next = operation.step(event, now());
        let after = (self.stored)(&operation.saved())?;
        self.record.result(step, (&outcome, &detail), &after)?;
        // Told only now: what somebody has read is recorded, whatever happens next.
        self.progress.done(guest, &outcome, &detail);
        Ok(next)
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

const ABORT: &str = "abort";
const NOW: &str = "now";

/// Says `word` to a run that this or another hospes drives, or will.
pub(crate) fn say(store: &Store, run: RunId, word: Word) -> Result<()> {
    let operator = operator();
    let (text, note) = match word {
        Word::Abort => (ABORT, format!("{operator} cancels the stop")),
        Word::Now => (NOW, format!("{operator} ends the wait")),
    };
    Ok(store.journal().say(run, text, &note, now())?)
}

fn read_word(text: &str) -> Option<Word> {
    match text {
        ABORT => Some(Word::Abort),
        NOW => Some(Word::Now),
        _ => None,
    }
}

/// What a saved operation looks like in the store.
fn state(saved: &Saved) -> Result<Value> {
    serde_json::to_value(saved).context("an operation's state is plain data")
}
