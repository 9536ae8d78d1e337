//! The names of values.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::stop::REPORT;

/// Bytes that a key may have: more than any path of the protocol needs.
const LONGEST: usize = 512;

/// The path of a value or directory below `computeMetadata/v1/`: `instance/attributes/foo`, without
/// slashes at its ends. The empty key is the root.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Key(String);

/// What is no key.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidKey {
    /// Too long.
    #[error("a metadata key has at most {LONGEST} bytes, not {0}")]
    TooLong(usize),
    /// A segment is empty, `.` or `..`, or holds what no path may hold.
    #[error(
        "`{0}` is no part of a metadata key: expected A-Z a-z 0-9 . _ ~ : -, and not `.` or `..`"
    )]
    Segment(String),
}

impl Key {
    /// Where the state of a requested stop is: hyphens, no camel case.
    #[must_use]
    pub fn stop_state() -> Self {
        Self("instance/shutdown-details/stop-state".to_owned())
    }

    /// The directory of that state and of what stands beside it.
    #[must_use]
    pub fn shutdown_details() -> Self {
        Self("instance/shutdown-details".to_owned())
    }

    /// How long a stop may take to prepare for.
    #[must_use]
    pub fn max_duration() -> Self {
        Self("instance/shutdown-details/max-duration".to_owned())
    }

    /// What tells one stop from the next.
    #[must_use]
    pub fn request_timestamp() -> Self {
        Self("instance/shutdown-details/request-timestamp".to_owned())
    }

    /// What a stop leads to.
    #[must_use]
    pub fn target_state() -> Self {
        Self("instance/shutdown-details/target-state".to_owned())
    }

    /// The guest's report on a stop: a guest attribute, which the guest itself writes.
    #[must_use]
    pub fn report() -> Self {
        Self(format!("instance/guest-attributes/{REPORT}"))
    }

    /// As it is written, without slashes at its ends.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its parts, from the root down.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.0.split('/').filter(|segment| !segment.is_empty())
    }
}

impl FromStr for Key {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        if text.len() > LONGEST {
            return Err(InvalidKey::TooLong(text.len()));
        }
        let path = text.trim_matches('/');
        let invalid = path.split('/').find(|segment| !is_segment(segment));
        match invalid {
            Some(segment) if !path.is_empty() => Err(InvalidKey::Segment(segment.to_owned())),
            _ => Ok(Self(path.to_owned())),
        }
    }
}

fn is_segment(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._~:-".contains(&byte);
    !text.is_empty() && text != "." && text != ".." && text.bytes().all(allowed)
}

impl TryFrom<String> for Key {
    type Error = InvalidKey;

    fn try_from(text: String) -> Result<Self, InvalidKey> {
        text.parse()
    }
}

impl From<Key> for String {
    fn from(key: Key) -> Self {
        key.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slashes_at_the_ends_do_not_count() {
        for text in [
            "instance/id",
            "/instance/id",
            "instance/id/",
            "//instance/id//",
        ] {
            assert_eq!(text.parse::<Key>().unwrap().as_str(), "instance/id");
        }
        assert_eq!("".parse::<Key>().unwrap(), Key::default());
        assert_eq!("/".parse::<Key>().unwrap(), Key::default());
    }

    #[test]
    fn what_could_lead_elsewhere_is_no_key() {
        for text in ["a/../b", "./a", "a//b", "a b", "a%2f", "a\nb", "ä", "a?b"] {
            assert!(text.parse::<Key>().is_err(), "{text}");
        }
        assert!("a".repeat(513).parse::<Key>().is_err());
    }

    #[test]
    fn the_protocols_own_keys_are_keys() {
        for key in [
            Key::stop_state(),
            Key::shutdown_details(),
            Key::max_duration(),
            Key::request_timestamp(),
            Key::target_state(),
            Key::report(),
        ] {
            assert_eq!(key.as_str().parse(), Ok(key.clone()));
        }
    }
}
