//! What became of one guest, and of many.

use conditions::GuestId;
use journal::RunId;
use lifecycle::operation::{Outcome, WaitEnd};
use serde::Serialize;
use serde_json::{Value, json};

use super::walk::Verdict;
use crate::Exit;
use crate::drive::{Driven, Ended};
use crate::fleet::Member;
use crate::show::outcome_lines;

/// One guest's part of the answer.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    guest: GuestId,
    run: Option<RunId>,
    outcome: Option<Outcome>,
    /// How the time for its graceful scripts ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    graceful: Option<WaitEnd>,
    /// Why there is no outcome: interrupted, or not begun.
    reason: Option<String>,
    #[serde(skip)]
    exit: Exit,
    /// The operator wants no more.
    #[serde(skip)]
    interrupted: bool,
}

impl Report {
    pub(super) fn of(guest: &GuestId, run: RunId, ended: Ended) -> Self {
        let guest = guest.clone();
        match ended {
            Ended::With(driven) => {
                let Driven { outcome, waited } = *driven;
                Self {
                    guest,
                    run: Some(run),
                    exit: Exit::of(&outcome),
                    outcome: Some(outcome),
                    graceful: waited,
                    reason: None,
                    interrupted: false,
                }
            }
            Ended::Interrupted { announced } => {
                let stays = match announced {
                    true => format!(
                        "the stop stays announced to it; cancel it with: hospes runs abort {run}; "
                    ),
                    false => String::new(),
                };
                let reason = format!(
                    "interrupted; nothing more is asked of the guest; {stays}go on with: hospes \
                     runs resume {run}"
                );
                Self {
                    guest,
                    run: Some(run),
                    outcome: None,
                    graceful: None,
                    reason: Some(reason),
                    exit: Exit::Failed,
                    interrupted: true,
                }
            }
        }
    }

    /// Of a run that another hospes drove.
    pub(super) fn of_other(guest: &GuestId, run: RunId, outcome: Option<Outcome>) -> Self {
        let exit = outcome.as_ref().map_or(Exit::Failed, Exit::of);
        let reason = outcome
            .is_none()
            .then(|| format!("run {run} has ended; hospes runs show {run} tells how"));
        Self {
            guest: guest.clone(),
            run: Some(run),
            outcome,
            graceful: None,
            reason,
            exit,
            interrupted: false,
        }
    }

    /// What people are told, with what to do next.
    pub(super) fn lines(&self) -> Vec<String> {
        match (&self.outcome, &self.reason) {
            (Some(outcome), _) => outcome_lines(&self.guest, outcome, self.run),
            (None, Some(reason)) => vec![format!("{}: {reason}", self.guest)],
            (None, None) => Vec::new(),
        }
    }

    /// What programs are told: the same words too.
    pub(super) fn document(&self) -> Value {
        let mut document = json!(self);
        document["lines"] = json!(self.lines());
        document
    }

    pub(super) const fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_ref()
    }

    pub(super) fn not_begun(member: &Member, error: &anyhow::Error) -> Self {
        let guest = member.id().clone();
        let exit = Exit::Refused;
        Self {
            guest,
            run: None,
            outcome: None,
            graceful: None,
            reason: Some(format!("{error:#}")),
            exit,
            interrupted: false,
        }
    }

    pub(super) fn verdict(&self) -> Verdict {
        match self.exit {
            _ if self.interrupted => Verdict::Interrupted,
            Exit::Ok => Verdict::Succeeded,
            _ => Verdict::Failed,
        }
    }

    pub(super) const fn exit(&self) -> Exit {
        self.exit
    }
}

/// How many guests came to what.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    guests: usize,
    succeeded: usize,
    failed: usize,
    refused: usize,
    not_ready: usize,
    not_touched: usize,
}

impl Summary {
    pub(super) fn of(reports: &[Report], not_touched: usize) -> Self {
        let count = |wanted| {
            reports
                .iter()
                .filter(|report| report.exit == wanted)
                .count()
        };
        Self {
            guests: reports.len() + not_touched,
            succeeded: count(Exit::Ok),
            failed: count(Exit::Failed) + count(Exit::Usage),
            refused: count(Exit::Refused),
            not_ready: count(Exit::NotReady),
            not_touched,
        }
    }

    pub(super) fn line(&self) -> String {
        let parts = [
            (self.succeeded, "succeeded"),
            (self.failed, "failed"),
            (self.refused, "refused"),
            (self.not_ready, "not ready"),
            (self.not_touched, "not touched"),
        ];
        let parts = parts.iter().filter(|(count, _)| *count > 0);
        let parts: Vec<_> = parts
            .map(|(count, word)| format!("{count} {word}"))
            .collect();
        format!("{} guests: {}", self.guests, parts.join(", "))
    }
}
