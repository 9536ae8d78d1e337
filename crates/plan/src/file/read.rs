//! The whole file.

use std::collections::BTreeMap;
use std::time::Duration;

use toml_file::value::{text, texts};
use toml_file::{Fault, Mistakes, Table, Value, did_you_mean, near};

use super::group::Declared;
use super::settings::{self, Settings, hook};
use super::{Group, Hold, Mistaken, PlanFile, value};
use crate::Amount;
use crate::order;
use crate::policy::Hooks;
use crate::window::{Clock, Day, Window, Zone};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const DEADLINE: Duration = Duration::from_secs(7 * 24 * 60 * 60);
const LONGEST_DEADLINE: Duration = Duration::from_secs(92 * 24 * 60 * 60);
const AT_ONCE: u32 = 20;
/// More windows than anybody needs.
const WINDOWS_LIMIT: usize = 100;

const KEYS: &[&str] = &[
    "name",
    "time-zone",
    "deadline",
    "at-once",
    "max-failures",
    "max-unavailable-per-node",
    "max-unavailable-nodes",
    "hooks",
    "defaults",
    "window",
    "group",
    "hold",
];
const HOOK_KEYS: &[&str] = &["before-campaign", "after-campaign", "timeout"];
const WINDOW_KEYS: &[&str] = &["days", "from", "to", "time-zone"];
const HOLD_KEYS: &[&str] = &["member", "reason", "until"];

pub(super) fn file(bytes: &[u8], size_limit: usize) -> Result<PlanFile, Mistaken> {
    let mut mistakes = Mistakes::default();
    let text = String::from_utf8_lossy(bytes);
    let mut file = None;
    if bytes.len() > size_limit {
        let message = format!("the file is longer than {} MiB", size_limit >> 20);
        mistakes.push(Fault::new(0..0, message));
    } else if let Some(text) = mistakes.collect(toml_file::text(bytes)) {
        file = document(text, &mut mistakes);
    }
    match file {
        Some(file) if mistakes.is_empty() => Ok(file),
        _ => {
            let (mistakes, more) = mistakes.located(&text);
            Err(Mistaken { mistakes, more })
        }
    }
}

fn document(text: &str, mistakes: &mut Mistakes) -> Option<PlanFile> {
    let document = mistakes.collect(toml_file::parse(text))?;
    let table = Table::file(&document);
    table.allow_only(KEYS, mistakes);
    let zone = zone(&table, mistakes).unwrap_or_else(Zone::utc);
    let windows = windows(&table, &zone, mistakes);
    let groups = groups(&table, mistakes);
    if groups.is_empty() && mistakes.is_empty() {
        let note = "[group.web] with `guests = [\"tag:web\"]` makes one";
        mistakes.push(Fault::new(0..0, "the file has no group").with_note(note));
    }
    let amount = |key: &str, least: u32, mistakes: &mut Mistakes| {
        table.read(key, mistakes, |value| value::amount(value, least))
    };
    let at_once = table.read("at-once", mistakes, |value| value::count(value, 1));
    Some(PlanFile {
        name: table
            .read("name", mistakes, value::word)
            .unwrap_or_else(|| "patch".to_owned()),
        deadline: table
            .read("deadline", mistakes, deadline)
            .unwrap_or(DEADLINE),
        at_once: usize::try_from(at_once.unwrap_or(AT_ONCE)).unwrap_or(usize::MAX),
        max_failures: amount("max-failures", 0, mistakes).unwrap_or(Amount::Count(0)),
        max_unavailable_per_node: amount("max-unavailable-per-node", 1, mistakes),
        max_unavailable_nodes: amount("max-unavailable-nodes", 1, mistakes)
            .unwrap_or(Amount::Count(1)),
        hooks: hooks(&table, mistakes),
        holds: holds(&table, &zone, mistakes),
        windows,
        groups,
    })
}

fn zone(table: &Table<'_>, mistakes: &mut Mistakes) -> Option<Zone> {
    table.read("time-zone", mistakes, |value| {
        let (name, span) = text(value)?;
        Zone::named(name).map_err(|error| Fault::new(span, error.to_string()))
    })
}

fn deadline(value: &Value<'_>) -> Result<Duration, Fault> {
    let deadline = value::duration(value)?;
    if deadline > LONGEST_DEADLINE {
        let days = LONGEST_DEADLINE.as_secs() / DAY.as_secs();
        return Err(Fault::new(
            value.span(),
            format!("must be at most {days} days"),
        ));
    }
    Ok(deadline)
}

fn hooks(file: &Table<'_>, mistakes: &mut Mistakes) -> Hooks {
    let Some(table) = file.table("hooks", mistakes) else {
        return Hooks::default();
    };
    table.allow_only(HOOK_KEYS, mistakes);
    Hooks {
        before: hook(&table, "before-campaign", mistakes),
        after: hook(&table, "after-campaign", mistakes),
    }
}

fn windows(
    file: &Table<'_>,
    zone_of_file: &Zone,
    mistakes: &mut Mistakes,
) -> BTreeMap<String, Window> {
    let mut windows = BTreeMap::new();
    for (name, table) in file.tables("window", mistakes) {
        table.allow_only(WINDOW_KEYS, mistakes);
        let days = table.read("days", mistakes, value::days);
        let clock = |key: &str, mistakes: &mut Mistakes| {
            if !table.has(key) {
                let note = "a time such as \"22:00\"";
                mistakes.push(table.lacks(key).with_note(note));
            }
            table.read::<Clock>(key, mistakes, value::parsed)
        };
        let (from, to) = (clock("from", mistakes), clock("to", mistakes));
        let zone = zone(&table, mistakes).unwrap_or_else(|| zone_of_file.clone());
        if let (Some(from), Some(to)) = (from, to) {
            if from == to {
                let note = "a whole day is from \"00:00\" to \"24:00\"";
                let message = "`from` and `to` are the same, so the window is never open";
                mistakes.push(Fault::new(table.span(), message).with_note(note));
            }
            let days = days.unwrap_or_else(|| Day::ALL.to_vec());
            windows.insert(
                name.to_owned(),
                Window {
                    days,
                    from,
                    to,
                    zone,
                },
            );
        }
        if windows.len() > WINDOWS_LIMIT {
            let message = format!("more than {WINDOWS_LIMIT} windows");
            mistakes.push(Fault::new(table.span(), message));
            break;
        }
    }
    windows
}

fn groups(file: &Table<'_>, mistakes: &mut Mistakes) -> BTreeMap<String, Group> {
    // Those with mistakes too: a group that names one makes none.
    let windows = file.names_in("window");
    let defaults = file.table("defaults", mistakes).map(|table| {
        table.allow_only(settings::KEYS, mistakes);
        Settings::read(&table, &windows, mistakes)
    });
    let defaults = defaults.unwrap_or_default();
    let tables = file.tables("group", mistakes);
    let mut declared = Vec::new();
    for (name, table) in &tables {
        declared.extend(Declared::read(name, table, (&defaults, &windows), mistakes));
    }
    let names: Vec<&str> = tables.iter().map(|(name, _)| *name).collect();
    for group in &declared {
        for (name, span) in &group.after {
            if !names.contains(name) {
                let fault = || unknown(name, span.clone(), &names, "group").about("after");
                mistakes.push_with(fault);
            }
        }
    }
    if let Some(cycle) = order::cycle(declared.iter().map(|of| (of.name.as_str(), &of.group))) {
        let first = declared
            .iter()
            .find(|group| Some(&group.name) == cycle.first());
        let span = first.map_or(0..0, |group| group.span.clone());
        let message = format!("groups wait for each other: {}", order::told(&cycle));
        let note = "take one of them out of `after`";
        mistakes.push(Fault::new(span, message).with_note(note));
    }
    declared.into_iter().map(|of| (of.name, of.group)).collect()
}

fn holds(file: &Table<'_>, zone: &Zone, mistakes: &mut Mistakes) -> Vec<Hold> {
    let mut holds = Vec::new();
    for table in file.list("hold", mistakes) {
        table.allow_only(HOLD_KEYS, mistakes);
        for key in ["member", "reason"] {
            if !table.has(key) {
                let note = "a hold says whom it is for, and why";
                mistakes.push(table.lacks(key).with_note(note));
            }
        }
        let member = table.read("member", mistakes, value::parsed);
        let reason = table.read("reason", mistakes, |value| Ok(text(value)?.0.to_owned()));
        let until = table.read("until", mistakes, |value| value::moment(value, zone));
        if let (Some(member), Some(reason)) = (member, reason) {
            holds.push(Hold {
                member,
                reason,
                until,
            });
        }
    }
    holds
}

/// A list of names of things that are in the file.
pub(super) fn known<'t>(
    value: &'t Value<'t>,
    names: &[&str],
    what: &str,
) -> Result<Vec<String>, Fault> {
    let texts = texts(value)?.into_iter();
    let known = texts.map(|(name, span)| match names.contains(&name) {
        true => Ok(name.to_owned()),
        false => Err(unknown(name, span, names, what)),
    });
    known.collect()
}

fn unknown(name: &str, span: std::ops::Range<usize>, names: &[&str], what: &str) -> Fault {
    let shown: String = name.chars().take(60).collect();
    let message = format!("names `{shown}`, but there is no [{what}.{shown}]");
    Fault::new(span, message).with_hint(did_you_mean(&near(name, names.iter().copied())))
}
