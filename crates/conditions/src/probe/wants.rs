//! What has to be read next, told from what was read so far.

use std::collections::BTreeSet;

use crate::facts::{AGENT_UNITS, GuestFacts};
use crate::hooks::{Call, Reading, analyse, follow, graph, maintainer_script, timers};

/// Things to read in the guest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Wants {
    /// Units to show.
    pub units: BTreeSet<String>,
    /// Files to read.
    pub files: BTreeSet<String>,
    /// Programs, by path or bare name, to read if they are scripts.
    pub programs: BTreeSet<String>,
}

impl Wants {
    /// Whether nothing is left.
    pub(super) fn is_empty(&self) -> bool {
        self.units.is_empty() && self.files.is_empty() && self.programs.is_empty()
    }

    /// What is here and was not asked for yet.
    pub(super) fn without(&self, asked: &Self) -> Self {
        let minus = |a: &BTreeSet<String>, b| a.difference(b).cloned().collect();
        Self {
            units: minus(&self.units, &asked.units),
            files: minus(&self.files, &asked.files),
            programs: minus(&self.programs, &asked.programs),
        }
    }

    /// Adds all of `more`.
    pub(super) fn extend(&mut self, more: &Self) {
        self.units.extend(more.units.iter().cloned());
        self.files.extend(more.files.iter().cloned());
        self.programs.extend(more.programs.iter().cloned());
    }

    /// All names, with what kind of thing they are.
    pub(super) fn names(&self) -> impl Iterator<Item = (&'static str, &String)> {
        let units = self.units.iter().map(|name| ("unit", name));
        let files = self.files.iter().map(|name| ("file", name));
        let programs = self.programs.iter().map(|name| ("program", name));
        units.chain(files).chain(programs)
    }
}

/// What matters to the agent's condition: its units' closure, and of the timers those that name
/// the agent.
pub(super) fn of_agent(facts: &Reading) -> Wants {
    let mut wants = Wants::default();
    let mut units = graph::closure(facts);
    for trigger in naming_triggers(facts) {
        units.extend(graph::closure_from(
            facts,
            timers::started_by(facts, &trigger),
        ));
        units.insert(trigger);
    }
    for unit in AGENT_UNITS {
        let keys = ["WantedBy", "RequiredBy", "UpheldBy"];
        let wanting = keys.iter().flat_map(|key| facts.words(unit, key));
        wants
            .units
            .extend(wanting.filter(|name| !name.ends_with(".device")));
    }
    for unit in &units {
        add_files(facts, unit, &mut wants);
        let read = facts.unit(unit);
        let calls = read.commands.iter().flat_map(|c| &c.analysis.calls);
        add_programs(facts, calls.cloned(), &mut wants);
    }
    for (path, file) in &facts.files {
        if maintainer_script(path).is_some() && facts.spend(file.text.len()) {
            add_programs(facts, analyse(&file.text).calls, &mut wants);
        }
    }
    wants.units.extend(units);
    wants
}

/// What tells whether a timer or path unit names the agent.
pub(super) fn of_triggers(facts: &Reading) -> Wants {
    let mut wants = Wants::default();
    for trigger in facts.units.keys().filter(|name| timers::is_trigger(name)) {
        add_files(facts, trigger, &mut wants);
        for started in timers::started_by(facts, trigger) {
            add_files(facts, &started, &mut wants);
            let read = facts.unit(&started);
            let calls = read.commands.iter().flat_map(|c| &c.analysis.calls);
            wants.programs.extend(calls.filter_map(|call| match call {
                Call::Program(program) => Some(program.clone()),
                Call::Unit(_) => None,
            }));
            wants.units.insert(started);
        }
    }
    wants
}

/// The timers and path units that name the agent.
pub(super) fn naming_triggers(facts: &Reading) -> Vec<String> {
    let triggers = facts.units.keys().filter(|name| timers::is_trigger(name));
    triggers
        .filter(|name| timers::names_agent_anywhere(facts, name))
        .cloned()
        .collect()
}

fn add_files(facts: &GuestFacts, unit: &str, wants: &mut Wants) {
    let paths = ["FragmentPath", "DropInPaths"].map(|key| facts.words(unit, key));
    wants.files.extend(paths.into_iter().flatten());
}

/// Adds called programs and, as far as they are scripts that were read, what these call.
fn add_programs(facts: &Reading, calls: impl IntoIterator<Item = Call>, wants: &mut Wants) {
    let mut open: Vec<Call> = calls.into_iter().collect();
    while let Some(call) = open.pop() {
        match call {
            Call::Unit(unit) => {
                wants.units.insert(unit);
            }
            Call::Program(program) => {
                if wants.programs.insert(program.clone())
                    && let Some(script) = follow(facts, &program)
                {
                    open.extend(facts.script(script.path).calls.iter().cloned());
                }
            }
        }
    }
}
