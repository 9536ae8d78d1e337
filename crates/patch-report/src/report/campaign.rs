//! The campaign as a whole, and what happened to it.

use std::collections::BTreeMap;

use conditions::Timestamp;
use plan::campaign::Phase;
use serde::Serialize;

use crate::input::{Entry, Head, What};
use crate::words;

/// The campaign as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Campaign {
    /// Its name in the journal.
    pub id: String,
    /// What the operator calls it.
    pub name: String,
    /// The seal of its plan document.
    pub seal: String,
    /// Who began it.
    pub operator: String,
    /// How far it is.
    pub progress: Progress,
    /// When it began.
    pub began: Timestamp,
    /// When it ended; none while it goes on.
    pub ended: Option<Timestamp>,
    /// The moment that the report tells of.
    pub as_of: Timestamp,
    /// Why it ended early.
    pub halt: Option<String>,
    /// Why the command after it failed, where it did.
    pub after_campaign: Option<String>,
    /// While it had no controller.
    pub interruptions: Vec<Span>,
    /// While nobody was begun because the operator wanted it so.
    pub pauses: Vec<Span>,
    /// The commands of the operator, in the order in which they began.
    pub hooks: Vec<HookRun>,
    /// What made `apply` refuse, a sentence each.
    pub differences: Vec<String>,
}

/// How far a campaign is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Progress {
    /// It goes on.
    Running,
    /// It goes on, and nobody is begun for now.
    Paused,
    /// It has ended.
    Ended,
}

/// Some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Span {
    /// From then.
    pub from: Timestamp,
    /// Until then; none where it has not ended.
    pub until: Option<Timestamp>,
}

/// One command of the operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct HookRun {
    /// Which, as [`plan::campaign::HookId`] prints it.
    pub hook: String,
    /// When it ran.
    #[serde(flatten)]
    pub span: Span,
    /// Why it failed, where it did.
    pub failure: Option<String>,
}

/// One thing that happened to the campaign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// Who did it.
    pub by: String,
    /// What.
    pub text: String,
}

impl Campaign {
    pub(super) fn of(
        document: &plan::Document,
        saved: &plan::campaign::Head,
        head: Head,
        events: &[Entry],
    ) -> Self {
        let progress = match saved.phase {
            Phase::Ended => Progress::Ended,
            _ if saved.is_paused => Progress::Paused,
            _ => Progress::Running,
        };
        Self {
            id: head.id,
            name: document.name().to_owned(),
            seal: document.seal().to_owned(),
            operator: head.operator,
            progress,
            began: saved.began,
            ended: head.ended,
            as_of: head.as_of,
            halt: saved.halt.as_ref().map(ToString::to_string),
            after_campaign: saved.after_campaign.clone(),
            interruptions: interruptions(events),
            pauses: pauses(events),
            hooks: hooks(events),
            differences: differences(events),
        }
    }

    /// When it ended, or the moment that the report tells of.
    #[must_use]
    pub fn until(&self) -> Timestamp {
        self.ended.unwrap_or(self.as_of)
    }
}

impl Event {
    pub(super) fn of(entry: Entry) -> Self {
        let text = match entry.what {
            What::WaveBegan { group, wave } => format!("wave {wave} of `{group}` began"),
            What::GroupEnded { group } => format!("group `{group}` ended"),
            What::Approved { word } => format!("said the word `{word}`"),
            What::Paused => "paused: nobody is begun for now".to_owned(),
            What::Resumed => "members are begun again".to_owned(),
            What::Aborted { reason } => format!("aborted: {reason}"),
            What::TakenUp { seen } => {
                let gap = words::span(entry.at.since(seen));
                format!("took the campaign up again, {gap} after the controller before died")
            }
            What::Differed { differences } => {
                format!("refused to apply: {}", differences.join("; "))
            }
            What::HookBegan { hook } => format!("the command `{hook}` began"),
            What::HookEnded {
                hook,
                failure: None,
            } => format!("the command `{hook}` ended well"),
            What::HookEnded {
                hook,
                failure: Some(failure),
            } => format!("the command `{hook}` failed: {failure}"),
            What::Told { text } => text,
        };
        Self {
            at: entry.at,
            by: entry.by,
            text,
        }
    }
}

fn interruptions(events: &[Entry]) -> Vec<Span> {
    let taken_up = events.iter().filter_map(|entry| match entry.what {
        What::TakenUp { seen } => Some(Span {
            from: seen,
            until: Some(entry.at),
        }),
        _ => None,
    });
    taken_up.collect()
}

fn pauses(events: &[Entry]) -> Vec<Span> {
    let mut pauses: Vec<Span> = Vec::new();
    for entry in events {
        let open = pauses.last_mut().filter(|pause| pause.until.is_none());
        match (&entry.what, open) {
            (What::Paused, None) => pauses.push(Span {
                from: entry.at,
                until: None,
            }),
            (What::Resumed, Some(pause)) => pause.until = Some(entry.at),
            _ => {}
        }
    }
    pauses
}

/// A command that was begun twice was followed by another controller: it ran once.
fn hooks(events: &[Entry]) -> Vec<HookRun> {
    let mut hooks: Vec<HookRun> = Vec::new();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in events {
        let (What::HookBegan { hook } | What::HookEnded { hook, .. }) = &entry.what else {
            continue;
        };
        let place = *places.entry(hook).or_insert_with(|| {
            hooks.push(HookRun {
                hook: hook.clone(),
                span: Span {
                    from: entry.at,
                    until: None,
                },
                failure: None,
            });
            hooks.len() - 1
        });
        if let (What::HookEnded { failure, .. }, Some(run)) = (&entry.what, hooks.get_mut(place)) {
            run.span.until = Some(entry.at);
            run.failure.clone_from(failure);
        }
    }
    hooks
}

fn differences(events: &[Entry]) -> Vec<String> {
    let differed = events.iter().filter_map(|entry| match &entry.what {
        What::Differed { differences } => Some(differences),
        _ => None,
    });
    differed.flatten().cloned().collect()
}
