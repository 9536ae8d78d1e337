//! What was read inside the guest: by SSH or through the channel, with the same probe.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::MachineMarks;

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

/// A file as read, bounded in size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFacts {
    /// Its text; lossy where it was not UTF-8.
    pub text: String,
    /// The file was longer than was read.
    pub truncated: bool,
}
