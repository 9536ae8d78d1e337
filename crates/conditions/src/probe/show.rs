//! The output of `systemctl show` for several units.

use std::collections::BTreeMap;

use crate::UnitFacts;
use crate::hooks::{ACTION_KEYS, EVENT_KEYS, EXEC_KEYS, PULL_KEYS, STOP_KEYS};

/// Properties that tell what a unit is and how it is; the others are those that may act.
const STATE_KEYS: [&str; 15] = [
    "Id",
    "Names",
    "LoadState",
    "ActiveState",
    "SubState",
    "UnitFileState",
    "FragmentPath",
    "DropInPaths",
    "NeedDaemonReload",
    "Job",
    "Following",
    "WantedBy",
    "UpheldBy",
    "Triggers",
    "Unit",
];

/// The properties that are asked for.
pub(super) fn properties() -> impl Iterator<Item = &'static str> {
    STATE_KEYS
        .into_iter()
        .chain(EXEC_KEYS)
        .chain(ACTION_KEYS)
        .chain(EVENT_KEYS)
        .chain(PULL_KEYS)
        .chain(STOP_KEYS)
}

/// Splits the output into units. Blocks are separated by blank lines; a value may hold newlines
/// and blank lines itself (an argument of a command), which is why a block ends only when its
/// unit has been named, and why a line that is no property belongs to the one before.
pub(super) fn units(text: &str) -> Vec<UnitFacts> {
    let mut found = Vec::new();
    let mut current: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut last: Option<&str> = None;
    for line in text.lines() {
        if line.is_empty() && current.contains_key("Id") {
            found.push(UnitFacts {
                properties: std::mem::take(&mut current),
            });
            last = None;
            continue;
        }
        let property = line
            .split_once('=')
            .filter(|(key, _)| properties().any(|known| known == *key));
        if let Some((key, value)) = property {
            current
                .entry(key.to_owned())
                .or_default()
                .push(value.to_owned());
            last = Some(key);
        } else if let Some(value) = last
            .and_then(|key| current.get_mut(key))
            .and_then(|values| values.last_mut())
        {
            value.push('\n');
            value.push_str(line);
        }
    }
    if current.contains_key("Id") {
        found.push(UnitFacts {
            properties: current,
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_argument_with_blank_lines_does_not_split_a_unit() {
        let text = "ExecStop={ path=/bin/sh ; argv[]=/bin/sh -c echo\n\npoweroff ; ignore_errors=no ; }\n\
                    Id=a.service\nNames=a.service\n\nId=b.service\nOnFailure=\n";
        let found = units(text);
        assert_eq!(found.len(), 2);
        assert!(
            found[0]
                .value("ExecStop")
                .unwrap()
                .contains("\n\npoweroff ;")
        );
        assert_eq!(found[1].value("OnFailure"), Some(""));
    }

    #[test]
    fn quoted_names_are_unquoted() {
        let text = "Id=x\nWantedBy=multi-user.target \"dev-virtio\\\\x2dports-a.device\"\n";
        let words = units(text)[0].words("WantedBy");
        assert_eq!(
            words,
            ["multi-user.target", r"dev-virtio\x2dports-a.device"]
        );
    }
}
