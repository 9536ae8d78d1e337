//! Whether a command or a unit ends in a power action, followed through scripts and units.

use std::collections::BTreeSet;

use super::settings::action_property;
use crate::facts::{AGENT_UNITS, GuestFacts, UnitFacts};
use crate::hooks::Reading;
use crate::hooks::command::{Analysis, Call, analyse, basename, mentions_power};
use crate::hooks::tables::{ACTION_KEYS, EVENT_KEYS, PULL_KEYS, is_ordinary_unit, power_unit};

/// How many scripts and units are followed from one setting.
const MAX_FOLLOWED: usize = 256;

/// How many of them may lie behind one another: a guest's chain must not use up the stack.
const MAX_CHAIN: usize = 64;

/// How starting `name` because of a setting of `key` ends in a power action, if it does.
pub(super) fn edge_power(
    facts: &Reading,
    key: &str,
    name: &str,
    gaps: &mut BTreeSet<String>,
) -> Option<String> {
    judged(facts, gaps, |judge| judge.edge(key, name))
}

/// How a command line ends in a power action, if it does.
pub(crate) fn line_power(
    facts: &Reading,
    analysis: &Analysis,
    context: &str,
    gaps: &mut BTreeSet<String>,
) -> Option<String> {
    judged(facts, gaps, |judge| judge.analysis(analysis, context))
}

fn judged(
    facts: &Reading,
    gaps: &mut BTreeSet<String>,
    question: impl FnOnce(&mut Judge) -> Option<String>,
) -> Option<String> {
    let mut judge = Judge::new(facts);
    let power = question(&mut judge);
    gaps.append(&mut judge.gaps);
    power
}

/// Follows one setting through scripts and units.
pub(in crate::hooks) struct Judge<'a> {
    facts: &'a Reading<'a>,
    pub(in crate::hooks) scripts: BTreeSet<String>,
    units: BTreeSet<String>,
    pub(in crate::hooks) gaps: BTreeSet<String>,
    chain: usize,
}

impl<'a> Judge<'a> {
    pub(in crate::hooks) const fn new(facts: &'a Reading<'a>) -> Self {
        Self {
            facts,
            scripts: BTreeSet::new(),
            units: BTreeSet::new(),
            gaps: BTreeSet::new(),
            chain: 0,
        }
    }

    fn analysis(&mut self, analysis: &Analysis, context: &str) -> Option<String> {
        for suspicion in &analysis.suspicions {
            let context: String = context.chars().take(160).collect();
            self.gaps.insert(format!(
                "cannot tell what this does: {context}: {suspicion}"
            ));
        }
        if let Some(power) = analysis.powers.first() {
            return Some(power.action.as_str().to_owned());
        }
        analysis.calls.iter().find_map(|call| match call {
            Call::Program(program) => self.script(program),
            Call::Unit(unit) => self
                .unit(unit)
                .map(|action| format!("starts or stops {unit}: {action}")),
        })
    }

    fn script(&mut self, program: &str) -> Option<String> {
        let script = follow(self.facts.facts(), program)?;
        if !self.scripts.insert(script.path.to_owned()) || !self.may_follow(script.path) {
            return None;
        }
        if script.truncated {
            self.gaps
                .insert(format!("{} is too long to read", script.path));
        }
        let analysis = self.facts.script(script.path);
        let line = analysis
            .powers
            .first()
            .map(|power| format!(":{}", power.line));
        let action = self.follow(|judge| judge.analysis(&analysis, script.path))?;
        Some(format!(
            "{}{}: {action}",
            script.path,
            line.unwrap_or_default()
        ))
    }

    /// How starting `name` because of a setting of `key` ends in a power action. Nothing happens
    /// when a unit is pulled in that is active already.
    fn edge(&mut self, key: &str, name: &str) -> Option<String> {
        let is_active = self.facts.property(name, "ActiveState") == Some("active");
        if PULL_KEYS.contains(&key) && is_active && power_unit(name).is_none() {
            return None;
        }
        self.unit(name)
    }

    /// How starting `name` ends in a power action.
    pub(in crate::hooks) fn unit(&mut self, name: &str) -> Option<String> {
        if let Some(action) = power_unit(name) {
            return Some(action.to_owned());
        }
        let facts = self.facts;
        let is_own = AGENT_UNITS.contains(&name);
        if is_own || is_ordinary_unit(name) || !facts.spend(1) {
            return None;
        }
        let unit = facts.facts().units.get(name)?;
        if !self.units.insert(name.to_owned()) || !self.may_follow(name) {
            return None;
        }
        self.follow(|judge| judge.known_unit(name, unit))
    }

    fn known_unit(&mut self, name: &str, unit: &UnitFacts) -> Option<String> {
        if let Some(alias) = unit
            .words("Names")
            .iter()
            .find_map(|alias| power_unit(alias))
        {
            return Some(alias.to_owned());
        }
        let read = self.facts.unit(name);
        for command in &read.commands {
            let context = format!("{name} {}={}", command.key, command.value);
            if let Some(action) = self.analysis(&command.analysis, &context) {
                return Some(format!("{name} {}: {action}", command.key));
            }
        }
        for key in ACTION_KEYS {
            let in_files = read
                .configured(key)
                .iter()
                .map(|l| l.setting.value.as_str());
            let mut values = unit.values(key).chain(in_files);
            if let Some(action) = values.find(|value| action_property(value)) {
                return Some(format!("{name} {key}: {action}"));
            }
        }
        EVENT_KEYS.into_iter().chain(PULL_KEYS).find_map(|key| {
            let mut names = read.edges(key).iter();
            let action = names.find_map(|next| self.edge(key, next))?;
            Some(format!("{name} {key}: {action}"))
        })
    }

    /// Whether one more may be followed; where it may not, nobody can tell what it does.
    fn may_follow(&mut self, name: &str) -> bool {
        let followed = self.scripts.len() + self.units.len();
        let may = followed <= MAX_FOLLOWED && self.chain < MAX_CHAIN;
        if !may {
            self.gaps
                .insert(format!("{name} was not followed: too deep or too many"));
        }
        may
    }

    fn follow(&mut self, inside: impl FnOnce(&mut Self) -> Option<String>) -> Option<String> {
        self.chain += 1;
        let found = inside(self);
        self.chain -= 1;
        found
    }
}

/// A script as the guest would run it, when its text was read.
#[derive(Debug)]
pub(crate) struct Followed<'a> {
    /// Where it is.
    pub path: &'a str,
    /// Its text.
    pub text: &'a str,
    /// It was longer than what was read.
    pub truncated: bool,
}

/// Finds the script that a command names.
pub(crate) fn follow<'a>(facts: &'a GuestFacts, program: &str) -> Option<Followed<'a>> {
    let path = if program.starts_with('/') {
        program
    } else {
        facts.commands.get(program)?
    };
    let (path, file) = facts.files.get_key_value(path)?;
    Some(Followed {
        path,
        text: &file.text,
        truncated: file.truncated,
    })
}

/// Reads a script by its language: shell is understood, anything else only searched.
pub(crate) fn script_analysis(text: &str) -> Analysis {
    let first = text.lines().next().unwrap_or("");
    let interpreter = first.strip_prefix("#!").map(|rest| {
        let mut words = rest.split_whitespace().map(basename);
        words
            .find(|word| *word != "env" && !word.starts_with('-'))
            .unwrap_or("")
    });
    if interpreter.is_none_or(|name| name == "busybox" || name.ends_with("sh")) {
        return analyse(text);
    }
    let mut analysis = Analysis::default();
    if mentions_power(text) {
        analysis
            .suspicions
            .push("it is no shell script and names a power action".to_owned());
    }
    analysis
}
