//! What `apt-cache policy PACKAGE...` prints.
//!
//! ```text
//! openssl:
//!   Installed: 3.0.19-1~deb12u2
//!   Candidate: 3.0.19-1~deb12u2
//!   Version table:
//!      3.0.22-1~deb12u2 500 (phased 10%)
//!         500 http://deb.debian.org/debian-security bookworm-security/main amd64 Packages
//!  *** 3.0.19-1~deb12u2 1001
//!         100 /var/lib/dpkg/status
//! ```

use std::collections::BTreeMap;

use super::MAX_PACKAGES;
use crate::version::Version;

/// One package's versions.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Policy {
    pub installed: Option<Version>,
    pub candidate: Option<Version>,
    /// The newest first, as apt sorts them.
    pub table: Vec<Row>,
}

/// A version that apt knows.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub version: Version,
    pub priority: i32,
    /// To how many of a hundred machines it is offered.
    pub phased: Option<u8>,
}

impl Policy {
    /// The newest version above the installed one that is not the candidate: a pin keeps it out.
    pub(super) fn pinned_out(&self) -> Option<(&Version, &Version)> {
        let installed = self.installed.as_ref()?;
        let newest = self.table.first()?;
        let is_out = newest.version > *installed && self.candidate.as_ref() == Some(installed);
        is_out.then_some((installed, &newest.version))
    }

    /// The priority of `version`.
    pub(super) fn priority(&self, version: &Version) -> Option<i32> {
        let row = self.table.iter().find(|row| row.version == *version)?;
        Some(row.priority)
    }

    /// To how many of a hundred machines the candidate is offered.
    pub(super) fn phased(&self) -> Option<u8> {
        let candidate = self.candidate.as_ref()?;
        let row = self.table.iter().find(|row| row.version == *candidate)?;
        row.phased
    }
}

pub(super) fn read(text: &str) -> BTreeMap<String, Policy> {
    let mut found: BTreeMap<String, Policy> = BTreeMap::new();
    let mut current: Option<&mut Policy> = None;
    let full = |found: &BTreeMap<String, Policy>| found.len() >= MAX_PACKAGES;
    for line in text.lines() {
        if !line.starts_with(' ') {
            current = match line.strip_suffix(':') {
                Some(name) if !full(&found) => Some(found.entry(name.to_owned()).or_default()),
                _ => None,
            };
            continue;
        }
        let Some(policy) = current.as_deref_mut() else {
            continue;
        };
        if let Some(version) = line.strip_prefix("  Installed: ") {
            policy.installed = known(version);
        } else if let Some(version) = line.strip_prefix("  Candidate: ") {
            policy.candidate = known(version);
        } else if let Some(row) = line
            .strip_prefix("     ")
            .or_else(|| line.strip_prefix(" *** "))
            .filter(|row| !row.starts_with(' '))
            .and_then(row)
        {
            policy.table.push(row);
        }
    }
    found
}

fn known(version: &str) -> Option<Version> {
    (version != "(none)").then(|| Version::new(version))
}

fn row(text: &str) -> Option<Row> {
    let mut words = text.split_whitespace();
    let version = Version::new(words.next()?);
    let priority = words.next()?.parse().ok()?;
    let phased = match (words.next(), words.next()) {
        (Some("(phased"), Some(percent)) => percent.strip_suffix("%)").and_then(|p| p.parse().ok()),
        _ => None,
    };
    Some(Row {
        version,
        priority,
        phased,
    })
}
