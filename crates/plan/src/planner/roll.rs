//! Who is meant, and who of them is left out.

use std::collections::{BTreeMap, BTreeSet};

use conditions::Timestamp;
use toml_file::near;

use super::Unplannable;
use super::limits::Limits;
use crate::PlanFile;
use crate::document::{LeftOut, LeftOutReason, Limit};
use crate::file::{Group, Hold};
use crate::fleet::{Facts, Fleet, MemberId, Standing};
use crate::window::{Openings, Window};

/// Everybody's answer.
pub(super) struct Roll<'f> {
    present: BTreeMap<&'f str, Vec<&'f MemberId>>,
    pub(super) limits: Vec<Limit>,
    pub(super) left_out: Vec<LeftOut>,
}

impl<'f> Roll<'f> {
    /// Asks the groups in `order`, in which each comes after those that it waits for.
    pub(super) fn call(
        file: &'f PlanFile,
        fleet: &'f Fleet,
        order: &'f [String],
        now: Timestamp,
    ) -> Result<Self, Unplannable> {
        let grouped = distinct(file, fleet)?;
        let holds = holds(file, fleet, now)?;
        let limits = Limits::of(file, fleet);
        let mut roll = Self {
            present: BTreeMap::new(),
            limits: limits.listed(),
            left_out: Vec::new(),
        };
        let mut unfinished: BTreeMap<&str, &MemberId> = BTreeMap::new();
        for name in order {
            let Some(group) = file.groups.get(name) else {
                continue;
            };
            let before = group.after.iter();
            let mut behind = before
                .filter_map(|name| unfinished.get_key_value(name.as_str()))
                .map(|(group, member)| LeftOutReason::Behind {
                    group: (*group).to_owned(),
                    member: (*member).clone(),
                });
            let of_group = OfGroup {
                has_window: has_window(group, file, now),
                behind: behind.next(),
                holds: &holds,
                limits: &limits,
                name,
            };
            if let Some(missed) = roll.call_group(&of_group, fleet) {
                unfinished.insert(name, missed);
            }
        }
        let others = fleet.members().filter(|(id, _)| !grouped.contains_key(id));
        let others = others.map(|(id, facts)| left_out(id, None, facts, LeftOutReason::InNoGroup));
        roll.left_out.extend(others);
        Ok(roll)
    }

    /// Says who is missed: rather one who is not ready than one who is left out because of that.
    fn call_group(&mut self, group: &OfGroup<'f, '_>, fleet: &'f Fleet) -> Option<&'f MemberId> {
        let mut missed: Option<(&MemberId, bool)> = None;
        for id in fleet.chosen(group.name) {
            let Some(facts) = fleet.facts(id) else {
                continue;
            };
            let Some(reason) = group.reason(id, facts) else {
                self.present.entry(group.name).or_default().push(id);
                continue;
            };
            if !matches!(reason, LeftOutReason::Held { .. }) {
                let is_cause = facts.standing != Standing::Ready;
                missed = missed.filter(|(_, is_known)| *is_known || !is_cause);
                missed.get_or_insert((id, is_cause));
            }
            let name = Some(group.name);
            self.left_out.push(left_out(id, name, facts, reason));
        }
        missed.map(|(id, _)| id)
    }

    /// Who of `group` is patched, in order.
    pub(super) fn present(&self, group: &str) -> &[&'f MemberId] {
        self.present.get(group).map_or(&[], Vec::as_slice)
    }
}

/// What decides over the members of one group.
struct OfGroup<'f, 'a> {
    name: &'f str,
    holds: &'a BTreeMap<&'f MemberId, &'f Hold>,
    limits: &'a Limits,
    has_window: bool,
    behind: Option<LeftOutReason>,
}

impl OfGroup<'_, '_> {
    fn reason(&self, id: &MemberId, facts: &Facts) -> Option<LeftOutReason> {
        if let Some(hold) = self.holds.get(id) {
            return Some(LeftOutReason::Held {
                reason: hold.reason.clone(),
                until: hold.until,
            });
        }
        match &facts.standing {
            Standing::Ready => {}
            Standing::Unready(reason) => {
                let reason = reason.clone();
                return Some(LeftOutReason::Unready { reason });
            }
            Standing::Unknown(reason) => {
                let reason = reason.clone();
                return Some(LeftOutReason::Unknown { reason });
            }
        }
        if let Some(behind) = &self.behind {
            return Some(behind.clone());
        }
        if !self.has_window {
            return Some(LeftOutReason::NoWindow);
        }
        let full = self.limits.full(self.name, id, facts.host.as_ref())?;
        Some(LeftOutReason::NoRoom {
            of: full.of,
            max: full.max,
            unavailable: full.unavailable,
        })
    }
}

fn left_out(id: &MemberId, group: Option<&str>, facts: &Facts, reason: LeftOutReason) -> LeftOut {
    LeftOut {
        id: id.clone(),
        group: group.map(str::to_owned),
        host: facts.host.clone(),
        is_ready: facts.standing == Standing::Ready,
        reason,
    }
}

/// Everybody who is in a group; each is in one, and known.
fn distinct<'f>(
    file: &'f PlanFile,
    fleet: &'f Fleet,
) -> Result<BTreeMap<&'f MemberId, &'f str>, Unplannable> {
    let mut groups: BTreeMap<&MemberId, &str> = BTreeMap::new();
    for (name, group) in &file.groups {
        for id in fleet.chosen(name) {
            if let Some(first) = groups.insert(id, name) {
                return Err(Unplannable::InTwoGroups {
                    id: id.clone(),
                    first: first.to_owned(),
                    second: name.clone(),
                });
            }
            if fleet.facts(id).is_none() || id.kind() != group.kind {
                let (id, group) = (id.clone(), name.clone());
                return Err(Unplannable::Stranger { id, group });
            }
        }
    }
    Ok(groups)
}

/// The holds that hold at `now`. One for nobody may be a slip, also after it has ended.
fn holds<'f>(
    file: &'f PlanFile,
    fleet: &Fleet,
    now: Timestamp,
) -> Result<BTreeMap<&'f MemberId, &'f Hold>, Unplannable> {
    let mut holds = BTreeMap::new();
    for hold in &file.holds {
        if fleet.facts(&hold.member).is_none() {
            let names: BTreeSet<String> = fleet.members().map(|(id, _)| id.to_string()).collect();
            let near = near(&hold.member.to_string(), names.iter().map(String::as_str))
                .into_iter()
                .map(str::to_owned)
                .collect();
            let id = hold.member.clone();
            return Err(Unplannable::HoldForNobody { id, near });
        }
        if hold.until.is_none_or(|until| now < until) {
            holds.entry(&hold.member).or_insert(hold);
        }
    }
    Ok(holds)
}

fn has_window(group: &Group, file: &PlanFile, now: Timestamp) -> bool {
    let windows = group.windows.iter();
    let windows: Vec<&Window> = windows.filter_map(|name| file.windows.get(name)).collect();
    if group.windows.is_empty() {
        return true;
    }
    let deadline = now + file.deadline;
    let openings = Openings::of(&windows, now, deadline);
    let first = openings.earliest(now, group.policy.expected);
    first.is_some_and(|first| first < deadline)
}
