//! One `[group.NAME]`.

use std::ops::Range;
use std::time::Duration;

use toml_file::value::{Text, texts};
use toml_file::{Fault, Mistakes, Table};

use super::settings::{self, Settings};
use super::{Group, WaveRule, value};
use crate::Amount;
use crate::fleet::Kind;

const KEYS: &[&str] = &["guests", "nodes", "except", "after", "wave"];
const WAVE_KEYS: &[&str] = &["name", "size", "soak", "approval", "max-failures"];
const MEMBERS: &str = "name its members: `guests = [\"tag:web\"]` or `nodes = [\"all\"]`";

/// A group, and where the groups are named that come before it.
pub(super) struct Declared<'t> {
    pub(super) name: String,
    pub(super) span: Range<usize>,
    pub(super) group: Group,
    pub(super) after: Vec<Text<'t>>,
}

impl<'t> Declared<'t> {
    pub(super) fn read(
        name: &str,
        table: &Table<'t>,
        (defaults, windows): (&Settings, &[&str]),
        mistakes: &mut Mistakes,
    ) -> Option<Self> {
        if !value::is_word(name) {
            let message = format!("the name of a group {}", value::not_a_word());
            mistakes.push(Fault::new(table.span(), message));
        }
        let keys = [KEYS, settings::KEYS].concat();
        table.allow_only(&keys, mistakes);
        let after = table.read("after", mistakes, texts).unwrap_or_default();
        let own = Settings::read(table, windows, mistakes);
        let waves = waves(table, mistakes);
        let except = table.read("except", mistakes, value::words);
        let (kind, words) = members(table, mistakes)?;
        let mut settings = own.clone().or(defaults);
        if kind == Kind::Node {
            settings.snapshot_expires = None;
            if own.snapshot_expires.is_some() {
                let message = "`snapshot-expires` is for guests; a node has no snapshots";
                mistakes.push(Fault::new(table.span(), message));
            }
        }
        let for_nodes = settings::NODE_KEYS.iter().filter(|key| table.has(key));
        for key in for_nodes.filter(|_| kind == Kind::Guest) {
            let message = format!("`{key}` is for a group of `nodes`");
            mistakes.push(Fault::new(table.span(), message));
        }
        let group = Group {
            kind,
            words,
            except: except.unwrap_or_default(),
            after: after.iter().map(|(name, _)| (*name).to_owned()).collect(),
            windows: settings.windows.clone().unwrap_or_default(),
            max_unavailable: settings.max_unavailable.unwrap_or(Amount::Count(1)),
            policy: settings.policy(),
            waves,
        };
        Some(Self {
            name: name.to_owned(),
            span: table.span(),
            group,
            after,
        })
    }
}

fn members(table: &Table<'_>, mistakes: &mut Mistakes) -> Option<(Kind, Vec<String>)> {
    let guests = table.read("guests", mistakes, value::words);
    let nodes = table.read("nodes", mistakes, value::words);
    match (table.has("guests"), table.has("nodes")) {
        (true, true) => {
            let message = "a group has `guests` or `nodes`, not both";
            mistakes.push(Fault::new(table.span(), message).with_note("make two groups of it"));
            None
        }
        (true, false) => Some((Kind::Guest, guests?)),
        (false, true) => Some((Kind::Node, nodes?)),
        (false, false) => {
            mistakes.push(table.lacks("guests").with_note(MEMBERS));
            None
        }
    }
}

/// Without any, everybody is one wave.
fn waves(table: &Table<'_>, mistakes: &mut Mistakes) -> Vec<WaveRule> {
    let tables = table.list("wave", mistakes);
    let last = tables.len().saturating_sub(1);
    let mut waves = Vec::new();
    for (place, table) in tables.iter().enumerate() {
        table.allow_only(WAVE_KEYS, mistakes);
        if place < last && !table.has("size") {
            let note = "without `size` a wave takes all that are left, so only the last may be";
            mistakes.push(table.lacks("size").with_note(note));
        }
        waves.push(wave(table, mistakes));
    }
    if waves.is_empty() {
        waves.push(WaveRule::default());
    }
    waves
}

fn wave(table: &Table<'_>, mistakes: &mut Mistakes) -> WaveRule {
    let soak = table.read("soak", mistakes, value::duration);
    WaveRule {
        name: table.read("name", mistakes, value::word),
        size: table.read("size", mistakes, |value| value::amount(value, 1)),
        soak: soak.unwrap_or(Duration::ZERO),
        approval: table.read("approval", mistakes, value::word),
        max_failures: table.read("max-failures", mistakes, |value| value::amount(value, 0)),
    }
}
