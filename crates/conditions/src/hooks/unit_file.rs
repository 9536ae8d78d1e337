//! Unit files: settings, continuation lines, and which of them are live.

use super::hook::Source;

/// One setting of a unit file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting {
    /// The section's name (`Service`).
    pub section: String,
    /// Its name.
    pub key: String,
    /// Its value, continuation lines joined.
    pub value: String,
    /// Its first line, counted from 0.
    pub first: usize,
    /// The line after its last one.
    pub end: usize,
}

/// The settings of a unit file, in order. Total on any text.
pub(crate) fn settings(text: &str) -> Vec<Setting> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    let mut section = String::new();
    let mut at = 0;
    while at < lines.len() {
        let first = at;
        let (logical, end) = logical_line(&lines, at);
        at = end;
        let logical = logical.trim();
        if logical.is_empty() || logical.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = logical.strip_prefix('[') {
            section = name.trim_end_matches(']').to_owned();
        } else if let Some((key, value)) = logical.split_once('=') {
            found.push(Setting {
                section: section.clone(),
                key: key.trim().to_owned(),
                value: value.trim().to_owned(),
                first,
                end,
            });
        }
    }
    found
}

/// Joins a line with those that a trailing backslash continues; comments in between are skipped.
fn logical_line(lines: &[&str], first: usize) -> (String, usize) {
    let mut joined = String::new();
    let mut at = first;
    let is_comment = |line: &str| line.trim_start().starts_with(['#', ';']);
    if is_comment(lines[first]) {
        return (String::new(), first + 1);
    }
    while let Some(line) = lines.get(at) {
        at += 1;
        if at > first + 1 && is_comment(line) {
            continue;
        }
        match line.trim_end_matches('\r').strip_suffix('\\') {
            Some(continued) => {
                joined.push_str(continued);
                joined.push(' ');
            }
            None => {
                joined.push_str(line);
                break;
            }
        }
    }
    (joined, at)
}

/// A setting that is live, and the file that it stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Live {
    /// The file's path.
    pub path: String,
    /// The setting.
    pub setting: Setting,
}

impl Live {
    /// Where it stands, for people.
    pub(super) fn source(&self) -> Source {
        Source::File {
            path: self.path.clone(),
            line: self.setting.first + 1,
        }
    }
}

/// The settings of `key` that are live when `files` (path and text) are loaded in this order.
/// An empty `Exec...=` clears those before it; dependencies only add up and cannot be cleared; an
/// empty action is ignored (seen with systemd 252). Of actions the last one counts, but those
/// since the last `none` are all given: removing the last one brings back the one before.
pub(crate) fn live(files: &[(&str, &str)], key: &str) -> Vec<Live> {
    live_in(&parsed(files), key)
}

/// The same for files that were parsed once for several keys.
pub(super) fn live_in(settings: &[(&str, Setting)], key: &str) -> Vec<Live> {
    let is_list = key.starts_with("Exec");
    let is_action = key.ends_with("Action");
    let mut found: Vec<Live> = Vec::new();
    for (path, setting) in settings.iter().filter(|(_, setting)| setting.key == key) {
        if setting.value.is_empty() {
            if is_list {
                found.clear();
            }
            continue;
        }
        if is_action && setting.value == "none" {
            found.clear();
        }
        found.push(Live {
            path: (*path).to_owned(),
            setting: setting.clone(),
        });
    }
    found
}

/// The settings of all `files`, each with the path of its file.
pub(super) fn parsed<'a>(files: &[(&'a str, &str)]) -> Vec<(&'a str, Setting)> {
    let of_file = |(path, text): &(&'a str, &str)| {
        let path = *path;
        settings(text).into_iter().map(move |s| (path, s))
    };
    files.iter().flat_map(of_file).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn continuation_lines_belong_to_their_setting() {
        let text = "[Service]\nExecStop=/bin/sh -c \\\n# note\n  poweroff\nRestart=always\n";
        let found = settings(text);
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].first, found[0].end), (1, 4));
        assert!(found[0].value.ends_with("poweroff"), "{}", found[0].value);
        assert_eq!(found[1].section, "Service");
    }

    #[test]
    fn an_empty_setting_clears_commands_but_neither_actions_nor_dependencies() {
        let a = "[Service]\nExecStop=/a\n[Unit]\nSuccessAction=poweroff\nOnFailure=x.service\n";
        let b = "[Service]\nExecStop=\nExecStop=/b\n[Unit]\nSuccessAction=\nOnFailure=\n";
        let files = [("a", a), ("b", b)];
        let values = |key| -> Vec<String> {
            live(&files, key)
                .into_iter()
                .map(|l| l.setting.value)
                .collect()
        };
        assert_eq!(values("ExecStop"), ["/b"]);
        assert_eq!(values("SuccessAction"), ["poweroff"]);
        assert_eq!(values("OnFailure"), ["x.service"]);
    }
}
