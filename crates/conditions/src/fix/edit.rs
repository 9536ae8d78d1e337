//! Edits to unit files, as text.

use std::collections::BTreeSet;

use super::remedy::Remedy;
use crate::hooks::unit_file::{Setting, settings};
use crate::hooks::unit_paths::split_path;
use crate::hooks::{EVENT_KEYS, PULL_KEYS, edge_words};
use crate::{FileFacts, GuestFacts};

/// The settings to take out of one file.
#[derive(Debug, Clone, Default)]
pub(super) struct Cut {
    /// First lines of settings, counted from 1, with the unit names to take out of them; without
    /// names the whole setting goes.
    pub lines: BTreeSet<(usize, Option<String>)>,
}

/// The text without what `cut` names.
pub(super) fn without(text: &str, cut: &Cut, unit: &str) -> String {
    let found = settings(text);
    let mut after = String::new();
    for (at, line) in text.split_inclusive('\n').enumerate() {
        let Some(setting) = found.iter().find(|s| s.first <= at && at < s.end) else {
            after.push_str(line);
            continue;
        };
        let entries: Vec<&Option<String>> = cut
            .lines
            .iter()
            .filter(|(first, _)| *first == setting.first + 1)
            .map(|(_, name)| name)
            .collect();
        if entries.is_empty() {
            after.push_str(line);
        } else if at == setting.first {
            after.push_str(&remaining(setting, &entries, unit));
        }
    }
    after
}

/// What stays of a dependency setting when some names are taken out.
fn remaining(setting: &Setting, entries: &[&Option<String>], unit: &str) -> String {
    let is_edge = |key: &str| EVENT_KEYS.contains(&key) || PULL_KEYS.contains(&key);
    if !is_edge(&setting.key) || entries.iter().any(|name| name.is_none()) {
        return String::new();
    }
    let gone: Vec<&str> = entries.iter().filter_map(|name| name.as_deref()).collect();
    let resolved = edge_words(&setting.value, unit);
    let kept: Vec<&str> = setting
        .value
        .split_whitespace()
        .zip(&resolved)
        .filter(|(_, name)| !gone.contains(&name.as_str()))
        .map(|(word, _)| word)
        .collect();
    if kept.is_empty() {
        String::new()
    } else {
        format!("{}={}\n", setting.key, kept.join(" "))
    }
}

/// The remedy that replaces the text of a unit file; a drop-in without any setting goes.
pub(super) fn replace(path: &str, before: &str, after: String, why: String) -> Remedy {
    let is_drop_in = split_path(path).1.ends_with(".conf");
    let (path, before) = (path.to_owned(), before.to_owned());
    if is_drop_in && settings(&after).is_empty() {
        return Remedy::RemoveFile { path, before, why };
    }
    Remedy::EditFile {
        path,
        before,
        after,
        why,
        is_script: false,
    }
}

/// The facts as they will be when the files are changed; systemd's properties stay as they are.
pub(super) fn with_files(facts: &GuestFacts, remedies: &[Remedy]) -> GuestFacts {
    let mut facts = facts.clone();
    for remedy in remedies {
        match remedy {
            Remedy::EditFile { path, after, .. } | Remedy::CreateFile { path, after, .. } => {
                let file = FileFacts {
                    text: after.clone(),
                    truncated: false,
                };
                facts.files.insert(path.clone(), file);
            }
            Remedy::RemoveFile { path, .. } => {
                facts.files.remove(path);
            }
            _ => {}
        }
    }
    facts
}
