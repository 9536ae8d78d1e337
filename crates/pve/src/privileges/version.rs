//! Versions of Proxmox VE.

use std::fmt;

use serde_json::Value;

/// A version, as far as it decides which privileges there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// 9 of 9.2.11.
    pub major: u32,
    /// 2 of 9.2.11.
    pub minor: u32,
}

impl Version {
    /// Reads `9.2.11`, `8.4-1`, `9.2~beta`; nothing when it begins with no number.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (major, rest) = leading_number(text.trim())?;
        let minor = rest.strip_prefix('.').and_then(leading_number);
        let minor = minor.map_or(0, |(minor, _)| minor);
        Some(Self { major, minor })
    }

    /// The version in the answer to [`crate::call::access::version`].
    #[must_use]
    pub fn answered(data: &Value) -> Option<Self> {
        let told = ["version", "release"]
            .iter()
            .filter_map(|key| data.get(*key)?.as_str());
        told.filter_map(Self::parse).next()
    }

    /// Whether what the agent may be asked is split into several privileges.
    pub(super) const fn splits_agent(self) -> bool {
        self.major >= 9
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

fn leading_number(text: &str) -> Option<(u32, &str)> {
    let end = text
        .bytes()
        .position(|byte| !byte.is_ascii_digit())
        .unwrap_or(text.len());
    Some((text[..end].parse().ok()?, &text[end..]))
}
