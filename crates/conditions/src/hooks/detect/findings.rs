//! All that is found about hooks, and what must be known before their absence means anything.

use std::collections::BTreeSet;

use super::maintainer::maintainer_script_hooks;
use super::unit::unit_hooks;
use crate::facts::{AGENT_UNITS, GuestFacts};
use crate::hooks::graph::{agent_units, closure, owned_units};
use crate::hooks::hook::Hook;
use crate::hooks::{Reading, TOO_MUCH, timers};

/// How many hooks are told.
const MAX_HOOKS: usize = 256;

/// What was found about hooks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// The hooks, without repetition.
    pub hooks: Vec<Hook>,
    /// What could not be told, one line each; any of them makes the condition unknown.
    pub gaps: BTreeSet<String>,
}

/// Finds every hook that acts because the agent's unit stops, fails, restarts or is upgraded.
#[must_use]
pub fn detect(facts: &GuestFacts) -> Findings {
    let mut findings = Findings {
        hooks: Vec::new(),
        gaps: facts.gaps.clone(),
    };
    let facts = Reading::of(facts);
    unread_units(&facts, &mut findings.gaps);
    for unit in owned_units(&facts) {
        unit_hooks(&facts, &unit, &mut findings);
    }
    maintainer_script_hooks(&facts, &mut findings);
    timers::timer_hooks(&facts, &mut findings);
    findings.hooks.sort();
    findings.hooks.dedup();
    if facts.is_exhausted() || findings.hooks.len() > MAX_HOOKS {
        findings.hooks.truncate(MAX_HOOKS);
        findings.gaps.insert(TOO_MUCH.to_owned());
    }
    findings
}

/// What must be known of the agent's closure before its absence of hooks means anything.
fn unread_units(facts: &Reading, gaps: &mut BTreeSet<String>) {
    const NEEDED: [&str; 6] = [
        "NeedDaemonReload",
        "OnFailure",
        "ConsistsOf",
        "FailureAction",
        "StartLimitAction",
        "BoundBy",
    ];
    for unit in agent_units(facts) {
        let state = facts.property(unit, "LoadState");
        if matches!(state, Some("not-found" | "masked")) {
            continue;
        }
        let is_loaded = state == Some("loaded");
        let needed = NEEDED.iter().chain(is_loaded.then_some(&"ExecStart"));
        for key in needed {
            if facts.property(unit, key).is_none() {
                gaps.insert(format!("systemctl show printed no {key} of {unit}"));
            }
        }
    }
    for name in closure(facts) {
        match facts.units.get(&name) {
            None => {
                gaps.insert(format!(
                    "unit {name}, which the agent's unit reaches, was not read"
                ));
            }
            Some(_) if AGENT_UNITS.contains(&name.as_str()) => {}
            Some(unit) if unit.value("NeedDaemonReload") == Some("yes") => {
                gaps.insert(format!("{name} changed on disk and needs a daemon-reload"));
            }
            Some(_) => {}
        }
    }
}
