//! One try to patch somebody.
//!
//! ```text
//! began ── preflight ──┬─ refresh ─┬─ (looks) ─┬─ upgrade ───────┬─ reboot ─┬─ post-check ─┬── ended
//!                  intended     result      intended      next intended  result         result
//! ```
//!
//! A phase is a recorded step. Only the start of an upgrade is recorded: the phase lasts until the
//! next step, or the end.

use std::time::Duration;

use conditions::{BootId, Timestamp};
use patch::postcheck::CommandResult;
use patch::preview::Withheld;
use patch::reboot::{Decision, NotRebootedReason};
use patch::result::{Change, Conffile, Failure};
use serde::{Serialize, Serializer};

use super::complaint::{self, Complaint};
use super::node;
use crate::input::{Step, Try, TryOutcome};

/// One try to patch somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Attempt {
    /// The number of the turn in the campaign.
    pub turn: u32,
    /// The run's name in the journal.
    pub run: String,
    /// When it began.
    pub began: Timestamp,
    /// When it ended; none while it goes on.
    pub ended: Option<Timestamp>,
    /// What it did when.
    pub phases: Vec<Phase>,
    /// What was seen of the agent, for people. It decides nothing.
    pub agent: Option<String>,
    /// What came of it.
    pub found: Option<Found>,
}

/// A phase of a try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Phase {
    /// Its name in the journal.
    pub name: String,
    /// When it began.
    pub from: Timestamp,
    /// When it ended; none where that is not known.
    pub until: Option<Timestamp>,
    /// What came of it, in short.
    pub result: Option<String>,
}

/// What came of a try.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Found {
    /// How it ended, in a word: `patched`, `incomplete`.
    pub ending: &'static str,
    /// What is not as it should be.
    pub complaints: Vec<Complaint>,
    /// The proof of a reboot.
    pub reboot: Option<Reboot>,
    /// What asks for a reboot that is not done.
    pub reboot_owed: Option<ReasonsToReboot>,
    /// The packages that are not as they were.
    pub packages: Vec<Change>,
    /// The packages that are neither installed nor gone, with dpkg's words.
    pub failures: Vec<Failure>,
    /// The packages that have a newer version and stay, and why.
    pub withheld: Vec<Withheld>,
    /// Packages that apt would still upgrade.
    pub left: Vec<String>,
    /// Configuration files that the owner changed and keeps.
    pub conffiles: Vec<Conffile>,
    /// Units that failed only since.
    pub failed_units: Vec<String>,
    /// The commands of the user.
    pub commands: Vec<CommandResult>,
    /// The snapshot that was taken before.
    pub snapshot: Option<String>,
    /// What could not be read.
    pub gaps: Vec<String>,
}

/// The proof of a reboot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Reboot {
    /// The boot that was asked to end.
    pub old: BootId,
    /// The boot that answered.
    pub new: BootId,
    /// From asking to that answer, in milliseconds.
    #[serde(rename = "took-ms", serialize_with = "millis")]
    pub took: Duration,
}

/// What asks for a reboot that is not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ReasonsToReboot {
    /// What asks for it.
    pub reasons: Vec<String>,
    /// Why it is not done.
    pub why_not: NotRebootedReason,
}

/// A duration in milliseconds.
pub(super) fn millis<S: Serializer>(span: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u64(u64::try_from(span.as_millis()).unwrap_or(u64::MAX))
}

impl Attempt {
    pub(super) fn of(tried: Try) -> Self {
        let phases = phases(&tried);
        let found = tried.outcome.map(|outcome| match outcome {
            TryOutcome::Guest(outcome) => Found::of_guest(*outcome),
            TryOutcome::Node(outcome) => Found::of_node(*outcome),
        });
        Self {
            turn: tried.turn,
            run: tried.run,
            began: tried.began,
            ended: tried.ended,
            phases,
            agent: tried.agent,
            found,
        }
    }
}

impl Found {
    fn of_guest(outcome: patch::run::Outcome) -> Self {
        let complaints = complaint::of(&outcome);
        Self::of_packages(outcome.report).ended(complaint::word(&outcome.ending), complaints)
    }

    /// A node may have been refused before its packages were looked at.
    fn of_node(outcome: patch::node::Outcome) -> Self {
        let complaints = node::complaints(&outcome);
        let packages = outcome
            .report
            .patch
            .map(|report| Self::of_packages(*report));
        packages
            .unwrap_or_default()
            .ended(node::word(&outcome.ending), complaints)
    }

    fn ended(self, ending: &'static str, complaints: Vec<Complaint>) -> Self {
        Self {
            ending,
            complaints,
            ..self
        }
    }

    fn of_packages(report: patch::run::Report) -> Self {
        let before = report.preflight.and_then(|facts| facts.failed_units);
        let postcheck = report.postcheck.unwrap_or_default();
        let failed_units = postcheck.newly_failed(before.as_ref());
        let failed_units = failed_units.map(str::to_owned).collect();
        let expected = report.preview.map(|preview| preview.withheld);
        let upgraded = report.upgraded.unwrap_or_else(|| patch::Upgraded {
            withheld: expected.unwrap_or_default(),
            ..patch::Upgraded::default()
        });
        Self {
            reboot: report.reboot.map(|proof| Reboot {
                old: proof.old,
                new: proof.new,
                took: proof.took,
            }),
            reboot_owed: report.decision.and_then(owed),
            packages: upgraded.changes,
            failures: upgraded.failures,
            withheld: upgraded.withheld,
            left: upgraded.left,
            conffiles: upgraded.conffiles,
            failed_units,
            commands: postcheck.commands,
            snapshot: report.snapshot,
            gaps: upgraded.gaps,
            ..Self::default()
        }
    }
}

fn owed(decision: Decision) -> Option<ReasonsToReboot> {
    let Decision::Owed { reasons, why } = decision else {
        return None;
    };
    Some(ReasonsToReboot {
        reasons: reasons.iter().map(ToString::to_string).collect(),
        why_not: why,
    })
}

fn phases(tried: &Try) -> Vec<Phase> {
    let first = tried.steps.first().map(|step| step.intended);
    let preflight = Phase {
        name: "preflight".to_owned(),
        from: tried.began,
        until: first.or(tried.ended),
        result: None,
    };
    let next = tried.steps.iter().skip(1).map(|step| Some(step.intended));
    let next = next.chain([tried.ended]);
    let steps = tried.steps.iter().zip(next);
    let looks_itself = tried
        .steps
        .first()
        .is_some_and(|step| step.name == preflight.name);
    let preflight = (!looks_itself).then_some(preflight);
    preflight
        .into_iter()
        .chain(steps.map(|(step, next)| phase(step, next)))
        .collect()
}

fn phase(step: &Step, next: Option<Timestamp>) -> Phase {
    let result = step.result.as_ref();
    let until = match result {
        Some((_, at)) if step.name != "upgrade" => Some(*at),
        _ => next,
    };
    Phase {
        name: step.name.clone(),
        from: step.intended,
        until: until.map(|until| until.max(step.intended)),
        result: result.map(|(text, _)| text.clone()),
    }
}
