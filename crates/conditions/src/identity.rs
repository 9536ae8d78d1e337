//! Names of guests and nodes, and the identity of one boot.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A guest's name in the configuration: unique, 1 to 63 of `A-Z a-z 0-9 . _ -`, no leading `-` or `.`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GuestId(String);

/// The hypervisor host on which a guest runs; for local machines this machine's host name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeName(String);

/// The kernel's random id of one boot (`/proc/sys/kernel/random/boot_id`), a lower-case UUID.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BootId(String);

/// A text that is not a name or id of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is not {wanted}")]
pub struct InvalidName {
    text: String,
    wanted: &'static str,
}

impl InvalidName {
    fn new(text: &str, wanted: &'static str) -> Self {
        let text = text.chars().take(80).collect();
        Self { text, wanted }
    }
}

impl GuestId {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for GuestId {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        let fits = (1..=63).contains(&text.len()) && !text.starts_with(['-', '.']);
        if fits && text.chars().all(allowed) {
            return Ok(Self(text.to_owned()));
        }
        Err(InvalidName::new(
            text,
            "a guest name (1 to 63 of A-Z a-z 0-9 . _ -)",
        ))
    }
}

impl NodeName {
    /// A node called `name`.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl BootId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first eight digits, enough for a person to tell two boots apart.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.0[..8]
    }
}

impl FromStr for BootId {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let text = text.trim_end_matches('\n');
        let dash_at = |i: usize| matches!(i, 8 | 13 | 18 | 23);
        let is_uuid = text.len() == 36
            && text.bytes().enumerate().all(|(i, b)| match b {
                b'-' => dash_at(i),
                _ => !dash_at(i) && b.is_ascii_hexdigit(),
            });
        if is_uuid {
            return Ok(Self(text.to_ascii_lowercase()));
        }
        Err(InvalidName::new(text, "a boot id (a UUID)"))
    }
}

macro_rules! text_conversions {
    ($($name:ty),*) => {$(
        impl TryFrom<String> for $name {
            type Error = InvalidName;
            fn try_from(text: String) -> Result<Self, InvalidName> {
                text.parse()
            }
        }
        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }
    )*};
}
text_conversions!(GuestId, BootId);

macro_rules! display_as_text {
    ($($name:ty),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    )*};
}
display_as_text!(GuestId, NodeName, BootId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guest_names_are_plain_and_short() {
        for good in ["web1", "db-01.lab", "A_b"] {
            assert!(good.parse::<GuestId>().is_ok(), "{good}");
        }
        let long = "x".repeat(64);
        for bad in ["", "-rf", ".x", "a b", "a/b", "é", long.as_str()] {
            assert!(bad.parse::<GuestId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn only_a_uuid_is_a_boot_id() {
        let id = "8d0e5f1e-1111-4222-8333-94444444444a";
        assert_eq!(format!("{id}\n").parse::<BootId>().unwrap().as_str(), id);
        assert_eq!(id.to_uppercase().parse::<BootId>().unwrap().as_str(), id);
        for bad in [
            "",
            "cat: boot_id: No such file",
            "8d0e5f1e11114222833394444444444a8d0e",
        ] {
            assert!(bad.parse::<BootId>().is_err(), "{bad}");
        }
    }
}
