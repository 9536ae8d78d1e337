//! `init`: from a node's address and a token to a configuration that works.
//!
//! ```text
//! options, else questions ─► Host ─► certificate: trusted, named, or compared by the operator
//!                                  ─► token ─► probe: version, guests, missing privileges
//!                                  ─► Draft ─► written, beside its secret; or only shown
//! ```
//!
//! Nothing is written before the connection has worked, and no file is overwritten. A secret that is
//! typed is neither shown nor kept anywhere but in its file.

mod answers;
mod ask;
mod certificate;
mod draft;
mod probe;
mod report;
mod typed;

use std::io::Write;

use anyhow::{Result, bail};
use config::{Config, ConfigError, Environment};
use thiserror::Error;

use self::answers::Answers;
use self::ask::Asker;
use self::draft::{Draft, Place};
use self::report::Report;
use crate::Exit;
use crate::cli::{Global, Init, Misused};

/// Something is there that is not overwritten.
#[derive(Debug, Error)]
#[error("{0}")]
struct Kept(String);

pub(super) async fn run(global: &Global, options: &Init) -> Result<Exit> {
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
    let seen = probe::probe(settings).await?;
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

/// The configuration that is there, or where there could be one.
fn configuration(
    global: &Global,
    options: &Init,
    environment: &Environment,
) -> Result<(std::path::PathBuf, Option<Config>)> {
    let named = options.output.as_ref().or(global.config.as_ref());
    match Config::load(named.map(std::path::PathBuf::as_path), environment) {
        Ok(config) => Ok((config.file.clone(), Some(config))),
        Err(ConfigError::NotFound { places }) => match places.into_iter().next() {
            Some(place) => Ok((place, None)),
            None => bail!("there is no place for a configuration; name one with --output"),
        },
        Err(ConfigError::Unreadable { file, source })
            if source.kind() == std::io::ErrorKind::NotFound =>
        {
            Ok((std::path::absolute(file)?, None))
        }
        Err(other) => Err(other.into()),
    }
}
