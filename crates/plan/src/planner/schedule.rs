//! About when: as if each took as long as is expected, and nothing failed.

use std::collections::BTreeMap;

use conditions::Timestamp;

use crate::document::{Document, LimitOf, PlannedGroup};
use crate::window::Openings;

/// What counts for the times of one group.
struct Pace {
    openings: Openings,
    deadline: Timestamp,
    /// So many are under way at a time.
    at_once: usize,
}

/// Sets the times of everybody.
pub(super) fn set(document: &mut Document, now: Timestamp) {
    let deadline = now + document.deadline;
    let paces: Vec<Pace> = document
        .groups
        .iter()
        .map(|group| Pace {
            openings: document.openings(group, now, deadline),
            deadline,
            at_once: at_once(document, group),
        })
        .collect();
    let mut ends: BTreeMap<String, Option<Timestamp>> = BTreeMap::new();
    for (group, pace) in document.groups.iter_mut().zip(paces) {
        let mut before = group
            .after
            .iter()
            .map(|name| ends.get(name).copied().unwrap_or(Some(now)));
        let begin = before.try_fold(now, |latest, end| Some(latest.max(end?)));
        ends.insert(group.name.clone(), pace.set(group, begin));
    }
}

impl Pace {
    /// Sets the times of a group that may begin at `begin`, and says when it ends.
    fn set(&self, group: &mut PlannedGroup, begin: Option<Timestamp>) -> Option<Timestamp> {
        let (mut cursor, expected) = (begin, group.policy.expected);
        for wave in &mut group.waves {
            let budget = wave
                .max_failures
                .map_or(usize::MAX, |max| max.saturating_add(1));
            for round in wave.members.chunks_mut(self.at_once.min(budget).max(1)) {
                let opens = cursor.and_then(|at| self.openings.earliest(at, expected));
                let begin = opens.filter(|at| *at < self.deadline);
                for member in round {
                    member.earliest = begin;
                }
                cursor = begin.map(|begin| begin + expected);
            }
            cursor = cursor.map(|end| end + wave.soak);
        }
        cursor
    }
}

fn at_once(document: &Document, group: &PlannedGroup) -> usize {
    let of = LimitOf::Group(group.name.clone());
    let limit = document.limits.iter().find(|limit| limit.of == of);
    let room = limit.map_or(1, |limit| limit.max.saturating_sub(limit.unavailable));
    let budget = document.max_failures.saturating_add(1);
    room.min(document.at_once).min(budget)
}
