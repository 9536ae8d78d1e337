//! What is there already: a configuration, and what is not overwritten.

use anyhow::{Result, bail};
use config::{Config, ConfigError, Environment};
use thiserror::Error;

use crate::cli::{Global, Init};

/// Something is there that is not overwritten.
#[derive(Debug, Error)]
#[error("{0}")]
pub(super) struct Kept(pub(super) String);

/// The configuration that is there, or where there could be one.
pub(super) fn configuration(
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
