//! What `dpkg --audit` prints: paragraphs, each with a reason and packages under it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::wire::clip;

/// How many packages are kept.
const MAX_KEPT: usize = 500;

/// A package that is neither installed nor gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unsettled {
    /// Its name, with the architecture where dpkg names it.
    pub package: String,
    /// How it stands.
    pub state: Unsettlement,
}

/// How a package stands that is neither installed nor gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unsettlement {
    /// Its installation broke off: it has to be installed again.
    MustReinstall,
    /// Its files are there, its configuration script has not run.
    Unpacked,
    /// Its configuration script failed or was interrupted.
    HalfConfigured,
    /// It waits for another package to act on its behalf, or has to act itself.
    Triggers,
    /// Its installation or removal broke off.
    HalfInstalled,
    /// dpkg's records of it are damaged.
    RecordsMissing,
    /// dpkg says something else.
    Other,
}

impl fmt::Display for Unsettlement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MustReinstall => "its installation broke off, it has to be installed again",
            Self::Unpacked => "unpacked and not configured",
            Self::HalfConfigured => "half configured",
            Self::Triggers => "waiting for triggers",
            Self::HalfInstalled => "half installed",
            Self::RecordsMissing => "dpkg's records of it are damaged",
            Self::Other => "dpkg --audit names it",
        })
    }
}

impl Unsettlement {
    /// `dpkg --configure -a` finishes it.
    #[must_use]
    pub const fn is_mendable(self) -> bool {
        matches!(self, Self::Unpacked | Self::HalfConfigured | Self::Triggers)
    }

    /// By the first words of dpkg's paragraph.
    fn of(heading: &str) -> Self {
        let has = |words: &str| heading.contains(words);
        if has("in a mess") {
            Self::MustReinstall
        } else if has("unpacked but not yet configured") {
            Self::Unpacked
        } else if has("only half configured") {
            Self::HalfConfigured
        } else if has("trigger") {
            Self::Triggers
        } else if has("only half installed") {
            Self::HalfInstalled
        } else if has("control file in the") {
            Self::RecordsMissing
        } else {
            Self::Other
        }
    }
}

pub(crate) fn read(text: &str) -> Vec<Unsettled> {
    let mut found = Vec::new();
    let mut heading = String::new();
    let mut in_packages = false;
    for line in text.lines() {
        let Some(package) = line.strip_prefix(' ') else {
            if in_packages || line.is_empty() {
                heading.clear();
                in_packages = false;
            }
            if heading.len() < 1000 {
                heading.push_str(line);
                heading.push(' ');
            }
            continue;
        };
        in_packages = true;
        let name = package.split_whitespace().next();
        if let Some(name) = name.filter(|_| found.len() < MAX_KEPT) {
            found.push(Unsettled {
                package: clip(name, 200),
                state: Unsettlement::of(&heading),
            });
        }
    }
    found
}
