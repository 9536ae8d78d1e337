//! What mistakes never show. The file should hold no secrets; one that somebody wrote into it all
//! the same must not reach a terminal or a log.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::cluster;

/// What the names of secrets hold.
const WORDS: [&str; 7] = [
    "token",
    "secret",
    "passw",
    "passphrase",
    "credential",
    "apikey",
    "api-key",
];

/// The places in a file that may hold secrets: the values of keys that are called so, and of keys
/// of clusters that nobody knows.
pub(crate) fn of_document(document: &DeTable<'_>) -> Vec<Range<usize>> {
    let mut hidden = Vec::new();
    walk(document, &mut Vec::new(), &mut hidden);
    hidden
}

fn walk<'t>(table: &'t DeTable<'_>, path: &mut Vec<&'t str>, hidden: &mut Vec<Range<usize>>) {
    for (key, value) in table {
        path.push(key.get_ref());
        match value.get_ref() {
            DeValue::Table(inner) => walk(inner, path, hidden),
            _ if is_secretive(path) => hidden.push(value.span()),
            DeValue::Array(items) => tables(items, path, hidden),
            _ => {}
        }
        path.pop();
    }
}

fn tables<'t>(
    items: &'t [Spanned<DeValue<'_>>],
    path: &mut Vec<&'t str>,
    hidden: &mut Vec<Range<usize>>,
) {
    for item in items {
        if let DeValue::Table(inner) = item.get_ref() {
            walk(inner, path, hidden);
        }
    }
}

fn is_secretive(path: &[&str]) -> bool {
    let unknown = matches!(path, ["cluster", _, key, ..] if !cluster::is_open(key));
    unknown || path.iter().any(|key| names_a_secret(key))
}

fn names_a_secret(text: &str) -> bool {
    let text = text.to_ascii_lowercase().replace('_', "-");
    WORDS.iter().any(|word| text.contains(word))
}

/// The same of a file that cannot be understood: in the tables of clusters, and behind a line that
/// names a secret, nothing is shown but headers and keys that are known. Later lines without a key
/// may still belong to such a value.
pub(crate) fn of_text(text: &str) -> Vec<Range<usize>> {
    let (mut hidden, mut start) = (Vec::new(), 0);
    let (mut hiding, mut has_hidden) = (false, false);
    for line in text.split_inclusive('\n') {
        let header = header(line);
        hiding = match header {
            Some(name) => name.starts_with("cluster"),
            None => hiding || line.trim_start().starts_with("cluster"),
        };
        let named = names_a_secret(line);
        // A comment may be about secrets, or a value that goes on below may begin in it.
        hiding |= named && !line.trim_start().starts_with('#');
        has_hidden |= hiding || named;
        let goes_on = has_hidden && header.is_none() && !has_key(line);
        if hiding || goes_on {
            let from = shown_part(line, header.is_some());
            hidden.push(start + from..start + line.len());
        }
        start += line.len();
    }
    hidden
}

/// Whether a key and the beginning of its value are there.
fn has_key(line: &str) -> bool {
    line.split_once(['=', ':'])
        .is_some_and(|(_, value)| !value.trim().is_empty())
}

/// What stands behind the bracket of a table's header, closed or not.
fn header(line: &str) -> Option<&str> {
    let name = line.trim_start().strip_prefix('[')?;
    let name = name.strip_prefix('[').unwrap_or(name).trim_start();
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        .then_some(name)
}

/// How much of a line shows nothing but a header or a key.
fn shown_part(line: &str, is_header: bool) -> usize {
    let end = line.find(['=', ':']);
    if is_header {
        let closed = line.find(']').map(|bracket| bracket + 1);
        return closed.or(end).unwrap_or(line.len());
    }
    let key = line[..end.unwrap_or(0)].trim();
    let is_known = cluster::is_open(key) || names_a_secret(key) || key.starts_with("cluster");
    end.filter(|_| is_known).map_or(0, |end| end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text with what is hidden in it crossed out.
    fn shown(text: &str, hidden: &[Range<usize>]) -> String {
        let crossed = |at: usize| hidden.iter().any(|range| range.contains(&at));
        text.char_indices()
            .map(|(at, c)| if crossed(at) && c != '\n' { '*' } else { c })
            .collect()
    }

    #[test]
    fn values_of_secrets_and_of_unknown_keys_of_clusters_are_hidden() {
        let text = r#"
            state-dir = "a"
            [guest.g]
            ssh.password = "b"
            qmp = "c"
            [cluster.home]
            tokn = "d"
            endpoints = ["e"]
            token-id = "f"
            ssh = { api_key = "g", user = "h" }
            foo.bar = [["i"], { j = "k" }]
            [[list]]
            secret = { value = 1234 }
            [guest.token-box]
            qmp = "l"
        "#;
        let document = DeTable::parse(text).unwrap();
        insta::assert_snapshot!(shown(text, &of_document(document.get_ref())));
    }

    #[test]
    fn in_a_file_that_is_not_toml_whatever_may_be_a_secret_is_hidden() {
        let text = r#"
            state-dir = /a
            [cluster.home]
            endpoints = [
            "c",
            hunter2
            aGVsbG8=
            token: d
            xyz = e
            [cluster.home] password=f
            [guest.g]
            qmp = "g"
            [guest.g.ssh]
            # no secret
            user = "h"
            password = """
            i
            [defaults]
            port = j
            cluster.home = { password = "k"
            [cluster.x
        "#;
        insta::assert_snapshot!(shown(text, &of_text(text)));
    }
}
