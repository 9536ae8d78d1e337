//! Looking for services of others.

use std::io;

use super::Presence;
use super::manager::{Access, Manager};
use crate::{Error, Result};

/// Whether the service `name` is there.
///
/// # Errors
/// Who may not ask; an answer that says neither.
pub fn presence(name: &str) -> Result<Presence> {
    look(name).map_err(|error| {
        let why = crate::reason(&error);
        let why = why.trim_end_matches('.');
        Error::Invalid(format!("cannot look for the service {name}: {why}"))
    })
}

fn look(name: &str) -> io::Result<Presence> {
    let Some(entry) = Manager::connect(Access::Look)?.find(name)? else {
        return Ok(Presence::Missing);
    };
    Ok(match entry.is_disabled()? {
        true => Presence::Disabled,
        false => Presence::Enabled,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_there_or_not() {
        assert_eq!(presence("Eventlog").ok(), Some(Presence::Enabled));
        assert_eq!(presence("hospes-no-such").ok(), Some(Presence::Missing));
    }
}
