//! Members become waves.

use crate::document::{PlannedMember, PlannedWave};
use crate::file::Group;
use crate::fleet::{Fleet, MemberId};

/// The waves of `group`, of the members `present`, who keep their order. The last rule is repeated
/// until everybody had a turn.
pub(super) fn of(group: &Group, present: &[&MemberId], fleet: &Fleet) -> Vec<PlannedWave> {
    let mut rules = group.waves.iter();
    let Some(mut rule) = rules.next() else {
        return Vec::new();
    };
    let (mut left, mut waves) = (present, Vec::new());
    while !left.is_empty() {
        let size = rule
            .size
            .map_or(left.len(), |size| size.at_least(present.len()));
        let (now, later) = left.split_at(size.min(left.len()));
        waves.push(PlannedWave {
            name: rule.name.clone(),
            soak: rule.soak,
            approval: rule.approval.clone(),
            max_failures: rule.max_failures.map(|amount| amount.at_most(now.len())),
            members: now.iter().map(|id| member(id, fleet)).collect(),
        });
        left = later;
        rule = rules.next().unwrap_or(rule);
    }
    waves
}

fn member(id: &MemberId, fleet: &Fleet) -> PlannedMember {
    PlannedMember {
        id: id.clone(),
        host: fleet.facts(id).and_then(|facts| facts.host.clone()),
        earliest: None,
    }
}
