//! Driving one guest's run: record the intent, perform the effect, record the result, step.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use journal::{RunStatus, StepId};
use lifecycle::operation::Limits;
use lifecycle::ports::{GuestShell, Privilege, ShellError, Snapshots};
use patch::run::{Effect, Ending, Event, Look, Outcome};
use patch::{OUTPUT_LIMIT, Run, Script};

use super::State;
use super::log::Log;
use super::words;
use crate::clock::now;
use crate::edge::{World, no_ssh};
use crate::fleet::{Fleet, Member};
use crate::record::Record;
use crate::show::Progress;

/// How long the agent is asked how it is, when all is done. Nothing depends on it.
const AGENT: Duration = Duration::from_secs(10);

/// Drives one recorded run.
pub(super) struct Driver<'a> {
    pub(super) record: &'a Record,
    pub(super) progress: &'a Progress,
    pub(super) world: World,
    pub(super) limits: Limits,
    pub(super) snapshots: Option<Arc<dyn Snapshots>>,
    pub(super) snapshot_expires: Option<Duration>,
    /// The reboot that is a part of the run, as soon as the guest may have been asked.
    pub(super) reboot: Option<lifecycle::operation::Saved>,
    log: Log,
    /// Who uses apt, while that is waited for.
    busy: Option<String>,
    /// What is tried again.
    tried: Option<Tried>,
    /// What was seen of the agent.
    agent: Option<String>,
}

/// A recorded effect that has no result yet: one step, however often it is tried.
struct Tried {
    name: &'static str,
    step: StepId,
    times: u32,
}

impl<'a> Driver<'a> {
    pub(super) fn new(
        fleet: &Fleet,
        member: &Member,
        record: &'a Record,
        state: &State,
        progress: &'a Progress,
    ) -> Self {
        Self {
            record,
            progress,
            world: fleet.world(member),
            limits: member.limits(),
            snapshots: member.snapshots().cloned(),
            snapshot_expires: state.snapshot_expires,
            reboot: state.reboot.clone(),
            log: Log::default(),
            busy: None,
            tried: None,
            agent: state.agent.clone(),
        }
    }

    /// Drives `run` from `effect` to its end, for good or for now.
    pub(super) async fn drive(&mut self, mut run: Run, mut effect: Effect) -> Result<Outcome> {
        loop {
            effect = match effect {
                Effect::Finish(outcome) => {
                    self.tell_agent(&outcome).await?;
                    self.finish(&outcome, &run)?;
                    return Ok(*outcome);
                }
                Effect::Reboot { old, resumed } => self.rebooted(&mut run, &old, resumed).await?,
                effect if effect.is_recorded() => self.recorded(&mut run, effect).await?,
                effect => self.looked(&mut run, effect).await?,
            };
        }
    }

    /// What is stored, with `run` where it is.
    pub(super) fn state(&self, run: &Run) -> State {
        State {
            patch: run.saved().clone(),
            reboot: self.reboot.clone(),
            snapshot_expires: self.snapshot_expires,
            agent: self.agent.clone(),
        }
    }

    async fn recorded(&mut self, run: &mut Run, effect: Effect) -> Result<Effect> {
        let mut tried = self.intended(run, &effect)?;
        let event = self.perform(effect).await?;
        let (next, seen) = self.step(run, event);
        tried.times += 1;
        let (outcome, detail) = words::result(tried.name, &seen, run.saved());
        // After a pause the same is tried again.
        if matches!(next, Effect::Sleep(_)) {
            let why = words::line(&outcome, &detail);
            self.progress.unanswered(&self.world.guest, &why);
            self.tried = Some(tried);
            return Ok(next);
        }
        let detail = words::counted(detail, tried.times);
        let state = self.state(run).value()?;
        self.record
            .result(tried.step, (&outcome, &detail), &state)?;
        // Told only now: what somebody has read is recorded, whatever happens next.
        self.progress.done(&self.world.guest, &outcome, &detail);
        Ok(next)
    }

    /// The step of an effect: recorded now, unless it is tried again.
    fn intended(&mut self, run: &Run, effect: &Effect) -> Result<Tried> {
        let name = effect.name();
        if let Some(tried) = self.tried.take_if(|tried| tried.name == name) {
            return Ok(tried);
        }
        let intent = words::intent(effect, run.saved());
        self.progress.doing(&self.world.guest, &intent);
        let state = self.state(run).value()?;
        let step = self.record.intend(name, &intent, state)?;
        Ok(Tried {
            name,
            step,
            times: 0,
        })
    }

    /// Performs an effect that only looks or waits. What it saw is remarked when it moved the run
    /// on; the many looks that did not are not worth a line.
    async fn looked(&mut self, run: &mut Run, effect: Effect) -> Result<Effect> {
        let name = effect.name();
        let before = std::mem::discriminant(&run.saved().phase);
        let event = self.perform(effect).await?;
        let (next, seen) = self.step(run, event);
        let lines = self.log.take(run.news());
        for line in &lines {
            self.progress.heard(&self.world.guest, line);
        }
        if std::mem::discriminant(&run.saved().phase) != before {
            let (outcome, detail) = words::result(name, &seen, run.saved());
            self.progress.done(&self.world.guest, &outcome, &detail);
            self.record.note(&words::line(&outcome, &detail))?;
        } else if let Some(why) = seen.failure() {
            self.progress.unanswered(&self.world.guest, why);
        }
        self.remark_busy(run)?;
        Ok(next)
    }

    /// Remarks that somebody else uses apt, when that changes.
    fn remark_busy(&mut self, run: &Run) -> Result<()> {
        let busy = words::busy(run.saved());
        if busy != self.busy {
            if let Some(who) = &busy {
                self.progress.doing(&self.world.guest, who);
                self.record.note(who)?;
            }
            self.busy = busy;
        }
        Ok(())
    }

    /// Lets the run take in what came of an effect.
    pub(super) fn step(&self, run: &mut Run, event: Event) -> (Effect, words::Seen) {
        let seen = words::Seen::of(&event);
        let before = run.saved().clone();
        let next = run.step(event, now());
        (next, seen.unread_if_unmoved(&before, run.saved()))
    }

    async fn perform(&self, effect: Effect) -> Result<Event> {
        Ok(match effect {
            Effect::Shell(look, script) => Event::Printed(self.shell(look, &script).await),
            Effect::Snapshot(name) => Event::Snapshotted(self.snapshot(&name).await?),
            Effect::Sleep(pause) => {
                tokio::time::sleep(pause).await;
                Event::Woke
            }
            Effect::Reboot { .. } | Effect::Finish(_) => Event::Woke,
        })
    }

    async fn shell(&self, look: Look, script: &Script) -> Result<Vec<u8>, String> {
        let Some(ssh) = &self.world.ssh else {
            return Err(no_ssh(&self.world.guest));
        };
        let run = async |privilege| {
            ssh.run(&script.text, privilege, OUTPUT_LIMIT, script.deadline)
                .await
        };
        let printed = match run(Privilege::Root).await {
            // The preflight itself says that it was not root, and what to do.
            Err(ShellError::SudoDenied(_)) if look == Look::Preflight => {
                run(Privilege::Login).await
            }
            printed => printed,
        };
        match printed {
            Ok(output) if output.truncated => Err("it printed more than is read".to_owned()),
            Ok(output) if output.status != 0 => {
                let said = words::clipped(&String::from_utf8_lossy(&output.stderr));
                Err(format!("the shell ended with {}: {said}", output.status))
            }
            Ok(output) => Ok(output.stdout),
            Err(error) => {
                self.world.disconnect().await;
                Err(error.to_string())
            }
        }
    }

    /// One line about the agent, beside the rest: it decides nothing.
    async fn tell_agent(&mut self, outcome: &Outcome) -> Result<()> {
        if !outcome.report.ran || outcome.ending.is_resumable() {
            return Ok(());
        }
        let asked = async { Some(self.world.slot.agent().await.ok()?.report().await) };
        let asked = tokio::time::timeout(AGENT, asked).await;
        self.world.slot.release().await;
        let report = asked.ok().flatten();
        self.agent = Some(words::agent(report.as_ref()));
        let line = words::agent_line(&self.world.guest, report.as_ref());
        self.progress.done(&self.world.guest, &line, "");
        self.record.note(&line)
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
