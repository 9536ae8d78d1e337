//! The hooks of one unit: its commands, its actions, and the units that it starts.

use std::collections::BTreeSet;

use super::findings::Findings;
use super::judge::{edge_power, line_power};
use super::settings::{action_property, edge_words};
use crate::hooks::Reading;
use crate::hooks::hook::{Hook, Source};
use crate::hooks::tables::{ACTION_KEYS, EVENT_KEYS, EXEC_KEYS, PULL_KEYS};

pub(super) fn unit_hooks(facts: &Reading, unit: &str, findings: &mut Findings) {
    command_hooks(facts, unit, findings);
    action_hooks(facts, unit, findings);
    for key in EVENT_KEYS.into_iter().chain(PULL_KEYS) {
        edge_hooks(facts, unit, key, findings);
    }
}

fn command_hooks(facts: &Reading, unit: &str, findings: &mut Findings) {
    let read = facts.unit(unit);
    for key in EXEC_KEYS {
        let (mut in_effect, mut in_files) = (Vec::new(), Vec::new());
        for command in read.commands.iter().filter(|c| c.key == key) {
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

fn action_hooks(facts: &Reading, unit: &str, findings: &mut Findings) {
    let read = facts.unit(unit);
    for key in ACTION_KEYS {
        let hook = |what: &str, source| Hook {
            unit: unit.to_owned(),
            property: key.to_owned(),
            what: what.to_owned(),
            action: what.to_owned(),
            source,
        };
        let in_files: Vec<Hook> = read
            .configured(key)
            .iter()
            .filter(|line| action_property(&line.setting.value))
            .map(|line| hook(&line.setting.value, line.source()))
            .collect();
        if in_files.is_empty() {
            let acting = facts
                .values(unit, key)
                .filter(|value| action_property(value));
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
fn edge_hooks(facts: &Reading, unit: &str, key: &str, findings: &mut Findings) {
    let mut placed: BTreeSet<(String, Source)> = BTreeSet::new();
    for line in facts.unit(unit).configured(key) {
        let words = edge_words(&line.setting.value, unit);
        placed.extend(words.into_iter().map(|word| (word, line.source())));
    }
    let in_files: BTreeSet<String> = placed.iter().map(|(name, _)| name.clone()).collect();
    let in_effect = facts.words(unit, key).into_iter();
    let only = in_effect.filter(|name| !in_files.contains(name));
    placed.extend(only.map(|name| (name, Source::InEffectOnly)));
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
