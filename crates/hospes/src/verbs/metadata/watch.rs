//! `metadata watch`: each change, as it comes.

use std::collections::BTreeMap;
use std::io::{self, Write};

use anyhow::Result;
use metadata::Key;
use metadata::control::Scope;
use serde_json::{Map, Value, json};

use super::home::{Home, excerpt, fields_of, key_of, name_of};
use crate::Exit;
use crate::cli::GetMetadata;
use crate::clock::now;

type Values = BTreeMap<Key, String>;

pub(super) async fn run(home: &Home, options: &GetMetadata) -> Result<Exit> {
    let (owner, word) = options.words()?;
    let scope = home.scope(owner)?;
    let key = word.map_or(Ok(Key::default()), |word| key_of(&scope, word))?;
    let mut watch = home.store.watch(&scope, &key).await?;
    let mut known = Values::new();
    loop {
        let values: Values = watch.next().await?.into_iter().collect();
        for (key, value) in differences(&known, &values) {
            let line = if home.json {
                json_line(&scope, key, value)?
            } else {
                line(&scope, key, value)
            };
            if !print(&line)? {
                return Ok(Exit::Ok);
            }
        }
        known = values;
    }
}

/// The values that are new or other than before, then those that are gone.
fn differences<'v>(
    before: &'v Values,
    after: &'v Values,
) -> impl Iterator<Item = (&'v Key, Option<&'v str>)> {
    let set = after
        .iter()
        .filter(|(key, value)| before.get(key) != Some(value))
        .map(|(key, value)| (key, Some(value.as_str())));
    let gone = before.keys().filter(|key| !after.contains_key(key));
    set.chain(gone.map(|key| (key, None)))
}

fn line(scope: &Scope, key: &Key, value: Option<&str>) -> String {
    let what = value.map_or("is taken away".to_owned(), |value| {
        format!("= {}", excerpt(value))
    });
    format!("{} {}: {key} {what}", now(), name_of(scope))
}

fn json_line(scope: &Scope, key: &Key, value: Option<&str>) -> Result<String> {
    let mut document = Map::from_iter([("schema".to_owned(), json!("hospes.metadata/1"))]);
    document.extend(fields_of(scope));
    document.extend([
        ("at".to_owned(), json!(now().to_string())),
        ("key".to_owned(), json!(key)),
        (
            "value".to_owned(),
            value.map_or(Value::Null, |value| json!(value)),
        ),
    ]);
    Ok(serde_json::to_string(&document)?)
}

/// Whether somebody still reads.
fn print(line: &str) -> Result<bool> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{line}").and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        written => Ok(written.map(|()| true)?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_new_other_or_gone_is_told_and_nothing_else() {
        let values = |pairs: &[(&str, &str)]| -> Values {
            pairs
                .iter()
                .map(|(key, value)| (key.parse().unwrap(), (*value).to_owned()))
                .collect()
        };
        let before = values(&[("a/gone", "1"), ("a/other", "1"), ("a/same", "1")]);
        let after = values(&[("a/new", ""), ("a/other", "2"), ("a/same", "1")]);
        let told: Vec<_> = differences(&before, &after)
            .map(|(key, value)| (key.as_str(), value))
            .collect();
        let expected = [
            ("a/new", Some("")),
            ("a/other", Some("2")),
            ("a/gone", None),
        ];
        assert_eq!(told, expected);
    }
}
