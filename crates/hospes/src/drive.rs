//! Driving an operation: record the intent, perform the effect, record the result, step.
//!
//! A controller that dies anywhere in here leaves a journal from which `runs resume` goes on.

use std::os::unix::fs::MetadataExt;
use std::sync::Arc;

use anyhow::{Context, Result};
use conditions::GuestId;
use journal::{GuestLock, IntendedStep, NewRun, RunId, RunStatus};
use lifecycle::gate::Accepted;
use lifecycle::operation::{Effect, Event, Operation, Outcome, Saved, WaitEnd, Word};
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
                outcome.map(|driven| Ended::With(Box::new(driven)))
            }
            _ = ctrl_c.recv() => {
                self.note("interrupted by the operator; nothing more was asked of the guest")?;
                Ok(Ended::Interrupted { announced: self.is_announced() })
            }
        }
    }

    async fn drive_to_end(
        &self,
        world: &World,
        mut operation: Operation,
        mut effect: Effect,
        progress: &Progress,
    ) -> Result<Driven> {
        let saved = operation.saved();
        if saved.waits_until().is_some() {
            progress.doing(&world.guest, &words::waits(&saved, now()));
        }
        loop {
            let before = operation.saved();
            effect = match effect {
                Effect::Finish(outcome) => {
                    self.finish(&outcome, &operation)?;
                    return Ok(Driven {
                        outcome: *outcome,
                        waited: before.wait_end().cloned(),
                    });
                }
                effect if effect.is_recorded() => {
                    self.recorded(world, &mut operation, effect, progress)
                        .await?
                }
                effect => {
                    progress.waiting(&world.guest, &words::waiting(&before, &effect, now()));
                    self.looked(world, &mut operation, effect, progress).await?
                }
            };
            self.remark_wait(world, &before, &operation.saved(), progress)?;
        }
    }

    /// Remarks that the time for graceful scripts begins, and how it ended.
    fn remark_wait(
        &self,
        world: &World,
        before: &Saved,
        after: &Saved,
        progress: &Progress,
    ) -> Result<()> {
        if before.waits_until().is_none() && after.waits_until().is_some() {
            progress.doing(&world.guest, &words::waits(after, now()));
        }
        match after.wait_end() {
            Some(end) if before.wait_end() != Some(end) => {
                let (outcome, detail) = words::wait_end(end);
                progress.done(&world.guest, outcome, &detail);
                self.note(&format!("{outcome}: {detail}"))
            }
            _ => Ok(()),
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
        let mut event = world.perform(effect).await;
        if let Event::Heard(heard) = &mut event {
            heard.word = self.word()?;
            return Ok(operation.step(event, now()));
        }
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
            Outcome::Aborted { .. } => RunStatus::Abandoned,
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

    /// What another hospes says to this run.
    fn word(&self) -> Result<Option<Word>> {
        let said = self.store.journal().said(self.id)?;
        Ok(said.as_deref().and_then(read_word))
    }

    /// Whether the guest is told of a stop, as far as the journal knows.
    fn is_announced(&self) -> bool {
        let record = self.store.journal().run(self.id).ok().flatten();
        let saved = record.and_then(|record| serde_json::from_value::<Saved>(record.state).ok());
        saved.is_some_and(|saved| saved.announced().is_some())
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
