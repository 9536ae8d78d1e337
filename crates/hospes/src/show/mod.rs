//! What the program shows: tables and timelines for people, documents for programs.

mod conditions;
mod outcome;
mod patch;
mod progress;
mod table;
mod timeline;
pub(crate) mod words;

pub(crate) use conditions::{check_report, fix_plan};
pub(crate) use outcome::{outcome_line, outcome_lines};
pub(crate) use patch::{patch_changes, patch_headline, patch_lines, withheld_lines};
pub(crate) use progress::Progress;
pub(crate) use table::table;
pub(crate) use timeline::{ended_line, timeline};

use std::io::{self, BufWriter, Write};

use anyhow::Result;
use serde::Serialize;

/// A document: the verb's schema, then the fields of `body`.
#[derive(Serialize)]
struct Document<'a, T> {
    schema: String,
    #[serde(flatten)]
    body: &'a T,
}

/// Prints one document: the verb's schema, then the fields of `body` (an object). A reader that went
/// away is no error. It is written piece by piece: that of a large fleet has megabytes.
pub(crate) fn document(verb: &str, body: &impl Serialize) -> Result<()> {
    let schema = format!("hospes.{verb}/1");
    let mut out = BufWriter::new(io::stdout().lock());
    let written = serde_json::to_writer_pretty(&mut out, &Document { schema, body });
    let written = written.map_err(io::Error::from);
    let ended = written.and_then(|()| out.write_all(b"\n").and_then(|()| out.flush()));
    match ended {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Prints one line on standard output; a reader that went away is no error.
pub(crate) fn line(text: &str) -> Result<()> {
    match writeln!(io::stdout().lock(), "{text}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
