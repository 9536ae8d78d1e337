//! Which units the agent's reach: by stopping, failing, succeeding or starting again.

use std::collections::BTreeSet;

use super::reading::Reading;
use super::tables::{STOP_KEYS, is_ordinary_unit, power_unit};
use super::unit_paths::load_order;
use crate::facts::{AGENT_UNITS, GuestFacts, UnitFacts};

/// The agent's units that systemd knows, or that have files although it does not: those take
/// effect as soon as the package is installed.
pub(crate) fn agent_units(facts: &GuestFacts) -> Vec<&str> {
    AGENT_UNITS
        .iter()
        .copied()
        .filter(|name| {
            facts.units.get(*name).is_some_and(UnitFacts::is_known) || has_files(facts, name)
        })
        .filter(|name| facts.property(name, "Id").is_none_or(|id| id == *name))
        .collect()
}

fn has_files(facts: &GuestFacts, unit: &str) -> bool {
    let is_own = |path: &str| path.contains(&format!("/{unit}.d/")) || path.ends_with(unit);
    load_order(facts, unit).iter().any(|(path, _)| is_own(path))
}

/// The agent's units and those that stop together with them.
pub(crate) fn owned_units(facts: &GuestFacts) -> Vec<String> {
    let mut found: Vec<String> = agent_units(facts).into_iter().map(str::to_owned).collect();
    let mut at = 0;
    while let Some(unit) = found.get(at).and_then(|name| facts.units.get(name)) {
        for name in STOP_KEYS.iter().flat_map(|key| unit.words(key)) {
            if !is_ordinary_unit(&name) && power_unit(&name).is_none() && !found.contains(&name) {
                found.push(name);
            }
        }
        at += 1;
        while found
            .get(at)
            .is_some_and(|name| !facts.units.contains_key(name))
        {
            at += 1;
        }
    }
    found
}

/// Every unit that has to be known to judge the agent's: what follows from them.
pub(crate) fn closure(facts: &Reading) -> BTreeSet<String> {
    closure_from(
        facts,
        agent_units(facts).into_iter().map(str::to_owned).collect(),
    )
}

/// These units and all that follow from them.
pub(crate) fn closure_from(facts: &Reading, roots: BTreeSet<String>) -> BTreeSet<String> {
    let mut open: Vec<String> = roots.iter().cloned().collect();
    let mut found = roots;
    while let Some(name) = open.pop() {
        for next in &facts.unit(&name).followers {
            if found.insert(next.clone()) {
                open.push(next.clone());
            }
        }
    }
    found
}
