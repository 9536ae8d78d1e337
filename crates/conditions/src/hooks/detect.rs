//! Finds the hooks among the facts.

use std::collections::BTreeSet;

use super::command::{Analysis, Call, analyse, basename, mentions_power};
use super::exec::shown_argv;
use super::graph::{agent_units, closure, owned_units};
use super::hook::{Hook, Source};
use super::tables::{ACTION_KEYS, EVENT_KEYS, EXEC_KEYS, PULL_KEYS, is_ordinary_unit, power_unit};
use super::unit_file::{Live, live};
use super::{shown, timers, unit_paths, written};
use crate::facts::{AGENT_PACKAGES, AGENT_UNITS, GuestFacts};

/// How many scripts and units are followed from one setting.
const MAX_FOLLOWED: usize = 256;

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
    unread_units(facts, &mut findings.gaps);
    for unit in owned_units(facts) {
        unit_hooks(facts, &unit, &mut findings);
    }
    maintainer_script_hooks(facts, &mut findings);
    timers::timer_hooks(facts, &mut findings);
    findings.hooks.sort();
    findings.hooks.dedup();
    findings
}

/// What must be known of the agent's closure before its absence of hooks means anything.
fn unread_units(facts: &GuestFacts, gaps: &mut BTreeSet<String>) {
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

/// One command line of a unit.
pub(crate) struct UnitCommand {
    pub(crate) key: &'static str,
    pub(crate) value: String,
    pub(crate) source: Source,
    pub(crate) analysis: Analysis,
}

/// The live settings of `key` in the files of `unit`.
pub(super) fn configured(facts: &GuestFacts, unit: &str, key: &str) -> Vec<Live> {
    live(&unit_paths::load_order(facts, unit), key)
}

/// All command lines of a unit: those in effect and those configured.
pub(crate) fn unit_analyses(facts: &GuestFacts, unit: &str) -> Vec<UnitCommand> {
    let mut found = Vec::new();
    for key in EXEC_KEYS {
        let effective = facts
            .units
            .get(unit)
            .into_iter()
            .flat_map(|u| u.values(key));
        found.extend(effective.map(|value| UnitCommand {
            key,
            value: shown_argv(value).to_owned(),
            source: Source::InEffectOnly,
            analysis: shown(value),
        }));
        found.extend(
            configured(facts, unit, key)
                .into_iter()
                .map(|line| UnitCommand {
                    key,
                    analysis: written(&line.setting.value),
                    source: Source::File {
                        path: line.path,
                        line: line.setting.first + 1,
                    },
                    value: line.setting.value,
                }),
        );
    }
    found
}

/// Units that the files of `unit` name to be started with it or after it.
pub(super) fn configured_edges(facts: &GuestFacts, unit: &str) -> Vec<String> {
    let keys = EVENT_KEYS.iter().chain(&PULL_KEYS);
    keys.flat_map(|key| configured(facts, unit, key))
        .flat_map(|line| edge_words(&line.setting.value, unit))
        .collect()
}

/// The unit names in a dependency setting, with the specifiers for the unit's own name resolved.
pub(crate) fn edge_words(value: &str, unit: &str) -> Vec<String> {
    let stem = unit.rsplit_once('.').map_or(unit, |(stem, _)| stem);
    let prefix = stem.split_once('@').map_or(stem, |(prefix, _)| prefix);
    value
        .split_whitespace()
        .map(|w| {
            w.trim_matches('"')
                .replace("%n", unit)
                .replace("%N", stem)
                .replace("%p", prefix)
        })
        .collect()
}

fn unit_hooks(facts: &GuestFacts, unit: &str, findings: &mut Findings) {
    command_hooks(facts, unit, findings);
    action_hooks(facts, unit, findings);
    for key in EVENT_KEYS.into_iter().chain(PULL_KEYS) {
        edge_hooks(facts, unit, key, findings);
    }
}

fn command_hooks(facts: &GuestFacts, unit: &str, findings: &mut Findings) {
    let commands = unit_analyses(facts, unit);
    for key in EXEC_KEYS {
        let (mut in_effect, mut in_files) = (Vec::new(), Vec::new());
        for command in commands.iter().filter(|c| c.key == key) {
            let context = format!("{unit} {key}={}", command.value);
            let Some(action) = line_power(facts, &command.analysis, &context, &mut findings.gaps)
            else {
                continue;
            };
            let hook = Hook {
                unit: unit.to_owned(),
                property: key.to_owned(),
                what: command.value.clone(),
                action,
                source: command.source.clone(),
            };
            match command.source {
                Source::InEffectOnly => in_effect.push(hook),
                Source::File { .. } => in_files.push(hook),
            }
        }
        findings.hooks.extend(if in_files.is_empty() {
            in_effect
        } else {
            in_files
        });
    }
}

/// Whether a value of `SuccessAction=` and its like does anything.
pub(crate) fn action_property(value: &str) -> bool {
    !matches!(value.trim(), "" | "none")
}

fn action_hooks(facts: &GuestFacts, unit: &str, findings: &mut Findings) {
    for key in ACTION_KEYS {
        let hook = |what: &str, source| Hook {
            unit: unit.to_owned(),
            property: key.to_owned(),
            what: what.to_owned(),
            action: what.to_owned(),
            source,
        };
        let in_files: Vec<Hook> = configured(facts, unit, key)
            .into_iter()
            .filter(|line| action_property(&line.setting.value))
            .map(|line| {
                let source = Source::File {
                    path: line.path,
                    line: line.setting.first + 1,
                };
                hook(&line.setting.value, source)
            })
            .collect();
        if in_files.is_empty() {
            let values = facts
                .units
                .get(unit)
                .into_iter()
                .flat_map(|u| u.values(key));
            let acting = values.filter(|value| action_property(value));
            findings
                .hooks
                .extend(acting.map(|value| hook(value, Source::InEffectOnly)));
        } else {
            findings.hooks.extend(in_files);
        }
    }
}

/// `OnFailure=` and its like, `Wants=` and its like: each unit named there that reaches a power
/// action.
fn edge_hooks(facts: &GuestFacts, unit: &str, key: &str, findings: &mut Findings) {
    let mut placed: Vec<(String, Source)> = Vec::new();
    for line in configured(facts, unit, key) {
        let source = Source::File {
            path: line.path,
            line: line.setting.first + 1,
        };
        let words = edge_words(&line.setting.value, unit);
        placed.extend(words.into_iter().map(|word| (word, source.clone())));
    }
    let effective = facts
        .units
        .get(unit)
        .map(|u| u.words(key))
        .unwrap_or_default();
    for name in effective {
        if !placed.iter().any(|(word, _)| *word == name) {
            placed.push((name, Source::InEffectOnly));
        }
    }
    for (name, source) in placed {
        if let Some(action) = edge_power(facts, key, &name, &mut findings.gaps) {
            findings.hooks.push(Hook {
                unit: unit.to_owned(),
                property: key.to_owned(),
                what: name,
                action,
                source,
            });
        }
    }
}

/// How starting `name` because of a setting of `key` ends in a power action, if it does.
fn edge_power(
    facts: &GuestFacts,
    key: &str,
    name: &str,
    gaps: &mut BTreeSet<String>,
) -> Option<String> {
    let mut judge = Judge::new(facts);
    let power = if PULL_KEYS.contains(&key) {
        judge.pulled(name)
    } else {
        judge.unit(name)
    };
    gaps.append(&mut judge.gaps);
    power
}

/// How a command line ends in a power action, if it does.
pub(crate) fn line_power(
    facts: &GuestFacts,
    analysis: &Analysis,
    context: &str,
    gaps: &mut BTreeSet<String>,
) -> Option<String> {
    let mut judge = Judge::new(facts);
    let power = judge.analysis(analysis, context);
    gaps.append(&mut judge.gaps);
    power
}

fn maintainer_script_hooks(facts: &GuestFacts, findings: &mut Findings) {
    for (path, file) in &facts.files {
        let Some((package, script)) = maintainer_script(path) else {
            continue;
        };
        if file.truncated {
            findings.gaps.insert(format!("{path} is too long to read"));
        }
        let analysis = analyse(&file.text);
        let hook = |what: &str, action: &str, line| Hook {
            unit: package.to_owned(),
            property: script.to_owned(),
            what: what.to_owned(),
            action: action.to_owned(),
            source: Source::File {
                path: path.clone(),
                line,
            },
        };
        for power in &analysis.powers {
            findings
                .hooks
                .push(hook(&power.command, power.action.as_str(), power.line));
        }
        if analysis.powers.is_empty()
            && let Some(action) = line_power(facts, &analysis, path, &mut findings.gaps)
        {
            findings
                .hooks
                .push(hook("a script that it calls", &action, 1));
        }
    }
}

/// Package and script name when `path` is a maintainer script of the agent's package.
pub(crate) fn maintainer_script(path: &str) -> Option<(&str, &str)> {
    if let Some(package) = path.strip_prefix("rpm -q --scripts ") {
        return Some((package, "scriptlets"));
    }
    let (package, script) = path.strip_prefix("/var/lib/dpkg/info/")?.rsplit_once('.')?;
    let package_name = package.split_once(':').map_or(package, |(name, _)| name);
    AGENT_PACKAGES
        .contains(&package_name)
        .then_some((package, script))
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

/// Follows one setting through scripts and units.
pub(super) struct Judge<'a> {
    facts: &'a GuestFacts,
    pub(super) scripts: BTreeSet<String>,
    units: BTreeSet<String>,
    pub(super) gaps: BTreeSet<String>,
}

impl<'a> Judge<'a> {
    pub(super) const fn new(facts: &'a GuestFacts) -> Self {
        Self {
            facts,
            scripts: BTreeSet::new(),
            units: BTreeSet::new(),
            gaps: BTreeSet::new(),
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
        let script = follow(self.facts, program)?;
        if self.scripts.len() >= MAX_FOLLOWED || !self.scripts.insert(script.path.to_owned()) {
            return None;
        }
        if script.truncated {
            self.gaps
                .insert(format!("{} is too long to read", script.path));
        }
        let analysis = script_analysis(script.text);
        let line = analysis
            .powers
            .first()
            .map(|power| format!(":{}", power.line));
        let action = self.analysis(&analysis, script.path)?;
        Some(format!(
            "{}{}: {action}",
            script.path,
            line.unwrap_or_default()
        ))
    }

    /// A unit that is pulled in: nothing happens when it is active already.
    fn pulled(&mut self, name: &str) -> Option<String> {
        let is_active = self.facts.property(name, "ActiveState") == Some("active");
        if is_active && power_unit(name).is_none() {
            return None;
        }
        self.unit(name)
    }

    /// How starting `name` ends in a power action.
    pub(super) fn unit(&mut self, name: &str) -> Option<String> {
        if let Some(action) = power_unit(name) {
            return Some(action.to_owned());
        }
        let facts = self.facts;
        let is_own = AGENT_UNITS.contains(&name);
        if is_own || is_ordinary_unit(name) || !self.units.insert(name.to_owned()) {
            return None;
        }
        let unit = facts.units.get(name)?;
        if let Some(alias) = unit
            .words("Names")
            .iter()
            .find_map(|alias| power_unit(alias))
        {
            return Some(alias.to_owned());
        }
        for command in unit_analyses(facts, name) {
            let context = format!("{name} {}={}", command.key, command.value);
            if let Some(action) = self.analysis(&command.analysis, &context) {
                return Some(format!("{name} {}: {action}", command.key));
            }
        }
        for key in ACTION_KEYS {
            let in_files = configured(facts, name, key)
                .into_iter()
                .map(|l| l.setting.value);
            let mut values = unit.values(key).map(str::to_owned).chain(in_files);
            if let Some(action) = values.find(|value| action_property(value)) {
                return Some(format!("{name} {key}: {action}"));
            }
        }
        self.edges(name)
    }

    fn edges(&mut self, name: &str) -> Option<String> {
        let unit = self.facts.units.get(name)?;
        for key in EVENT_KEYS.into_iter().chain(PULL_KEYS) {
            let mut names = unit.words(key);
            for line in configured(self.facts, name, key) {
                names.extend(edge_words(&line.setting.value, name));
            }
            let is_pull = PULL_KEYS.contains(&key);
            let found = names.iter().find_map(|next| {
                if is_pull {
                    self.pulled(next)
                } else {
                    self.unit(next)
                }
            });
            if let Some(action) = found {
                return Some(format!("{name} {key}: {action}"));
            }
        }
        None
    }
}

#[cfg(test)]
#[path = "detect_tests.rs"]
mod tests;
