//! One pass over a guest's facts: every unit and script is read once, and only so much in all, so
//! that no guest, however it is made, takes more than a moment to judge.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::rc::Rc;

use super::command::{Analysis, Call};
use super::exec::shown_argv;
use super::hook::Source;
use super::tables::{
    ACTION_KEYS, EVENT_KEYS, EXEC_KEYS, PULL_KEYS, STOP_KEYS, is_ordinary_unit, names_agent,
    power_unit,
};
use super::unit_file::{Live, live_in, parsed};
use super::unit_paths::load_order;
use super::{edge_words, script_analysis, shown, written};
use crate::facts::GuestFacts;

/// How much is read in one pass, about in bytes. A usual guest needs less than a hundredth.
const LIMIT: usize = 2 * 1024 * 1024;

/// What the limit leaves out.
pub(crate) const TOO_MUCH: &str = "there is too much to follow: not everything was judged";

/// The facts, with what was read of them in this pass.
pub(crate) struct Reading<'a> {
    facts: &'a GuestFacts,
    units: RefCell<BTreeMap<String, Rc<UnitReading>>>,
    scripts: RefCell<BTreeMap<String, Rc<Analysis>>>,
    left: Cell<usize>,
}

/// What one unit may start, by what is in effect and by what is configured.
#[derive(Default)]
pub(crate) struct UnitReading {
    /// Its command lines.
    pub(crate) commands: Vec<UnitCommand>,
    /// Units that follow when it ends or starts again, without power units and ordinary ones.
    pub(crate) followers: BTreeSet<String>,
    /// Whether its files or its command lines name the agent.
    pub(crate) names_agent: bool,
    configured: BTreeMap<&'static str, Vec<Live>>,
    edges: BTreeMap<&'static str, Vec<String>>,
}

/// One command line of a unit.
pub(crate) struct UnitCommand {
    pub(crate) key: &'static str,
    pub(crate) value: String,
    pub(crate) source: Source,
    pub(crate) analysis: Analysis,
}

impl Deref for Reading<'_> {
    type Target = GuestFacts;

    fn deref(&self) -> &GuestFacts {
        self.facts
    }
}

impl<'a> Reading<'a> {
    /// Begins a pass over `facts`.
    pub(crate) const fn of(facts: &'a GuestFacts) -> Self {
        Self {
            facts,
            units: RefCell::new(BTreeMap::new()),
            scripts: RefCell::new(BTreeMap::new()),
            left: Cell::new(LIMIT),
        }
    }

    /// The facts that are read.
    pub(crate) const fn facts(&self) -> &'a GuestFacts {
        self.facts
    }

    /// Whether the limit was reached, so that what was told may be incomplete.
    pub(crate) const fn is_exhausted(&self) -> bool {
        self.left.get() == 0
    }

    /// What `unit` may start; nothing once the limit is reached.
    pub(crate) fn unit(&self, unit: &str) -> Rc<UnitReading> {
        if let Some(known) = self.units.borrow().get(unit) {
            let is_paid = self.spend(known.len());
            return if is_paid {
                Rc::clone(known)
            } else {
                Rc::default()
            };
        }
        let files = load_order(self.facts, unit);
        let in_files: usize = files.iter().map(|(_, text)| text.len()).sum();
        let properties = self.facts.units.get(unit).into_iter();
        let shown = properties.flat_map(|unit| unit.properties.values().flatten());
        let in_effect: usize = shown.map(String::len).sum();
        if !self.spend(in_files + in_effect + 4 * self.facts.files.len()) {
            return Rc::default();
        }
        let read = Rc::new(UnitReading::of(self.facts, unit, &files));
        let mut units = self.units.borrow_mut();
        units.insert(unit.to_owned(), Rc::clone(&read));
        read
    }

    /// What the script at `path` does; nothing once the limit is reached.
    pub(crate) fn script(&self, path: &str) -> Rc<Analysis> {
        if let Some(known) = self.scripts.borrow().get(path) {
            let is_paid = self.spend(1 + known.calls.len() + 8 * known.suspicions.len());
            return if is_paid {
                Rc::clone(known)
            } else {
                Rc::default()
            };
        }
        let text = self.facts.files.get(path).map_or("", |file| &file.text);
        if !self.spend(text.len()) {
            return Rc::default();
        }
        let read = Rc::new(script_analysis(text));
        let mut scripts = self.scripts.borrow_mut();
        scripts.insert(path.to_owned(), Rc::clone(&read));
        read
    }

    /// Takes `cost` off what is left, if that much is.
    pub(crate) fn spend(&self, cost: usize) -> bool {
        let left = self.left.get().saturating_sub(cost.max(1));
        self.left.set(left);
        left > 0
    }
}

impl UnitReading {
    fn of(facts: &GuestFacts, unit: &str, files: &[(&str, &str)]) -> Self {
        let settings = parsed(files);
        let keys = EXEC_KEYS.into_iter().chain(ACTION_KEYS);
        let keys = keys.chain(EVENT_KEYS).chain(PULL_KEYS);
        let mut read = Self {
            configured: keys.map(|key| (key, live_in(&settings, key))).collect(),
            ..Self::default()
        };
        read.commands = EXEC_KEYS
            .into_iter()
            .flat_map(|key| commands(facts, unit, key, read.configured(key)))
            .collect();
        read.names_agent = files.iter().any(|(_, text)| names_agent(text))
            || read.commands.iter().any(|c| names_agent(&c.value));
        for key in EVENT_KEYS.into_iter().chain(PULL_KEYS) {
            let mut names = facts.words(unit, key);
            for line in read.configured(key) {
                names.extend(edge_words(&line.setting.value, unit));
            }
            read.edges.insert(key, names);
        }
        read.followers = followers(facts, unit, &read);
        read
    }

    /// The live settings of `key` in its files.
    pub(crate) fn configured(&self, key: &str) -> &[Live] {
        self.configured.get(key).map_or(&[], Vec::as_slice)
    }

    /// The units that it names by `key`, in effect or configured.
    pub(crate) fn edges(&self, key: &str) -> &[String] {
        self.edges.get(key).map_or(&[], Vec::as_slice)
    }

    /// How much there is to go through.
    fn len(&self) -> usize {
        let configured: usize = self.configured.values().map(Vec::len).sum();
        let edges: usize = self.edges.values().map(Vec::len).sum();
        self.commands.len() + self.followers.len() + configured + edges
    }
}

/// The command lines of `key`: those in effect and those configured.
fn commands(
    facts: &GuestFacts,
    unit: &str,
    key: &'static str,
    configured: &[Live],
) -> Vec<UnitCommand> {
    let in_effect = facts.values(unit, key).map(|value| UnitCommand {
        key,
        value: shown_argv(value).to_owned(),
        source: Source::InEffectOnly,
        analysis: shown(value),
    });
    let in_files = configured.iter().map(|line| UnitCommand {
        key,
        value: line.setting.value.clone(),
        source: line.source(),
        analysis: written(&line.setting.value),
    });
    in_effect.chain(in_files).collect()
}

fn followers(facts: &GuestFacts, unit: &str, read: &UnitReading) -> BTreeSet<String> {
    let stopped = STOP_KEYS.iter().flat_map(|key| facts.words(unit, key));
    let calls = read.commands.iter().flat_map(|c| &c.analysis.calls);
    let called = calls.filter_map(|call| match call {
        Call::Unit(unit) => Some(unit.clone()),
        Call::Program(_) => None,
    });
    read.edges
        .values()
        .flatten()
        .cloned()
        .chain(stopped)
        .chain(called)
        .filter(|name| !is_ordinary_unit(name) && power_unit(name).is_none())
        .collect()
}
