//! The names of values.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

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

    /// What stands beside the state of a stop: `target-state`, `max-duration`, `request-timestamp`.
    #[must_use]
    pub fn shutdown_details() -> Self {
        Self("instance/shutdown-details".to_owned())
    }

    /// The guest attribute `namespace/name`, which the guest itself may write.
    ///
    /// # Errors
    /// When either cannot be part of a key.
    pub fn guest_attribute(namespace: &str, name: &str) -> Result<Self, InvalidKey> {
        format!("instance/guest-attributes/{namespace}/{name}").parse()
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

    /// Whether this is `directory` itself or below it.
    #[must_use]
    pub fn is_within(&self, directory: &Self) -> bool {
        let rest = self.0.strip_prefix(&directory.0);
        directory.0.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
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
    fn a_directory_holds_itself_and_what_is_below_and_no_namesake() {
        let key = |text: &str| text.parse::<Key>().unwrap();
        assert!(key("a/b").is_within(&key("a")));
        assert!(key("a").is_within(&key("a")) && key("a").is_within(&Key::default()));
        assert!(!key("ab/c").is_within(&key("a")) && !key("a").is_within(&key("a/b")));
    }
}
