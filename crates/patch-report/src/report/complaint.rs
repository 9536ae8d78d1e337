//! How a try ended, and what a person does about it.

use patch::run::{Ending, Outcome, Shortcoming};
use serde::Serialize;

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Complaint {
    /// What.
    pub what: String,
    /// What a person does about it.
    pub next: String,
}

pub(super) const AGAIN: &str = "mend that, then plan and apply again";
const TAKE_UP: &str = "see with `hospes ready` whether it answers, then take its run up again";

/// How a try ended, in a word.
pub(super) const fn word(ending: &Ending) -> &'static str {
    match ending {
        Ending::Patched => "patched",
        Ending::NothingToDo => "nothing to do",
        Ending::Refused { .. } => "refused",
        Ending::NotBegun { .. } => "not begun",
        Ending::Incomplete { .. } => "incomplete",
        Ending::Interrupted { .. } => "interrupted",
        Ending::Unreachable { .. } => "unreachable",
        Ending::StillRunning => "still running",
        Ending::NotBack { .. } => "not back",
    }
}

/// What is not as it should be after a try.
pub(super) fn of(outcome: &Outcome) -> Vec<Complaint> {
    match &outcome.ending {
        Ending::Patched | Ending::NothingToDo => Vec::new(),
        Ending::Refused { obstacles } => {
            let complaints = obstacles.iter().map(|obstacle| Complaint {
                what: format!("not touched: {obstacle}"),
                next: obstacle.remedy(),
            });
            complaints.collect()
        }
        Ending::NotBegun { reason } => one(format!("not touched: {reason}"), AGAIN),
        Ending::Incomplete { shortcomings } => {
            let log = format!("{}/log", outcome.report.id.directory());
            let complaints = shortcomings.iter().map(|one| shortcoming(one, &log));
            complaints.collect()
        }
        Ending::Interrupted { reason } => one(
            reason.clone(),
            "allow mending in the next plan, or run `dpkg --configure -a` in it",
        ),
        Ending::Unreachable { during, reason } => one(
            format!("did not answer any more during {during}: {reason}"),
            TAKE_UP,
        ),
        Ending::StillRunning => one(
            "its upgrade still ran when it was left alone".to_owned(),
            "wait until it ends, then take its run up again",
        ),
        Ending::NotBack { reason } => one(
            format!("asked to reboot and not proved to be back: {reason}"),
            "look at its console, then take its run up again",
        ),
    }
}

pub(super) fn one(what: String, next: &str) -> Vec<Complaint> {
    let next = next.to_owned();
    vec![Complaint { what, next }]
}

pub(super) fn shortcoming(shortcoming: &Shortcoming, log: &str) -> Complaint {
    let next = match shortcoming {
        Shortcoming::Apt { .. } => {
            format!("read `{log}` in it, mend that, then plan and apply again")
        }
        Shortcoming::Package { .. } => {
            "run `dpkg --configure -a` in it, mend what that prints, then plan and apply again"
                .to_owned()
        }
        Shortcoming::NotRebooted { .. } => "reboot it with `hospes reboot`".to_owned(),
        Shortcoming::StillAsksForReboot { .. } => {
            "see which kernel its boot loader starts".to_owned()
        }
        Shortcoming::Unit { .. } => "read `systemctl status` of the unit in it".to_owned(),
        Shortcoming::Command { .. } => "read what it printed, in the report of its try".to_owned(),
    };
    let what = shortcoming.to_string();
    Complaint { what, next }
}
