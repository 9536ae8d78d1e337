//! Those who are patched, and those who were left out.

use std::borrow::Cow;
use std::collections::BTreeMap;

use conditions::Timestamp;
use patch::result::{Change, ChangeKind};
use plan::campaign::{End, Turn};
use plan::{Host, Kind, LeftOutReason, MemberId};
use serde::Serialize;

use super::attempt::{Attempt, Found, Reboot};
use crate::words;

/// Somebody of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Member {
    /// Who.
    pub id: MemberId,
    /// What it is.
    pub kind: Kind,
    /// Of which group.
    pub group: String,
    /// In which of its waves, from 1.
    pub wave: usize,
    /// Where a guest runs.
    pub host: Option<Host>,
    /// When it was planned at the earliest.
    pub planned: Option<Timestamp>,
    /// How it stands.
    #[serde(flatten)]
    pub standing: Standing,
    /// What was tried, in order.
    pub tries: Vec<Attempt>,
}

/// How somebody stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "standing", content = "why")]
pub enum Standing {
    /// It waits for its turn, or for another one; then why.
    Waiting(Option<String>),
    /// Its turn goes on.
    UnderWay,
    /// It is patched.
    Done,
    /// It is not, but usable; why.
    Failed(String),
    /// It is not usable, or nobody can tell; why.
    Down(String),
    /// It was not begun; why.
    NotBegun(String),
}

/// Somebody who is not patched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct LeftOut {
    /// Who.
    pub id: MemberId,
    /// Of which group.
    pub group: Option<String>,
    /// Where a guest runs.
    pub host: Option<Host>,
    /// Why.
    pub reason: LeftOutReason,
    /// What a person does about it; nothing, where that was wanted.
    pub next: Option<&'static str>,
}

impl Standing {
    /// The standing that `turn` amounts to; who has none waits.
    pub(super) fn of(turn: Option<&Turn>) -> Self {
        let Some(turn) = turn else {
            return Self::Waiting(None);
        };
        match turn {
            Turn::Waiting(tries) => Self::Waiting(tries.again.as_ref().map(|(why, _)| why.clone())),
            Turn::Before(_) | Turn::Patching(_) | Turn::After(..) => Self::UnderWay,
            Turn::Ended(End::Done) => Self::Done,
            Turn::Ended(End::Failed(why)) => Self::Failed(why.clone()),
            Turn::Ended(End::Down(why)) => Self::Down(why.clone()),
            Turn::Ended(End::NotBegun(reason)) => Self::NotBegun(reason.to_string()),
        }
    }

    /// In a word.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Waiting(_) => "waiting",
            Self::UnderWay => "under way",
            Self::Done => "done",
            Self::Failed(_) => "failed",
            Self::Down(_) => "down",
            Self::NotBegun(_) => "not begun",
        }
    }
}

impl Member {
    /// What came of the last try that came to an end.
    #[must_use]
    pub fn found(&self) -> Option<&Found> {
        self.tries
            .iter()
            .rev()
            .find_map(|tried| tried.found.as_ref())
    }

    /// What was last seen of its agent.
    #[must_use]
    pub fn agent(&self) -> Option<&str> {
        self.tries
            .iter()
            .rev()
            .find_map(|tried| tried.agent.as_deref())
    }

    /// The proofs of its reboots.
    pub fn reboots(&self) -> impl Iterator<Item = &Reboot> {
        let found = self.tries.iter().filter_map(|tried| tried.found.as_ref());
        found.filter_map(|found| found.reboot.as_ref())
    }

    /// The packages that are not as they were, over all tries.
    #[must_use]
    pub fn changes(&self) -> Cow<'_, [Change]> {
        let found = self.tries.iter().filter_map(|tried| tried.found.as_ref());
        let mut found = found.filter(|found| !found.packages.is_empty());
        let first = found.next().map_or(&[][..], |found| &found.packages);
        let mut later = found.peekable();
        if later.peek().is_none() {
            return Cow::Borrowed(first);
        }
        let mut merged: BTreeMap<&str, Change> = BTreeMap::new();
        for change in first.iter().chain(later.flat_map(|found| &found.packages)) {
            match merged.get_mut(change.package.as_str()) {
                Some(before) => merge(before, change),
                None => {
                    merged.insert(&change.package, change.clone());
                }
            }
        }
        let still = merged.into_values();
        still
            .filter(|change| change.from.is_some() || change.to.is_some())
            .collect()
    }
}

/// Two changes of a package, one after the other, as one.
fn merge(before: &mut Change, after: &Change) {
    before.to.clone_from(&after.to);
    before.security |= after.security;
    before.kind = match (&before.from, &before.to) {
        _ if after.kind == ChangeKind::Broken => ChangeKind::Broken,
        (None, _) => ChangeKind::Installed,
        (_, None) => ChangeKind::Removed,
        (Some(from), Some(to)) if to > from => ChangeKind::Upgraded,
        (Some(from), Some(to)) if to < from => ChangeKind::Downgraded,
        _ => ChangeKind::Mended,
    };
}

impl LeftOut {
    pub(super) fn of(left_out: &plan::LeftOut) -> Self {
        Self {
            id: left_out.id.clone(),
            group: left_out.group.clone(),
            host: left_out.host.clone(),
            next: words::include(&left_out.reason),
            reason: left_out.reason.clone(),
        }
    }
}
