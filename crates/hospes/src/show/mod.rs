//! What the program shows: tables and timelines for people, documents for programs.

mod conditions;
mod outcome;
mod progress;
mod table;
mod timeline;
pub(crate) mod words;

pub(crate) use conditions::{check_report, fix_plan};
pub(crate) use outcome::{outcome_line, outcome_lines};
pub(crate) use progress::Progress;
pub(crate) use table::table;
pub(crate) use timeline::timeline;

use std::io::{self, Write};

use anyhow::Result;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// Prints one document: the verb's schema, then the fields of `body` (an object).
pub(crate) fn document(verb: &str, body: &impl Serialize) -> Result<()> {
    let mut document = Map::new();
    document.insert("schema".to_owned(), json!(format!("hospes.{verb}/1")));
    if let Value::Object(fields) = serde_json::to_value(body)? {
        document.extend(fields);
    }
    line(&serde_json::to_string_pretty(&document)?)
}

/// Prints one line on standard output; a reader that went away is no error.
pub(crate) fn line(text: &str) -> Result<()> {
    match writeln!(io::stdout().lock(), "{text}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
