//! What one run may do, and how long it may take.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The name of one run in the guest: of its unit and of its directory. 1 to 40 of `a-z 0-9 -`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunId(String);

/// A text that cannot name a run.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` cannot name a patch run: 1 to 40 of a-z, 0-9 and -, not beginning with -")]
pub struct InvalidRunId(String);

impl RunId {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The transient unit in which apt runs.
    #[must_use]
    pub fn unit(&self) -> String {
        format!("hospes-patch-{}.service", self.0)
    }

    /// Where the guest keeps what the unit leaves behind.
    #[must_use]
    pub fn directory(&self) -> String {
        format!("/var/lib/hospes/patch/{}", self.0)
    }

    /// The name of the snapshot that is taken before.
    #[must_use]
    pub fn snapshot(&self) -> String {
        format!("hospes-patch-{}", self.0)
    }
}

impl FromStr for RunId {
    type Err = InvalidRunId;

    fn from_str(text: &str) -> Result<Self, InvalidRunId> {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let fits = (1..=40).contains(&text.len()) && !text.starts_with('-');
        if fits && text.chars().all(allowed) {
            return Ok(Self(text.to_owned()));
        }
        Err(InvalidRunId(text.chars().take(80).collect()))
    }
}

impl TryFrom<String> for RunId {
    type Error = InvalidRunId;

    fn try_from(text: String) -> Result<Self, InvalidRunId> {
        text.parse()
    }
}

impl From<RunId> for String {
    fn from(id: RunId) -> Self {
        id.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How far apt may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// `apt-get upgrade`: installs and removes nothing; a new kernel stays out.
    Upgrade,
    /// `apt-get dist-upgrade`: installs what upgrades need; what it would remove has to be allowed.
    #[default]
    DistUpgrade,
}

impl Scope {
    /// apt-get's word for it.
    #[must_use]
    pub const fn verb(self) -> &'static str {
        match self {
            Self::Upgrade => "upgrade",
            Self::DistUpgrade => "dist-upgrade",
        }
    }
}

/// When a guest reboots after its upgrade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RebootPolicy {
    /// Not at all; what asks for a reboot is reported.
    Never,
    /// When something asks for it.
    #[default]
    IfRequired,
    /// Whenever packages changed or something asks for it.
    Always,
}

/// What happens to services that still use what was replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StaleServices {
    /// needrestart's hook is kept out of the upgrade; they are reported.
    #[default]
    Report,
    /// needrestart's hook restarts them.
    Restart,
}

/// A command of the user that has to end well after the upgrade. It may run more than once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostCommand {
    /// What it is called in the report.
    pub name: String,
    /// A line for `/bin/sh -c`, run as root.
    pub command: String,
    /// How long it may take.
    pub deadline: Duration,
}

/// The least free space, in MiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpaceNeed {
    /// On `/`.
    pub root: u64,
    /// On `/var`.
    pub var: u64,
    /// On `/boot`, when a kernel is installed.
    pub boot: u64,
}

impl Default for SpaceNeed {
    fn default() -> Self {
        Self {
            root: 512,
            var: 512,
            boot: 160,
        }
    }
}

/// How long each phase may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// How long another user of apt or dpkg is waited for, before and in the unit.
    pub lock: Duration,
    /// For one script that only looks, and how long a guest that does not answer is asked again.
    pub look: Duration,
    /// For `apt-get update`.
    pub refresh: Duration,
    /// For the unit. It is never ended for being late; the run then ends and can be resumed.
    pub upgrade: Duration,
    /// How long a guest may be silent while its unit runs.
    pub silence: Duration,
    /// How long a unit that was started is waited for to show that it runs.
    pub settle: Duration,
    /// Pause between two looks.
    pub poll: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            lock: seconds(600),
            look: seconds(180),
            refresh: seconds(600),
            upgrade: seconds(2 * 3600),
            silence: seconds(900),
            settle: seconds(20),
            poll: seconds(2),
        }
    }
}

/// What one run is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Its name.
    pub id: RunId,
    /// How far apt may go.
    #[serde(default)]
    pub scope: Scope,
    /// Whether packages may be removed for the upgrade.
    #[serde(default)]
    pub allow_removals: bool,
    /// Whether `dpkg --configure -a` may finish what was interrupted before.
    #[serde(default)]
    pub allow_mending: bool,
    /// Whether the hypervisor takes a snapshot before.
    #[serde(default)]
    pub snapshot: bool,
    /// When the guest reboots.
    #[serde(default)]
    pub reboot: RebootPolicy,
    /// What happens to stale services.
    #[serde(default)]
    pub services: StaleServices,
    /// What is run after it.
    #[serde(default)]
    pub commands: Vec<PostCommand>,
    /// The least free space.
    #[serde(default)]
    pub space: SpaceNeed,
    /// How long each phase may take.
    #[serde(default)]
    pub limits: Limits,
}

impl Settings {
    /// The defaults for the run `id`.
    #[must_use]
    pub fn new(id: RunId) -> Self {
        Self {
            id,
            scope: Scope::default(),
            allow_removals: false,
            allow_mending: false,
            snapshot: false,
            reboot: RebootPolicy::default(),
            services: StaleServices::default(),
            commands: Vec::new(),
            space: SpaceNeed::default(),
            limits: Limits::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_named_so_that_no_shell_or_path_is_surprised() {
        for good in ["a", "2026-03-01-web-1", "0"] {
            assert_eq!(good.parse::<RunId>().unwrap().as_str(), good);
        }
        for bad in ["", "-a", "a/b", "..", "a b", "A", "a;b", &"x".repeat(41)] {
            assert!(bad.parse::<RunId>().is_err(), "{bad}");
        }
    }
}
