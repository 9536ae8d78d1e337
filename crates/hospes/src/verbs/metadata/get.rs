//! `metadata get`: one value as it is, or what there is.

use std::io::{self, IsTerminal, Write};

use anyhow::{Result, bail};
use metadata::Key;
use serde_json::{Map, Value, json};

use super::home::{Home, excerpt, fields_of, key_of, name_of, printable};
use crate::Exit;
use crate::cli::GetMetadata;
use crate::show;

pub(super) async fn run(home: &Home, options: &GetMetadata) -> Result<Exit> {
    let (owner, word) = options.words()?;
    let scope = home.scope(owner)?;
    let key = word.map_or(Ok(Key::default()), |word| key_of(&scope, word))?;
    let values = home.store.values(&scope, &key).await?;
    for corrupt in home.store.damaged()? {
        writeln!(io::stderr().lock(), "hospes: {corrupt}")?;
    }
    if word.is_some() && values.is_empty() {
        let name = name_of(&scope);
        bail!("{name} has no value at {key} (hospes metadata get without a key lists what it has)");
    }
    if home.json {
        let mut fields = fields_of(&scope);
        fields.insert("values".to_owned(), listed(&values));
        show::document("metadata", &fields)?;
        return Ok(Exit::Ok);
    }
    match &values[..] {
        [(only, value)] if *only == key => print(value)?,
        values => {
            let rows = values
                .iter()
                .map(|(key, value)| [key.to_string(), excerpt(value)]);
            show::line(&show::table(["KEY", "VALUE"], rows))?;
        }
    }
    Ok(Exit::Ok)
}

fn listed(values: &[(Key, String)]) -> Value {
    let one = |(key, value): &(Key, String)| {
        Map::from_iter([
            ("key".to_owned(), json!(key)),
            ("value".to_owned(), json!(value)),
        ])
    };
    values.iter().map(one).collect()
}

/// As it is; to a terminal without what would steer it, since a guest may have written it.
fn print(value: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    let written = if out.is_terminal() {
        let kept = |c| matches!(c, '\n' | '\t');
        let shown: String = value
            .chars()
            .map(|c| if kept(c) { c } else { printable(c) })
            .collect();
        writeln!(out, "{}", shown.trim_end_matches('\n'))
    } else {
        out.write_all(value.as_bytes()).and_then(|()| out.flush())
    };
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
