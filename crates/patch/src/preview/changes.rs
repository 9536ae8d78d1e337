//! What apt would change.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Withheld, simulation, withheld};
use crate::origin::Origin;
use crate::settings::Scope;
use crate::version::Version;
use crate::wire::{self, AnswerError, Frame};

/// How many packages of a kind are kept.
pub(crate) const MAX_PACKAGES: usize = 20_000;

/// What apt would do.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Preview {
    /// Packages that would get another version.
    pub upgrades: Vec<Upgrade>,
    /// Packages that would come new.
    pub installs: Vec<Install>,
    /// Packages that would go.
    pub removals: Vec<Removal>,
    /// Packages of which a newer version is known that would not be installed.
    pub withheld: Vec<Withheld>,
    /// What could not be read.
    pub gaps: BTreeSet<String>,
}

/// A package that gets another version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upgrade {
    /// Its name, with the architecture when that is foreign (`libc6:i386`).
    pub package: String,
    /// The version that is installed.
    pub from: Version,
    /// The version that would be.
    pub to: Version,
    /// The archives that have it.
    pub origins: Vec<Origin>,
}

/// A package that comes new.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Install {
    /// Its name.
    pub package: String,
    /// Its version.
    pub version: Version,
    /// The archives that have it.
    pub origins: Vec<Origin>,
}

/// A package that goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removal {
    /// Its name.
    pub package: String,
    /// The version that is installed.
    pub version: Version,
}

/// Why there is no preview.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PreviewError {
    /// The answer is not the script's.
    #[error(transparent)]
    Answer(#[from] AnswerError),
    /// apt could not tell.
    #[error(
        "apt cannot tell what it would upgrade: {0}; run `apt-get -s dist-upgrade` in the guest"
    )]
    Apt(String),
}

impl Upgrade {
    /// A security archive has the new version.
    #[must_use]
    pub fn is_security(&self) -> bool {
        self.origins.iter().any(Origin::is_security)
    }
}

impl Install {
    /// A security archive has it.
    #[must_use]
    pub fn is_security(&self) -> bool {
        self.origins.iter().any(Origin::is_security)
    }

    /// It brings a kernel, which needs room in `/boot`.
    #[must_use]
    pub fn is_kernel(&self) -> bool {
        let numbered = |prefix| {
            let rest = self.package.strip_prefix(prefix);
            rest.is_some_and(|rest: &str| rest.starts_with(|c: char| c.is_ascii_digit()))
        };
        self.package.starts_with("linux-image-")
            || numbered("proxmox-kernel-")
            || numbered("pve-kernel-")
    }
}

impl Preview {
    /// Reads what [`script`](super::script()) printed.
    ///
    /// # Errors
    /// When it is not what the script prints, or apt failed.
    pub fn parse(stdout: &[u8], scope: Scope) -> Result<Self, PreviewError> {
        Self::from_frames(&wire::frames(stdout)?, scope)
    }

    pub(crate) fn from_frames(frames: &[Frame<'_>], scope: Scope) -> Result<Self, PreviewError> {
        let find = |kind| frames.iter().find(move |frame| frame.kind == kind);
        let simulated = find("simulation").ok_or(AnswerError::Lacks("simulation"))?;
        let text = simulated.text();
        if !simulated.is_ok() {
            let words = if simulated.status == "cut" {
                "it printed too much".to_owned()
            } else {
                simulation::complaint(&text)
            };
            return Err(PreviewError::Apt(words));
        }
        let simulation = simulation::read(&text);
        let mut preview = Self {
            upgrades: simulation.upgrades,
            installs: simulation.installs,
            removals: simulation.removals,
            withheld: Vec::new(),
            gaps: simulation.gaps,
        };
        let clues = withheld::Clues::of(frames, scope);
        preview.gaps.extend(clues.gaps().iter().cloned());
        preview.withheld = withheld::explain(simulation.listed, &clues);
        Ok(preview)
    }

    /// Nothing would change.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.upgrades.is_empty() && self.installs.is_empty() && self.removals.is_empty()
    }

    /// The packages whose new version a security archive has.
    pub fn security(&self) -> impl Iterator<Item = &str> {
        let upgrades = self.upgrades.iter().filter(|upgrade| upgrade.is_security());
        let installs = self.installs.iter().filter(|install| install.is_security());
        upgrades
            .map(|upgrade| upgrade.package.as_str())
            .chain(installs.map(|install| install.package.as_str()))
    }

    /// A kernel comes new.
    #[must_use]
    pub fn installs_kernel(&self) -> bool {
        self.installs.iter().any(Install::is_kernel)
    }
}
