//! Timers and path units: they count only when they name both the agent and a power action.

use std::collections::BTreeSet;

use super::detect::{Findings, Judge};
use super::hook::{Hook, Source};
use super::tables::{ACTION_KEYS, names_agent};
use super::unit_paths::load_order;
use super::{Call, Reading, action_property, follow};
use crate::facts::{AGENT_UNITS, GuestFacts};

/// Whether a unit starts others by itself.
pub(crate) fn is_trigger(unit: &str) -> bool {
    unit.ends_with(".timer") || unit.ends_with(".path")
}

/// The units that a timer or path unit starts.
pub(crate) fn started_by(facts: &GuestFacts, trigger: &str) -> BTreeSet<String> {
    let keys = ["Triggers", "Unit"].into_iter();
    keys.flat_map(|key| facts.words(trigger, key)).collect()
}

pub(super) fn timer_hooks(facts: &Reading, findings: &mut Findings) {
    for (trigger, unit) in facts.units.iter().filter(|(name, _)| is_trigger(name)) {
        let is_enabled = unit
            .value("UnitFileState")
            .is_some_and(|s| s.starts_with("enabled"));
        let is_active = unit.value("ActiveState") == Some("active");
        if is_active || is_enabled {
            trigger_hook(facts, trigger, findings);
        }
    }
}

fn trigger_hook(facts: &Reading, trigger: &str, findings: &mut Findings) {
    let started = started_by(facts, trigger);
    let own_action = ACTION_KEYS.iter().find_map(|key| {
        let value = facts
            .property(trigger, key)
            .filter(|value| action_property(value))?;
        Some(format!("{trigger} {key}: {value}"))
    });
    let mut names = names_agent_anywhere(facts, trigger);
    let mut found = own_action.map(|action| (trigger.to_owned(), action));
    let mut gaps = BTreeSet::new();
    for unit in started
        .iter()
        .filter(|unit| !AGENT_UNITS.contains(&unit.as_str()))
    {
        let mut judge = Judge::new(facts);
        let action = judge.unit(unit);
        names |= judge.scripts.iter().any(|path| {
            facts
                .files
                .get(path)
                .is_some_and(|file| facts.spend(file.text.len()) && names_agent(&file.text))
        });
        gaps.append(&mut judge.gaps);
        found = found.or_else(|| action.map(|action| (unit.clone(), action)));
    }
    if !names {
        return;
    }
    findings.gaps.append(&mut gaps);
    if let Some((unit, action)) = found {
        let path = load_order(facts, &unit)
            .first()
            .map(|(path, _)| (*path).to_owned());
        findings.hooks.push(Hook {
            unit: trigger.to_owned(),
            property: "Triggers".to_owned(),
            what: unit,
            action,
            source: path.map_or(Source::InEffectOnly, |path| Source::File { path, line: 1 }),
        });
    }
}

/// Whether a timer or path unit names the agent: in its own text or commands, in those of what it
/// starts, or in the scripts that these call.
pub(crate) fn names_agent_anywhere(facts: &Reading, trigger: &str) -> bool {
    let started = started_by(facts, trigger);
    unit_names_agent(facts, trigger) || started.iter().any(|unit| unit_names_agent(facts, unit))
}

fn unit_names_agent(facts: &Reading, unit: &str) -> bool {
    let in_script = |call: &Call| match call {
        Call::Program(program) => {
            follow(facts, program).is_some_and(|s| facts.spend(s.text.len()) && names_agent(s.text))
        }
        Call::Unit(unit) => names_agent(unit),
    };
    let read = facts.unit(unit);
    let mut calls = read.commands.iter().flat_map(|c| &c.analysis.calls);
    read.names_agent || names_agent(unit) || calls.any(in_script)
}
