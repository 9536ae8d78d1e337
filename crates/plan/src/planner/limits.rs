//! How many may be unavailable at a time, and how many are already.

use std::collections::BTreeMap;

use crate::PlanFile;
use crate::document::{Limit, LimitOf};
use crate::fleet::{Facts, Fleet, Host, MemberId, Standing};

/// All limits, by whom they are for.
#[derive(Debug, Default)]
pub(super) struct Limits(BTreeMap<LimitOf, Counted>);

#[derive(Debug, Default)]
struct Counted {
    total: usize,
    unavailable: usize,
    max: usize,
}

impl Limits {
    /// Over everybody who is in a group, whether patched or not.
    pub(super) fn of(file: &PlanFile, fleet: &Fleet) -> Self {
        let mut limits = Self::default();
        for group in file.groups.keys() {
            for id in fleet.chosen(group) {
                if let Some(facts) = fleet.facts(id) {
                    limits.count(file, group, id, facts);
                }
            }
        }
        for (of, counted) in &mut limits.0 {
            let amount = match of {
                LimitOf::Group(name) => file.groups.get(name).map(|group| group.max_unavailable),
                LimitOf::Host(_) => file.max_unavailable_per_node,
                LimitOf::Nodes(_) => Some(file.max_unavailable_nodes),
            };
            counted.max = amount.map_or(usize::MAX, |amount| amount.at_most_but_one(counted.total));
        }
        limits
    }

    fn count(&mut self, file: &PlanFile, group: &str, id: &MemberId, facts: &Facts) {
        for of in LimitOf::each(group, id, facts.host.as_ref()) {
            if matches!(of, LimitOf::Host(_)) && file.max_unavailable_per_node.is_none() {
                continue;
            }
            let counted = self.0.entry(of).or_default();
            counted.total += 1;
            counted.unavailable += usize::from(facts.standing != Standing::Ready);
        }
    }

    /// The limit that leaves no room for a member of `group`, if there is one.
    pub(super) fn full(&self, group: &str, id: &MemberId, host: Option<&Host>) -> Option<Limit> {
        let mut limits = LimitOf::each(group, id, host).filter_map(|of| self.0.get_key_value(&of));
        limits
            .find(|(_, counted)| counted.unavailable >= counted.max)
            .map(limit)
    }

    pub(super) fn listed(&self) -> Vec<Limit> {
        self.0.iter().map(limit).collect()
    }
}

fn limit((of, counted): (&LimitOf, &Counted)) -> Limit {
    Limit {
        of: of.clone(),
        max: counted.max,
        unavailable: counted.unavailable,
    }
}
