//! Where a version comes from, as apt names it: `Debian-Security:12/oldstable-security`.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One archive: the label, version and suite of its Release file, as far as it has them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Origin(String);

impl Origin {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// As apt prints it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The distribution's security archive: Debian's by its label or suite, Ubuntu's by its
    /// pocket, the ones of extended maintenance among them.
    #[must_use]
    pub fn is_security(&self) -> bool {
        let (label, suite) = match self.0.split_once(':') {
            Some((label, rest)) => (label, rest.rsplit('/').next().unwrap_or(rest)),
            None => ("", self.0.as_str()),
        };
        label == "Debian-Security" || suite.ends_with("-security")
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn security_archives_are_told_by_label_or_pocket() {
        for (text, is_security) in [
            ("Debian-Security:12/oldstable-security", true),
            ("Debian-Security:11/oldstable", true),
            ("Debian:12.15/oldstable", false),
            ("Debian:12-updates/oldstable-updates", false),
            ("Ubuntu:22.04/jammy-security", true),
            ("Ubuntu:22.04/jammy-updates", false),
            ("UbuntuESMApps:22.04/jammy-apps-security", true),
            ("UbuntuESM:22.04/jammy-infra-security", true),
            ("unstable-security", true),
            ("Docker CE:jammy", false),
            ("now", false),
        ] {
            assert_eq!(Origin::new(text).is_security(), is_security, "{text}");
        }
    }
}
