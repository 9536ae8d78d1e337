//! `metadata set` and `metadata unset`.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail};
use metadata::Key;
use metadata::control::{Change, Scope};
use metadata::server::Limits;
use serde_json::json;

use super::home::{Home, fields_of, key_of, name_of};
use crate::Exit;
use crate::cli::{SetMetadata, UnsetMetadata};
use crate::show;

pub(super) async fn set(home: &Home, options: &SetMetadata) -> Result<Exit> {
    let (owner, word, value) = options.words()?;
    let scope = home.scope(owner)?;
    let key = key_of(&scope, word)?;
    let value = match (value, &options.file) {
        (_, Some(file)) => read(file)?,
        (value, None) => value.unwrap_or_default().to_owned(),
    };
    apply(home, scope, key, Some(value), options.check).await
}

pub(super) async fn unset(home: &Home, options: &UnsetMetadata) -> Result<Exit> {
    let (owner, word) = options.words()?;
    let scope = home.scope(owner)?;
    let key = key_of(&scope, word)?;
    apply(home, scope, key, None, options.check).await
}

async fn apply(
    home: &Home,
    scope: Scope,
    key: Key,
    value: Option<String>,
    check: bool,
) -> Result<Exit> {
    let below = home.store.values(&scope, &key).await?;
    let before = below.iter().find(|(found, _)| *found == key);
    let before = before.map(|(_, value)| value.as_str());
    if value.is_none() && before.is_none() && !below.is_empty() {
        bail!("{key} is a directory; take away one of the values in it: hospes metadata get");
    }
    let told = told(before, value.as_deref(), check);
    let body = json!({
        "key": &key,
        "dry_run": check,
        "bytes_before": before.map(str::len),
        "bytes": value.as_deref().map(str::len),
    });
    let changes = vec![Change {
        key: key.clone(),
        value,
    }];
    home.store.rehearse(&scope, &changes).await?;
    if !check {
        home.store.change(&scope, changes).await?;
    }
    if home.json {
        let mut fields = fields_of(&scope);
        fields.extend(body.as_object().cloned().unwrap_or_default());
        show::document("metadata", &fields)?;
    } else {
        show::line(&format!("{}: {key} {told}", name_of(&scope)))?;
    }
    Ok(Exit::Ok)
}

/// What becomes of a value, without showing it.
fn told(before: Option<&str>, after: Option<&str>, check: bool) -> String {
    let [set, unset] = if check {
        ["would be set", "would be taken away"]
    } else {
        ["is set", "is taken away"]
    };
    match (before.map(str::len), after.map(str::len)) {
        (None, None) => "is not set; nothing to take away".to_owned(),
        (Some(old), None) => format!("{unset} ({})", bytes(old)),
        (None, Some(new)) => format!("{set} ({})", bytes(new)),
        (Some(_), Some(new)) if before == after => {
            format!("{set} again ({}, the same)", bytes(new))
        }
        (Some(old), Some(new)) => format!("{set} ({}, before: {old})", bytes(new)),
    }
}

fn bytes(count: usize) -> String {
    format!("{count} byte{}", if count == 1 { "" } else { "s" })
}

/// A file's text as it is, or that of standard input. Read no further than a value may be long.
fn read(file: &Path) -> Result<String> {
    let limit = Limits::default().value_bytes;
    let mut bytes = Vec::new();
    let input: Box<dyn Read> = if file == Path::new("-") {
        Box::new(std::io::stdin().lock())
    } else {
        let opened = File::open(file);
        Box::new(opened.with_context(|| format!("cannot read {}", file.display()))?)
    };
    input
        .take(limit as u64 + 1)
        .read_to_end(&mut bytes)
        .with_context(|| format!("cannot read {}", file.display()))?;
    if bytes.len() > limit {
        bail!(
            "{} is longer than a metadata value may be ({limit} bytes); serve it over HTTP and set \
             the key with -url instead",
            file.display()
        );
    }
    String::from_utf8(bytes).map_err(|_| {
        anyhow::anyhow!(
            "{} is not UTF-8, and metadata values are text",
            file.display()
        )
    })
}
