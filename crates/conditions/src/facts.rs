//! What was read inside the guest: by SSH or through the channel, with the same probe.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::MachineMarks;

/// The units that an agent runs as, the usual one first.
pub const AGENT_UNITS: [&str; 3] = [
    "qemu-guest-agent.service",
    "qemu-ga.service",
    "hospes-agent.service",
];

/// The packages that provide an agent.
pub const AGENT_PACKAGES: [&str; 2] = ["qemu-guest-agent", "hospes-agent"];

/// The agent's port as a device unit of systemd.
pub const PORT_DEVICE: &str = r"dev-virtio\x2dports-org.qemu.guest_agent.0.device";

/// The agent's port in the guest.
pub const PORT_PATH: &str = "/dev/virtio-ports/org.qemu.guest_agent.0";

/// The way by which a guest was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Via {
    /// Through SSH.
    Ssh,
    /// Through the agent channel (guest-exec).
    Channel,
}

/// Everything that the probe read. Absent parts could not be read and lead to *unknown*.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuestFacts {
    /// How it was read.
    pub via: Via,
    /// Whether it was read as root; as a plain user some of it stays unread.
    pub as_root: bool,
    /// Boot id, addresses and name.
    pub marks: MachineMarks,
    /// Time since the kernel started.
    pub uptime: Option<Duration>,
    /// `systemctl is-system-running` (`running`, `degraded`, `stopping`, ...).
    pub system_state: Option<String>,
    /// Packages that provide the agent, by name, with status and version as dpkg or rpm tells them.
    pub packages: Option<BTreeMap<String, PackageFacts>>,
    /// Units that matter, by name: the agent's, and those that its stop, failure or success reaches,
    /// and timers that name the agent with what they start.
    pub units: BTreeMap<String, UnitFacts>,
    /// The agent's unit name (`qemu-guest-agent.service` or `qemu-ga.service`), if one is known to systemd.
    pub agent_unit: Option<String>,
    /// Whether `/dev/virtio-ports/org.qemu.guest_agent.0` exists in the guest.
    pub port_in_guest: Option<bool>,
    /// Pending systemd jobs, as `systemctl list-jobs` lines.
    pub jobs: Option<Vec<String>>,
    /// Files that were read, by path: unit files, drop-ins, scripts, maintainer scripts, udev rules.
    pub files: BTreeMap<String, FileFacts>,
    /// Bare command names that unit files or scripts use, with the paths that they resolve to.
    #[serde(default)]
    pub commands: BTreeMap<String, String>,
    /// What the probe could not follow (too deep, too large, denied), one line each; it makes 3 unknown.
    pub gaps: BTreeSet<String>,
}

/// One package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageFacts {
    /// `install ok installed`, or the package manager's other words.
    pub status: String,
    /// Its version.
    pub version: String,
}

/// A unit's effective properties as `systemctl show` prints them; a key may repeat.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitFacts {
    /// Key and values in the order printed.
    pub properties: BTreeMap<String, Vec<String>>,
}

impl GuestFacts {
    /// Nothing known yet, read by `via`.
    #[must_use]
    pub fn unread(via: Via) -> Self {
        Self {
            via,
            as_root: false,
            marks: MachineMarks::default(),
            uptime: None,
            system_state: None,
            packages: None,
            units: BTreeMap::new(),
            agent_unit: None,
            port_in_guest: None,
            jobs: None,
            files: BTreeMap::new(),
            commands: BTreeMap::new(),
            gaps: BTreeSet::new(),
        }
    }

    /// A unit's property, its first value.
    #[must_use]
    pub fn property(&self, unit: &str, key: &str) -> Option<&str> {
        self.units.get(unit)?.value(key)
    }

    /// All values of a unit's property.
    pub fn values(&self, unit: &str, key: &str) -> impl Iterator<Item = &str> {
        let unit = self.units.get(unit);
        unit.into_iter().flat_map(move |unit| unit.values(key))
    }

    /// All values of a unit's property as a list of names or paths.
    #[must_use]
    pub fn words(&self, unit: &str, key: &str) -> Vec<String> {
        let unit = self.units.get(unit);
        unit.map(|unit| unit.words(key)).unwrap_or_default()
    }
}

impl UnitFacts {
    /// The first value of `key`.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<&str> {
        self.properties.get(key)?.first().map(String::as_str)
    }

    /// All values of `key`.
    pub fn values(&self, key: &str) -> impl Iterator<Item = &str> {
        self.properties
            .get(key)
            .into_iter()
            .flatten()
            .map(String::as_str)
    }

    /// The values of `key` as a list of names or paths: blanks separate, quotes and backslash
    /// escapes as `systemctl` prints them are undone.
    #[must_use]
    pub fn words(&self, key: &str) -> Vec<String> {
        self.values(key).flat_map(listed).collect()
    }

    /// Whether systemd has this unit: a file for it, or at least a running process.
    #[must_use]
    pub fn is_known(&self) -> bool {
        let is_found = self
            .value("LoadState")
            .is_some_and(|state| state != "not-found");
        is_found
            || self
                .value("ActiveState")
                .is_some_and(|state| state != "inactive")
    }
}

/// Splits one printed list. Only a quoted word has escapes undone: systemd quotes a name as soon
/// as it holds a backslash.
fn listed(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut in_quotes = false;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => in_quotes = !in_quotes,
            '\\' if in_quotes => word.extend(chars.next()),
            ' ' if !in_quotes => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            _ => word.push(c),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// A file as read, bounded in size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFacts {
    /// Its text; lossy where it was not UTF-8.
    pub text: String,
    /// The file was longer than was read.
    pub truncated: bool,
}
