//! Driving one node's run: record the intent, perform the effect, record the result, step.

use anyhow::{Context, Result};
use journal::RunStatus;
use patch::node::{ClusterError, Effect, Ending, Event, Outcome, Phase, Run, Stage, Step};

use super::machine::Machine;
use super::state::{Asked, State};
use crate::clock::now;
use crate::fleet::{Fleet, Node};
use crate::patch::guest::log::Log;
use crate::record::Record;
use crate::show::Progress;

/// What came of asking somebody who says nothing.
const NO_ANSWER: &str = "no answer";

/// Drives one recorded run.
pub(super) struct Driver<'a> {
    pub(super) fleet: &'a Fleet,
    pub(super) node: &'a Node,
    pub(super) record: &'a Record,
    pub(super) progress: &'a Progress,
    pub(super) machine: Machine,
    /// The reboot that is a part of the run, as soon as the node may have been asked.
    pub(super) reboot: Option<lifecycle::operation::Saved>,
    /// What was asked of a guest, and is not over.
    pub(super) asked: Option<Asked>,
    log: Log,
}

impl<'a> Driver<'a> {
    pub(super) fn new(
        fleet: &'a Fleet,
        node: &'a Node,
        record: &'a Record,
        state: &State,
        progress: &'a Progress,
    ) -> Self {
        Self {
            fleet,
            node,
            record,
            progress,
            machine: Machine::of(fleet, node),
            reboot: state.reboot.clone(),
            asked: state.guest.clone(),
            log: Log::default(),
        }
    }

    /// Drives `run` from `effect` to its end, for good or for now.
    pub(super) async fn drive(&mut self, mut run: Run, mut effect: Effect) -> Result<Outcome> {
        loop {
            effect = match effect {
                Effect::Finish(outcome) => {
                    self.finish(&outcome, &run)?;
                    return Ok(*outcome);
                }
                Effect::Reboot { old, resumed } => {
                    let event = self.rebooted(&run, &old, resumed).await?;
                    run.step(event, now())
                }
                Effect::StopGuest { vmid, deadline } => {
                    let done = self.stopped(&run, vmid, deadline).await?;
                    run.step(Event::Done(done), now())
                }
                Effect::StartGuest { vmid, .. } => {
                    let done = self.started(&run, vmid).await?;
                    run.step(Event::Done(done), now())
                }
                effect if effect.is_recorded() => self.recorded(&mut run, effect).await?,
                effect => self.looked(&mut run, effect).await?,
            };
        }
    }

    /// What is stored, with `run` where it is.
    pub(super) fn state(&self, run: &Run) -> State {
        State {
            node: run.saved(),
            reboot: self.reboot.clone(),
            guest: self.asked.clone(),
        }
    }

    async fn recorded(&self, run: &mut Run, effect: Effect) -> Result<Effect> {
        let (name, intent) = (step_name(run, &effect), intent(&effect));
        self.progress.doing(&self.node.id(), &intent);
        let step = self
            .record
            .intend(name, &intent, self.state(run).value()?)?;
        let event = self.perform(effect).await;
        let (outcome, detail) = words(&event);
        let next = run.step(event, now());
        self.record
            .result(step, (outcome, &detail), &self.state(run).value()?)?;
        // Told only now: what somebody has read is recorded, whatever happens next.
        self.progress.done(&self.node.id(), outcome, &detail);
        Ok(next)
    }

    /// Performs an effect that only looks or waits; a phase that it led to is remarked.
    async fn looked(&mut self, run: &mut Run, effect: Effect) -> Result<Effect> {
        let before = phase(run);
        let is_pause = matches!(effect, Effect::Sleep(_));
        let event = self.perform(effect).await;
        let (outcome, detail) = words(&event);
        let next = run.step(event, now());
        for line in self.log.take(run.news()) {
            self.progress.heard(&self.node.id(), &line);
        }
        let after = phase(run);
        if after != before {
            self.progress.done(&self.node.id(), "next", &after);
            self.record.note(&after)?;
        } else if outcome == NO_ANSWER {
            let line = format!("{before}: {outcome}: {detail}");
            self.progress.unanswered(&self.node.id(), &line);
        } else if !is_pause {
            self.progress.waiting(&self.node.id(), &before);
        }
        Ok(next)
    }

    async fn perform(&self, effect: Effect) -> Event {
        let cluster = &self.node.cluster;
        match effect {
            Effect::View => Event::Viewed(cluster.view(&self.node.host.name).await.map(Box::new)),
            Effect::Preconditions { guest, target } => {
                Event::Preconditions(cluster.preconditions(&guest, &target).await)
            }
            Effect::Shell(_, script) => Event::Printed(self.machine.shell(&script).await),
            Effect::Noout(noout) => Event::Done(cluster.set_noout(noout).await),
            Effect::Migrate {
                migration,
                deadline,
            } => Event::Done(cluster.migrate(&migration, deadline).await),
            Effect::Sleep(pause) => {
                tokio::time::sleep(pause).await;
                Event::Woke
            }
            Effect::StopGuest { .. }
            | Effect::StartGuest { .. }
            | Effect::Reboot { .. }
            | Effect::Finish(_) => Event::Woke,
        }
    }

    fn finish(&self, outcome: &Outcome, run: &Run) -> Result<()> {
        let text = serde_json::to_string(outcome).context("an outcome is plain data")?;
        let state = self.state(run).value()?;
        self.record.finish(&text, status(&outcome.ending), &state)
    }
}

/// How a run with this end is listed.
const fn status(ending: &Ending) -> RunStatus {
    match ending {
        _ if ending.is_success() => RunStatus::Done,
        _ if ending.is_resumable() => RunStatus::Resumable,
        Ending::Refused { .. } => RunStatus::Refused,
        _ => RunStatus::Failed,
    }
}

fn phase(run: &Run) -> String {
    let phase = run.saved().phase;
    let words = match &phase {
        Phase::Patching(Stage::Gate { .. }) => "a last look before what cannot be undone",
        Phase::Patching(Stage::Returning { .. }) => "waiting for the node to be back",
        phase => phase.name(),
    };
    words.to_owned()
}

/// The name of a recorded step: a move home is another one than the move away.
fn step_name(run: &Run, effect: &Effect) -> &'static str {
    match (effect, run.saved().phase) {
        (Effect::Migrate { .. }, Phase::Restoring { .. }) => "migrate-back",
        (effect, _) => effect.name(),
    }
}

/// What is about to be done.
fn intent(effect: &Effect) -> String {
    match effect {
        Effect::Migrate { migration, .. } => format!(
            "moving {} from {} to {}",
            migration.guest, migration.guest.node, migration.target
        ),
        Effect::Noout(true) => "setting noout".to_owned(),
        Effect::Noout(false) => "taking noout back".to_owned(),
        Effect::Shell(Step::Maintenance(what), _) => {
            format!("maintenance mode: {}", what.verb())
        }
        effect => effect.name().to_owned(),
    }
}

/// What came of it: a word, and why not.
fn words(event: &Event) -> (&'static str, String) {
    let failed = |error: &ClusterError| ("not done", error.to_string());
    match event {
        Event::Viewed(Err(error)) | Event::Preconditions(Err(error)) => {
            (NO_ANSWER, error.to_string())
        }
        Event::Printed(Err(why)) => (NO_ANSWER, why.clone()),
        Event::Done(Err(error)) => failed(error),
        _ => ("done", String::new()),
    }
}
