//! What was read before an upgrade, and what it means.

use std::collections::BTreeSet;

use conditions::BootId;
use serde::{Deserialize, Serialize};

use super::{Inhibitor, Obstacle, Unsettled, Verdict, intake, obstacle};
use crate::preview::Preview;
use crate::reboot::Signs;
use crate::settings::{RebootPolicy, Settings};
use crate::wire::{self, AnswerError};

/// What was read before an upgrade.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Preflight {
    /// What `/etc/os-release` says.
    pub os: Os,
    /// The script ran as root.
    pub as_root: bool,
    /// The boot that answered.
    pub boot_id: Option<BootId>,
    /// systemd runs, and `systemd-run` is there.
    pub has_systemd: bool,
    /// apt's version; none where there is no apt.
    pub apt: Option<String>,
    /// Free space, by mount point that was asked for.
    pub space: Vec<Space>,
    /// Packages on hold.
    pub held: BTreeSet<String>,
    /// Packages that dpkg calls unsettled.
    pub unsettled: Vec<Unsettled>,
    /// What `apt-get check` complains.
    pub broken: Option<String>,
    /// dpkg was interrupted: entries in its journal.
    pub journal: u32,
    /// Who holds apt's and dpkg's locks.
    pub locks: Vec<LockHolder>,
    /// Packages that a pin in apt's preferences names.
    pub pins: Vec<Pin>,
    /// What inhibits a shutdown or other things.
    pub inhibitors: Vec<Inhibitor>,
    /// molly-guard is installed: it asks people at a terminal before a reboot, and no script.
    pub molly_guard: bool,
    /// What asks for a reboot already.
    pub reboot: Signs,
    /// Units that have failed already; none where systemd did not answer.
    pub failed_units: Option<BTreeSet<String>>,
}

/// A distribution and its release.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Os {
    /// `debian`, `ubuntu`.
    pub id: String,
    /// What it is like: `debian`.
    pub like: String,
    /// `12`, `24.04`; empty for testing.
    pub version: String,
    /// `bookworm`, `noble`.
    pub codename: String,
    /// For people.
    pub pretty: String,
}

/// Free space of a file system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Space {
    /// The directory that was asked for.
    pub path: String,
    /// Where its file system is mounted.
    pub mount: String,
    /// In KiB.
    pub free: u64,
}

/// A process that holds a lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockHolder {
    /// The lock's file.
    pub file: String,
    /// The process.
    pub pid: u32,
    /// Its command.
    pub command: String,
    /// The unit it belongs to, where one is known.
    pub unit: Option<String>,
}

/// A package that a pin names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    /// The package.
    pub package: String,
    /// The version.
    pub version: String,
    /// Its priority.
    pub priority: i32,
}

impl Preflight {
    /// Reads what [`script`](super::script()) printed.
    ///
    /// # Errors
    /// When it is not what the script prints.
    pub fn parse(stdout: &[u8]) -> Result<Self, AnswerError> {
        let frames = wire::frames(stdout)?;
        Ok(intake::take(&frames))
    }

    /// Everything that is in the way of an upgrade.
    #[must_use]
    pub fn obstacles(&self, settings: &Settings) -> Vec<Obstacle> {
        obstacle::of(self, settings)
    }

    /// What is in the way of just this upgrade: removals that are not allowed, no room for a kernel.
    #[must_use]
    pub fn obstacles_to(&self, preview: &Preview, settings: &Settings) -> Vec<Obstacle> {
        obstacle::of_preview(self, preview, settings)
    }

    /// Whether the upgrade may begin.
    #[must_use]
    pub fn verdict(&self, settings: &Settings) -> Verdict {
        Verdict::of(self.obstacles(settings), settings.allow_mending)
    }

    /// dpkg has something to finish before anything else.
    #[must_use]
    pub fn needs_mending(&self) -> bool {
        self.journal > 0 || self.unsettled.iter().any(|one| one.state.is_mendable())
    }

    /// What blocks a shutdown, where the settings may lead to one.
    pub(super) fn shutdown_inhibitors(
        &self,
        settings: &Settings,
    ) -> impl Iterator<Item = &Inhibitor> {
        let may_reboot = settings.reboot != RebootPolicy::Never;
        let all = self.inhibitors.iter();
        all.filter(move |inhibitor| may_reboot && inhibitor.blocks_shutdown())
    }
}
