//! Edits to maintainer scripts: only whole lines whose loss cannot break the script's structure.

use std::collections::BTreeSet;

use crate::hooks::power_actions;

/// The script with the commands on `lines` (counted from 1) replaced by a remark; `None` when
/// that cannot be done safely.
pub(super) fn without_commands(text: &str, lines: &BTreeSet<usize>) -> Option<String> {
    let all: Vec<&str> = text.split_inclusive('\n').collect();
    let mut after: Vec<String> = all.iter().map(|line| (*line).to_owned()).collect();
    for line in lines {
        let (first, end) = logical_line(&all, line.checked_sub(1)?)?;
        let snippet: String = all[first..end].concat();
        let previous = first.checked_sub(1).map_or("", |at| all[at].trim_end());
        if !stands_alone(&snippet) || ends_open(previous) {
            return None;
        }
        let indent: String = snippet
            .chars()
            .take_while(|c| matches!(c, ' ' | '\t'))
            .collect();
        let remark: String = snippet.split_whitespace().collect::<Vec<_>>().join(" ");
        after[first] = format!("{indent}: # removed by hospes: {remark}\n");
        for gone in &mut after[first + 1..end] {
            gone.clear();
        }
    }
    let after = after.concat();
    power_actions(&after).is_empty().then_some(after)
}

/// The lines that backslashes tie to line `at`.
fn logical_line(lines: &[&str], at: usize) -> Option<(usize, usize)> {
    let continues = |at: usize| {
        lines
            .get(at)
            .is_some_and(|l| l.trim_end_matches('\n').ends_with('\\'))
    };
    lines.get(at)?;
    let mut first = at;
    while first > 0 && continues(first - 1) {
        first -= 1;
    }
    let mut end = at + 1;
    while continues(end - 1) && end < lines.len() {
        end += 1;
    }
    Some((first, end))
}

/// Whether a line opens and closes nothing but itself.
fn stands_alone(snippet: &str) -> bool {
    let is_even = |quote| snippet.matches(quote).count() % 2 == 0;
    if !is_even('\'') || !is_even('"') || !is_even('`') || ends_open(snippet.trim_end()) {
        return false;
    }
    if snippet.matches('(').count() != snippet.matches(')').count() {
        return false;
    }
    let has_here_document = snippet.contains("<<");
    let words = || snippet.split(|c: char| c.is_whitespace() || ";&|".contains(c));
    let count = |wanted: &[&str]| words().filter(|word| wanted.contains(word)).count();
    !has_here_document
        && !snippet.contains(";;")
        && count(&["if"]) == count(&["fi"])
        && count(&["case"]) == count(&["esac"])
        && count(&["for", "while", "until"]) == count(&["done"])
        && count(&["{"]) == count(&["}"])
        && (count(&["then", "else", "elif"]) == 0 || count(&["if"]) > 0)
        && (count(&["do"]) == 0 || count(&["done"]) > 0)
}

/// Whether a line leaves its command to be finished by the next.
fn ends_open(line: &str) -> bool {
    let line = line.split(" #").next().unwrap_or("").trim_end();
    ["&&", "||", "|", "\\"]
        .iter()
        .any(|end| line.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(text: &str, line: usize) -> Option<String> {
        without_commands(text, &BTreeSet::from([line]))
    }

    #[test]
    fn a_line_of_its_own_becomes_a_remark() {
        let text = "#!/bin/sh\nif true; then\n\tshutdown -r +1 \\\n\t  bye\nfi\nexit 0\n";
        let after = edited(text, 3).unwrap();
        assert_eq!(
            after,
            "#!/bin/sh\nif true; then\n\t: # removed by hospes: shutdown -r +1 \\ bye\nfi\nexit 0\n"
        );
        let one_line = edited("[ -f /x ] && { reboot; }\n", 1).unwrap();
        assert!(one_line.starts_with(": # removed by hospes:"));
    }

    #[test]
    fn a_line_that_holds_structure_is_left_to_people() {
        for (text, line) in [
            ("if true; then reboot\nfi\n", 1),
            ("case $1 in\nstop) reboot ;;\nesac\n", 2),
            ("true &&\nreboot\n", 2),
            ("reboot &&\ntrue\n", 1),
            ("sh <<E\nreboot\nE\n", 1),
            ("sh -c 'true\nreboot'\n", 1),
            ("f() {\n reboot; }\n", 2),
        ] {
            assert_eq!(edited(text, line), None, "{text}");
        }
    }
}
