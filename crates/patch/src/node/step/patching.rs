//! The run over the packages, held where it cannot be undone.

use conditions::Timestamp;

use super::super::facts::{HaNode, View, Votes};
use super::super::{Effect, Ending, Event, Moment, Phase, Refusal, Restore, Run, Stage, Step};
use crate::run::{self, Look, RebootReport, Shortcoming};

impl Run {
    pub(super) fn begin_patch(&mut self, now: Timestamp) -> Effect {
        let (packages, effect) = run::Run::begin(self.saved.settings.patch.clone(), now);
        self.saved.phase = Phase::Patching(Stage::Running);
        self.saved.patch = Some(Box::new(packages.saved().clone()));
        self.packages = Some(packages);
        self.relay(effect, now)
    }

    pub(super) fn resume_patch(&mut self, now: Timestamp) -> Effect {
        let Some(saved) = self.saved.patch.clone() else {
            return self.begin_patch(now);
        };
        let (packages, effect) = run::Run::resume(*saved, now);
        self.packages = Some(packages);
        self.relay(effect, now)
    }

    pub(super) fn feed_packages(&mut self, event: Event, now: Timestamp) -> Effect {
        let event = match event {
            Event::Printed(result) => run::Event::Printed(result),
            Event::Rebooted(report) => run::Event::Rebooted(report),
            _ => run::Event::Woke,
        };
        let Some(packages) = &mut self.packages else {
            return self.first(now);
        };
        let effect = packages.step(event, now);
        self.relay(effect, now)
    }

    /// An effect of the run over the packages becomes one of this run, or is held.
    pub(super) fn relay(&mut self, effect: run::Effect, now: Timestamp) -> Effect {
        let is_survey = matches!(self.saved.phase, Phase::Surveying);
        match &effect {
            run::Effect::Shell(Look::Start, _) | run::Effect::Reboot { .. } if is_survey => {
                self.surveyed(None, now)
            }
            run::Effect::Shell(Look::Start, _) | run::Effect::Reboot { .. } => {
                self.held = Some(effect);
                self.go(Phase::Patching(Stage::Gate { since: now }))
            }
            run::Effect::Shell(Look::Check, _) if !is_survey => {
                self.held = Some(effect);
                let until = now + self.saved.settings.limits.back;
                self.go(Phase::Patching(Stage::Returning { until }))
            }
            _ => self.perform(effect, now),
        }
    }

    fn perform(&mut self, effect: run::Effect, now: Timestamp) -> Effect {
        match effect {
            run::Effect::Shell(look, script) => Effect::Shell(Step::Patch(look), script),
            run::Effect::Reboot { old, resumed } => Effect::Reboot { old, resumed },
            run::Effect::Sleep(pause) => Effect::Sleep(pause),
            run::Effect::Finish(outcome) if matches!(self.saved.phase, Phase::Surveying) => {
                self.surveyed(Some(outcome), now)
            }
            run::Effect::Finish(outcome) => self.patched(*outcome, now),
            run::Effect::Snapshot(_) => {
                let none = Err("a node has no snapshot".to_owned());
                let Some(packages) = &mut self.packages else {
                    return self.effect();
                };
                let effect = packages.step(run::Event::Snapshotted(none), now);
                self.relay(effect, now)
            }
        }
    }

    /// What was held is performed.
    pub(super) fn release(&mut self) -> Effect {
        self.saved.phase = Phase::Patching(Stage::Running);
        match self.held.take() {
            Some(run::Effect::Shell(look, script)) => Effect::Shell(Step::Patch(look), script),
            Some(run::Effect::Reboot { old, resumed }) => Effect::Reboot { old, resumed },
            // Nothing else is held.
            _ => self.pause(),
        }
    }

    /// Right before what cannot be undone: is everything as it has to be, still?
    pub(super) fn gate(&mut self, view: &View, since: Timestamp, now: Timestamp) -> Effect {
        let resumed_reboot = matches!(self.held, Some(run::Effect::Reboot { resumed: true, .. }));
        // It is down already: there is nothing left but to wait for it.
        if resumed_reboot && view.nodes.read().is_some() && !view.is_online() {
            return self.release();
        }
        let in_maintenance = self.saved.maintenance;
        let refusals = super::super::refusals(view, Moment::Emptied { in_maintenance });
        if refusals.is_empty() {
            return self.release();
        }
        let limits = &self.saved.settings.limits;
        let passes = |it: &Refusal| now < since + it.patience(limits).max(limits.look);
        if refusals.iter().all(passes) {
            return self.pause();
        }
        let words = super::list(&refusals);
        match self.held.take() {
            Some(run::Effect::Shell(..)) => {
                self.packages = None;
                self.saved.patch = None;
                self.give_way(Ending::Halted { refusals }, now)
            }
            Some(run::Effect::Reboot { resumed: false, .. }) => {
                self.saved.phase = Phase::Patching(Stage::Running);
                let report = RebootReport::NotAsked(words);
                self.feed_packages(Event::Rebooted(report), now)
            }
            _ => {
                let reason = format!(
                    "a reboot may have been asked for and is not asked for again: {words}; \
                     resume the run when that is mended"
                );
                self.leave(Ending::NotBack { reason }, now)
            }
        }
    }

    /// The only node that could tell is the one that reboots.
    pub(super) fn is_standalone_and_rebooting(&self) -> bool {
        let before = self.saved.report.before.as_deref();
        let votes = before.and_then(|view| view.votes.read());
        let resumed_reboot = matches!(self.held, Some(run::Effect::Reboot { resumed: true, .. }));
        resumed_reboot && votes == Some(&Votes::Standalone)
    }

    /// After the upgrade, and its reboot: the node's API, quorum and Ceph.
    pub(super) fn returning(&mut self, view: &View, until: Timestamp, now: Timestamp) -> Effect {
        let missing = missing(view);
        if missing.is_empty() {
            return self.release();
        }
        if now < until {
            return self.pause();
        }
        let reason = format!("{}; mend that, then resume the run", missing.join("; "));
        self.leave(Ending::NotBack { reason }, now)
    }

    fn patched(&mut self, outcome: run::Outcome, now: Timestamp) -> Effect {
        self.saved.report.patch = Some(Box::new(outcome.report));
        let ending = match outcome.ending {
            run::Ending::Patched => Ending::Patched,
            run::Ending::NothingToDo => Ending::NothingToDo,
            run::Ending::Refused { obstacles } => Ending::Halted {
                refusals: obstacles.into_iter().map(Refusal::Packages).collect(),
            },
            run::Ending::NotBegun { reason } => Ending::Halted {
                refusals: vec![Refusal::Preparation { reason }],
            },
            run::Ending::Incomplete { shortcomings } => {
                let grave = shortcomings.iter().find(|it| keeps_out(it));
                if let Some(grave) = grave.map(ToString::to_string) {
                    return self.keep_out(grave, now);
                }
                Ending::Incomplete { shortcomings }
            }
            run::Ending::Interrupted { reason } => return self.keep_out(reason, now),
            run::Ending::Unreachable { during, reason } => {
                return self.leave(Ending::Unreachable { during, reason }, now);
            }
            run::Ending::StillRunning => return self.leave(Ending::StillRunning, now),
            run::Ending::NotBack { reason } => {
                return self.leave(Ending::NotBack { reason }, now);
            }
        };
        self.give_way(ending, now)
    }

    /// The node gets no guests back before somebody has mended it. Ceph goes on with what it has.
    fn keep_out(&mut self, why: String, now: Timestamp) -> Effect {
        let node = self.home();
        let remedy = format!(
            "mend {node} (`dpkg --configure -a`, `systemctl --failed`), then patch it again and \
             let the run take over a node that is in maintenance, or take it out of maintenance \
             and bring the guests back"
        );
        let goal = Ending::LeftInMaintenance { why, remedy };
        self.restore(goal, Restore::Noout, now)
    }
}

/// A node with this is not to be trusted with guests. A reboot that is owed does not count: the
/// node runs on as it did.
const fn keeps_out(shortcoming: &Shortcoming) -> bool {
    match shortcoming {
        Shortcoming::Apt { .. }
        | Shortcoming::Package { .. }
        | Shortcoming::Unit { .. }
        | Shortcoming::Command { .. } => true,
        Shortcoming::NotRebooted { .. } | Shortcoming::StillAsksForReboot { .. } => false,
    }
}

/// What is not back, in words.
fn missing(view: &View) -> Vec<String> {
    let node = &view.node;
    let mut missing = Vec::new();
    if !view.is_online() {
        missing.push(format!("the cluster does not see {node}"));
    }
    if let Err(why) = view.tasks.known() {
        missing.push(format!("the API of {node} does not answer: {why}"));
    }
    if !view.is_quorate() {
        missing.push("the cluster is not quorate, or does not say".to_owned());
    }
    match view.ceph.known() {
        Ok(ceph) => missing.extend(ceph.ailments().iter().map(ToString::to_string)),
        Err(why) => missing.push(format!("Ceph's health cannot be read: {why}")),
    }
    match (view.ha.known(), view.ha_node(node)) {
        (Err(why), _) => missing.push(format!("high availability cannot be read: {why}")),
        (_, None | Some(HaNode::Online | HaNode::Maintenance)) => {}
        (_, Some(state)) => missing.push(format!("high availability has {node} as {state}")),
    }
    missing
}
