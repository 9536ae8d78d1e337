//! The settings of a unit that start something: those in effect and those configured.

use crate::facts::GuestFacts;
use crate::hooks::command::Analysis;
use crate::hooks::exec::shown_argv;
use crate::hooks::hook::Source;
use crate::hooks::tables::{EVENT_KEYS, EXEC_KEYS, PULL_KEYS};
use crate::hooks::unit_file::{Live, live};
use crate::hooks::{shown, unit_paths, written};

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
        found.extend(facts.values(unit, key).map(|value| UnitCommand {
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
                    source: line.source(),
                    value: line.setting.value,
                }),
        );
    }
    found
}

/// Units that the files of `unit` name to be started with it or after it.
pub(in crate::hooks) fn configured_edges(facts: &GuestFacts, unit: &str) -> Vec<String> {
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

/// Whether a value of `SuccessAction=` and its like does anything.
pub(crate) fn action_property(value: &str) -> bool {
    !matches!(value.trim(), "" | "none")
}
