//! Why a newer version would not be installed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::policy::{self, Policy};
use super::simulation::{self, Listed};
use crate::settings::Scope;
use crate::version::Version;
use crate::wire::{Frame, clip};

/// A package of which a newer version is known that would not be installed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withheld {
    /// Its name.
    pub package: String,
    /// The version that is installed.
    pub from: Option<Version>,
    /// The newer one.
    pub to: Option<Version>,
    /// Why it stays.
    pub why: WithheldReason,
}

/// Why a package stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "reason")]
pub enum WithheldReason {
    /// Somebody put it on hold (`apt-mark hold`).
    Held,
    /// A pin in apt's preferences prefers the installed version.
    Pinned {
        /// The priority of the installed version.
        installed: Option<i32>,
        /// The priority of the newer one.
        newer: Option<i32>,
    },
    /// The archive offers it to a part of all machines for now, and not to this one.
    Phased {
        /// To how many of a hundred.
        percent: Option<u8>,
    },
    /// Upgrading it would install other packages, which `apt-get upgrade` does not.
    NeedsNew {
        /// Which.
        packages: Vec<String>,
    },
    /// Upgrading it would remove other packages.
    NeedsRemoval {
        /// Which.
        packages: Vec<String>,
    },
    /// Something that it needs cannot be had.
    Unmet {
        /// apt's words, a sentence for each.
        dependencies: Vec<String>,
    },
    /// apt keeps it back and does not say why.
    Unexplained,
}

impl fmt::Display for WithheldReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Held => f.write_str("on hold; `apt-mark unhold` lets it go"),
            Self::Pinned {
                installed: Some(installed),
                newer: Some(newer),
            } => write!(
                f,
                "pinned: the installed version has priority {installed}, the newer one {newer}"
            ),
            Self::Pinned { .. } => f.write_str("a pin prefers the installed version"),
            Self::Phased { percent: Some(of) } => {
                write!(f, "phased: offered to {of} of 100 machines so far")
            }
            Self::Phased { percent: None } => {
                f.write_str("phased: not offered to this machine yet")
            }
            Self::NeedsNew { packages } => write!(f, "would install {}", packages.join(", ")),
            Self::NeedsRemoval { packages } => write!(f, "would remove {}", packages.join(", ")),
            Self::Unmet { dependencies } => f.write_str(&dependencies.join("; ")),
            Self::Unexplained => f.write_str("kept back; apt does not say why"),
        }
    }
}

/// What there is to explain with.
#[derive(Debug)]
pub(super) struct Clues {
    held: BTreeSet<String>,
    policies: BTreeMap<String, Policy>,
    /// What installing it by name would do or complain, by package.
    trials: BTreeMap<String, WithheldReason>,
    gaps: BTreeSet<String>,
}

impl Clues {
    pub(super) fn of(frames: &[Frame<'_>], scope: Scope) -> Self {
        let mut clues = Self {
            held: BTreeSet::new(),
            policies: BTreeMap::new(),
            trials: BTreeMap::new(),
            gaps: BTreeSet::new(),
        };
        for frame in frames {
            match frame.kind {
                "held" if frame.is_ok() => {
                    clues.held = frame.text().lines().map(str::to_owned).collect();
                }
                "held" => {
                    let words = clip(&frame.text(), 200);
                    clues.gaps.insert(format!("holds are not known: {words}"));
                }
                "policy" => clues.policies = policy::read(&frame.text()),
                kind => {
                    if let Some(package) = kind.strip_prefix("install:") {
                        let reason = trial(package, &frame.text(), scope);
                        clues
                            .trials
                            .extend(reason.map(|why| (package.to_owned(), why)));
                    }
                }
            }
        }
        clues
    }

    pub(super) fn gaps(&self) -> &BTreeSet<String> {
        &self.gaps
    }

    fn is_held(&self, package: &str) -> bool {
        let bare = package.split(':').next().unwrap_or(package);
        self.held.contains(package) || self.held.contains(bare)
    }

    fn reason(&self, listed: &Listed) -> WithheldReason {
        let package = listed.package.as_str();
        let policy = self.policies.get(package);
        if self.is_held(package) {
            return WithheldReason::Held;
        }
        let percent = policy.and_then(Policy::phased);
        if listed.is_phasing || percent.is_some_and(|percent| percent < 100) {
            return WithheldReason::Phased { percent };
        }
        self.trials
            .get(package)
            .cloned()
            .unwrap_or(WithheldReason::Unexplained)
    }
}

/// Each package that apt lists as left alone, and each that a pin hides from it.
pub(super) fn explain(listed: Vec<Listed>, clues: &Clues) -> Vec<Withheld> {
    let mut withheld: Vec<Withheld> = Vec::new();
    for listed in listed {
        let why = clues.reason(&listed);
        let policy = clues.policies.get(&listed.package);
        let (from, to) = match listed.versions {
            Some((from, to)) => (Some(from), Some(to)),
            None => policy.map_or((None, None), |policy| {
                (policy.installed.clone(), policy.candidate.clone())
            }),
        };
        withheld.push(Withheld {
            package: listed.package,
            from,
            to,
            why,
        });
    }
    let names: BTreeSet<String> = withheld.iter().map(|one| one.package.clone()).collect();
    for (package, policy) in &clues.policies {
        if let Some((from, to)) = policy.pinned_out().filter(|_| !names.contains(package)) {
            withheld.push(Withheld {
                package: package.clone(),
                from: Some(from.clone()),
                to: Some(to.clone()),
                why: WithheldReason::Pinned {
                    installed: policy.priority(from),
                    newer: policy.priority(to),
                },
            });
        }
    }
    withheld
}

/// Reads `apt-get -s install PACKAGE`.
fn trial(package: &str, text: &str, scope: Scope) -> Option<WithheldReason> {
    let dependencies = unmet(text);
    if !dependencies.is_empty() {
        return Some(WithheldReason::Unmet { dependencies });
    }
    let simulation = simulation::read(text);
    let removed: Vec<String> = simulation
        .removals
        .into_iter()
        .map(|removal| removal.package)
        .collect();
    if !removed.is_empty() {
        return Some(WithheldReason::NeedsRemoval { packages: removed });
    }
    let new: Vec<String> = simulation
        .installs
        .into_iter()
        .map(|install| install.package)
        .filter(|name| name != package)
        .collect();
    (scope == Scope::Upgrade && !new.is_empty())
        .then_some(WithheldReason::NeedsNew { packages: new })
}

/// ` sed : Depends: nowhere (>= 2) but it is not installable`, with more lines for alternatives.
fn unmet(text: &str) -> Vec<String> {
    let is_heading = |line: &&str| {
        line.ends_with("have unmet dependencies:") || *line == "Unsatisfied dependencies:"
    };
    let mut sentences: Vec<String> = Vec::new();
    for line in text.lines().skip_while(|line| !is_heading(line)).skip(1) {
        if !line.starts_with(' ') || sentences.len() >= 8 {
            break;
        }
        match sentences.last_mut() {
            Some(last) if !line.contains(": ") => {
                last.push(' ');
                last.push_str(&clip(line, 200));
            }
            _ => sentences.push(clip(line, 200)),
        }
    }
    sentences
}
