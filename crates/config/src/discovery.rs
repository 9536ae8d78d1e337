//! Which file is the configuration.

use std::path::{Path, PathBuf};

use crate::{ConfigError, Environment};

/// The file that was named, or else the first that exists of the usual places. A file that was
/// named is taken even if it is missing: another one must not step in for it.
pub(crate) fn locate(
    explicit: Option<&Path>,
    environment: &Environment,
) -> Result<PathBuf, ConfigError> {
    if let Some(named) = explicit.or(environment.hospes_config.as_deref()) {
        return Ok(named.to_owned());
    }
    let of_user = environment
        .config_home()
        .map(|home| home.join("hospes/hospes.toml"));
    let places: Vec<PathBuf> = of_user
        .into_iter()
        .chain([environment.system_config.clone()])
        .collect();
    // One that cannot be looked at is taken too; reading it tells why.
    let exists = |place: &&PathBuf| place.try_exists().unwrap_or(true);
    match places.iter().find(exists) {
        Some(place) => Ok(place.clone()),
        None => Err(ConfigError::NotFound { places }),
    }
}
