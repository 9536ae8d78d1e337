//! Where systemd looks for unit files and drop-ins, and in which order it loads them.

use std::collections::BTreeMap;

use crate::GuestFacts;

/// systemd's directories for system units, the strongest first (systemd.unit(5)).
pub(crate) const DIRECTORIES: [&str; 13] = [
    "/etc/systemd/system.control",
    "/run/systemd/system.control",
    "/run/systemd/transient",
    "/run/systemd/generator.early",
    "/etc/systemd/system",
    "/etc/systemd/system.attached",
    "/run/systemd/system",
    "/run/systemd/system.attached",
    "/run/systemd/generator",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
    "/run/systemd/generator.late",
];

/// Names of the drop-in directories of a unit, the most specific first: its own, those of its
/// dash prefixes, that of its type.
pub(crate) fn drop_in_names(unit: &str) -> Vec<String> {
    let mut names = vec![format!("{unit}.d")];
    if let Some((stem, kind)) = unit.rsplit_once('.') {
        let dashes = stem
            .match_indices('-')
            .map(|(at, _)| at)
            .collect::<Vec<_>>();
        for at in dashes.into_iter().rev().filter(|at| at + 1 < stem.len()) {
            names.push(format!("{}.{kind}.d", &stem[..=at]));
        }
        if let Some((template, _)) = stem.split_once('@') {
            names.push(format!("{template}@.{kind}.d"));
        }
        names.push(format!("{kind}.d"));
    }
    names
}

/// Directory and file name of a path.
pub(crate) fn split_path(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

fn rank(directory: &str) -> usize {
    DIRECTORIES
        .iter()
        .position(|d| *d == directory)
        .unwrap_or(DIRECTORIES.len())
}

/// The files that systemd would load for `unit` now, in order, as far as they were read:
/// the fragment, then the drop-ins by file name, each name from its strongest directory.
pub(crate) fn load_order<'a>(facts: &'a GuestFacts, unit: &str) -> Vec<(&'a str, &'a str)> {
    let fragment = DIRECTORIES
        .iter()
        .map(|d| format!("{d}/{unit}"))
        .chain(facts.words(unit, "FragmentPath"))
        // An empty file masks the unit; what it hides comes back when it is unmasked.
        .find_map(|path| {
            facts
                .files
                .get_key_value(&path)
                .filter(|(_, file)| !file.text.trim().is_empty())
        });
    let drop_in_dirs = drop_in_names(unit);
    let reported = facts.words(unit, "DropInPaths");
    let mut by_name: BTreeMap<&str, ((usize, usize), &'a str, &'a str)> = BTreeMap::new();
    for (path, file) in &facts.files {
        let (directory, name) = split_path(path);
        let (parent, dir_name) = split_path(directory);
        let specific = drop_in_dirs.iter().position(|d| d == dir_name);
        let is_reported = reported.contains(path);
        if !name.ends_with(".conf")
            || (!is_reported && (specific.is_none() || rank(parent) == DIRECTORIES.len()))
        {
            continue;
        }
        let strength = (specific.unwrap_or(drop_in_dirs.len()), rank(parent));
        let entry = by_name.entry(name).or_insert((strength, path, &file.text));
        if strength < entry.0 {
            *entry = (strength, path, &file.text);
        }
    }
    let drop_ins = by_name.into_values().map(|(_, path, text)| (path, text));
    fragment
        .map(|(path, file)| (path.as_str(), file.text.as_str()))
        .into_iter()
        .chain(drop_ins)
        .collect()
}
