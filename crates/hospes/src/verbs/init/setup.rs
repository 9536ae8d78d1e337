//! The steps, one after the other.

use std::io::Write;

use anyhow::{Result, bail};
use config::Environment;

use super::answers::Answers;
use super::ask::Asker;
use super::draft::{Draft, Place};
use super::existing::Kept;
use super::probe::probe;
use super::report::Report;
use crate::Exit;
use crate::cli::{Global, Init, Misused};

pub(in crate::verbs) async fn run(global: &Global, options: &Init) -> Result<Exit> {
    match set_up(global, options).await {
        Err(error) if error.is::<Kept>() => {
            writeln!(std::io::stderr().lock(), "hospes: {error}")?;
            Ok(Exit::Refused)
        }
        ended => ended,
    }
}

async fn set_up(global: &Global, options: &Init) -> Result<Exit> {
    let environment = Environment::current();
    let asker = Asker::new(options.yes || global.json);
    let place = Place::of(global, options, &environment)?;
    let answers = Answers::gather(options, &asker, &place).await?;
    let settings = answers.settings(&environment)?;
    let seen = probe(settings).await?;
    let draft = Draft::new(place, &answers, &environment)?;
    let report = Report {
        answers: &answers,
        seen: &seen,
        draft: &draft,
    };
    if !global.json {
        report.show()?;
    }
    let is_written = !options.check && may_write(options, &asker, &draft).await?;
    if is_written {
        draft.write()?;
    }
    if global.json {
        report.document(is_written)?;
    } else {
        report.show_end(is_written)?;
    }
    Ok(Exit::Ok)
}

async fn may_write(options: &Init, asker: &Asker, draft: &Draft<'_>) -> Result<bool> {
    if options.yes {
        return Ok(true);
    }
    if !asker.can_ask() {
        return Err(Misused::Unasked("--yes, or --check").into());
    }
    let question = format!("Write this to {}?", draft.file().display());
    if asker.agrees(&question, true).await? {
        return Ok(true);
    }
    bail!("nothing was written")
}
