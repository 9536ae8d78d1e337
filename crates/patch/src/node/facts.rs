//! What is seen of a node and of the cluster around it.
//!
//! ```text
//! View ─┬─ nodes        who there is, online, memory
//!       ├─ votes        standalone, or members, expected votes, quorum device
//!       ├─ ceph         absent, or health checks, noout, monitors, nodes with OSDs
//!       ├─ ha           the manager's word for each node, services
//!       ├─ tasks        what runs on the node
//!       ├─ replication  the cluster's jobs
//!       ├─ guests       of the whole cluster, each with its node
//!       └─ software     releases and pending updates of the node
//! ```
//!
//! Words of a newer release are kept as they are. What could not be read is [`Seen::Unread`] and
//! never passes for "nothing there": a node that is down leaves its tasks unread, and its view is
//! had from another one.

use std::collections::BTreeMap;
use std::fmt;

use conditions::{NodeName, Timestamp};
use serde::{Deserialize, Serialize};

/// Something that was read, or the reason why it was not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Seen<T> {
    /// It was read.
    Read(T),
    /// It was not: why, in one line (`pve2 does not answer (595)`).
    Unread(String),
}

impl<T> Seen<T> {
    /// What was read.
    pub const fn read(&self) -> Option<&T> {
        match self {
            Self::Read(value) => Some(value),
            Self::Unread(_) => None,
        }
    }

    /// What was read, or why it was not.
    ///
    /// # Errors
    /// The reason why it was not read.
    pub const fn known(&self) -> Result<&T, &String> {
        match self {
            Self::Read(value) => Ok(value),
            Self::Unread(why) => Err(why),
        }
    }
}

/// One look at a node and its cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// The node that was looked at.
    pub node: NodeName,
    /// Every node of the cluster, this one too; a standalone node alone.
    pub nodes: Seen<Vec<Member>>,
    /// The votes.
    pub votes: Seen<Votes>,
    /// Ceph.
    pub ceph: Seen<Ceph>,
    /// High availability; without any node and service where it is not used.
    pub ha: Seen<Ha>,
    /// What runs on the node at the moment.
    pub tasks: Seen<Vec<Task>>,
    /// The replication jobs of the cluster.
    pub replication: Seen<Vec<ReplicationJob>>,
    /// The guests of the whole cluster. Where each one is comes from the cluster's configuration;
    /// the status of those on this node from the node itself, where it answers.
    pub guests: Seen<Vec<Guest>>,
    /// Releases and pending updates of the node.
    pub software: Seen<Software>,
}

/// One node of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Its name.
    pub name: NodeName,
    /// Whether the cluster sees it.
    pub online: bool,
    /// Its memory, while it is online.
    pub memory: Option<Memory>,
}

/// Memory of a node, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// All of it.
    pub total: u64,
    /// What is used.
    pub used: u64,
}

impl Memory {
    /// What is free, in bytes.
    #[must_use]
    pub const fn free(self) -> u64 {
        self.total.saturating_sub(self.used)
    }
}

/// Who may decide in a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Votes {
    /// There is no cluster: the node decides alone.
    Standalone,
    /// Corosync counts votes.
    Cluster {
        /// Every node that is configured.
        voters: Vec<Voter>,
        /// The expected votes; none where only the configuration was read, then all are expected.
        expected: Option<u32>,
        /// Whether the nodes that are online may decide now.
        quorate: Option<bool>,
        /// The quorum device.
        qdevice: Qdevice,
    },
}

/// The votes of one node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Voter {
    /// Which node.
    pub name: NodeName,
    /// How many votes it has; none where that was not read.
    pub votes: Option<u32>,
    /// Whether the cluster sees it.
    pub online: bool,
}

/// A vote from outside of the nodes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Qdevice {
    /// There is none.
    Absent,
    /// There is one.
    Votes {
        /// How many votes it has.
        votes: u32,
        /// Whether it is connected and votes; none where that was not read.
        alive: Option<bool>,
    },
    /// Whether there is one was not read: why.
    Unread(String),
}

/// Ceph, as the cluster runs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ceph {
    /// It is not installed or not set up.
    Absent,
    /// It runs.
    Present {
        /// The checks that fail, muted ones too. None is `HEALTH_OK`.
        checks: Vec<HealthCheck>,
        /// The flag `noout` is set for the whole of it.
        noout: bool,
        /// The monitors.
        monitors: Vec<Monitor>,
        /// The nodes that carry OSDs.
        osd_nodes: Vec<NodeName>,
    },
}

/// A health check of Ceph that fails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthCheck {
    /// Its name (`OSDMAP_FLAGS`).
    pub name: String,
    /// How bad it is.
    pub severity: Severity,
    /// Ceph's words.
    pub summary: String,
}

/// How bad a failed health check is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// `HEALTH_WARN`.
    Warning,
    /// `HEALTH_ERR`.
    Error,
    /// Another word.
    Other(String),
}

/// A monitor of Ceph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Monitor {
    /// The node that carries it.
    pub node: NodeName,
    /// Whether it is in the monitors' quorum.
    pub in_quorum: bool,
}

/// High availability.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Ha {
    /// The manager's word for each node that it knows (`manager_status`).
    pub nodes: BTreeMap<NodeName, HaNode>,
    /// What it manages, without what it is told to ignore.
    pub services: Vec<HaService>,
}

/// The manager's word for a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HaNode {
    /// It takes services.
    Online,
    /// It gives its services away; it may not be empty yet.
    Maintenance,
    /// It is being fenced.
    Fence,
    /// It was removed from the cluster.
    Gone,
    /// The manager lost sight of it.
    Unknown,
    /// Another word.
    Other(String),
}

impl HaNode {
    /// The state that the manager calls `word`.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        match word {
            "online" => Self::Online,
            "maintenance" => Self::Maintenance,
            "fence" => Self::Fence,
            "gone" => Self::Gone,
            "unknown" => Self::Unknown,
            word => Self::Other(word.to_owned()),
        }
    }
}

impl fmt::Display for HaNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Online => "online",
            Self::Maintenance => "maintenance",
            Self::Fence => "fence",
            Self::Gone => "gone",
            Self::Unknown => "unknown",
            Self::Other(word) => word,
        })
    }
}

/// A guest or another thing that high availability manages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HaService {
    /// Its id (`vm:101`, `ct:102`).
    pub sid: String,
    /// Where it is.
    pub node: NodeName,
    /// What it does, in the manager's word (`started`, `migrate`, `error`, `fence`).
    pub state: String,
    /// What is asked of it, in the manager's word (`started`, `stopped`).
    pub request: Option<String>,
}

/// A task that runs on a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Its id.
    pub upid: String,
    /// What it does (`vzdump`, `qmigrate`, `vncproxy`).
    pub kind: String,
    /// With what: a guest's number, mostly.
    pub id: Option<String>,
    /// For whom.
    pub user: String,
    /// Since when.
    pub since: Timestamp,
}

/// A job that copies a guest's disks to another node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplicationJob {
    /// Its id (`101-0`).
    pub id: String,
    /// The guest's number.
    pub vmid: u32,
    /// Where the guest is.
    pub source: NodeName,
    /// Where it is copied to.
    pub target: NodeName,
    /// It copies at the moment.
    pub running: bool,
    /// When it last ended well.
    pub last_sync: Option<Timestamp>,
    /// How often it failed in a row.
    pub failures: u32,
    /// Its last failure's words.
    pub error: Option<String>,
}

/// A guest of the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guest {
    /// Its number, unique in the cluster.
    pub vmid: u32,
    /// What it is.
    pub kind: GuestKind,
    /// Its name; names are not unique.
    pub name: Option<String>,
    /// Where it is.
    pub node: NodeName,
    /// What it does.
    pub status: GuestStatus,
    /// The lock in its configuration (`backup`, `migrate`).
    pub lock: Option<String>,
    /// The state in which high availability has it; none where it is not managed, or ignored.
    pub ha: Option<String>,
    /// It is a template: never powered on.
    pub template: bool,
    /// Its tags.
    pub tags: Vec<String>,
    /// The memory that it may use, in bytes; 0 where that was not read.
    pub memory: u64,
}

/// What a guest is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GuestKind {
    /// A virtual machine.
    Qemu,
    /// A container.
    Lxc,
}

/// What a guest does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GuestStatus {
    /// It runs; a paused machine does too.
    Running,
    /// It is off.
    Stopped,
    /// Another word (`unknown` while its node is away): it may run.
    Other(String),
}

impl GuestStatus {
    /// The status that the cluster calls `word`.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        match word {
            "running" | "paused" => Self::Running,
            "stopped" => Self::Stopped,
            word => Self::Other(word.to_owned()),
        }
    }
}

/// Releases and pending updates of a node, for people.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Software {
    /// The release (`pve-manager/9.1.2`).
    pub release: Option<String>,
    /// The kernel that runs (`6.17.2-1-pve`).
    pub kernel: Option<String>,
    /// What the node's last refresh found newer.
    pub updates: Vec<PendingUpdate>,
}

/// A package of which a newer version is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingUpdate {
    /// Its name.
    pub package: String,
    /// The version that is installed.
    pub from: Option<String>,
    /// The newer one.
    pub to: String,
}

/// What the node says about moving one guest to one target.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Preconditions {
    /// It runs now.
    pub running: bool,
    /// Its disks that only this node has; CD-ROM images count.
    pub local_disks: Vec<String>,
    /// Devices of this node that it uses, and mapped ones that cannot move while it runs.
    pub local_resources: Vec<String>,
    /// The nodes to which it may go; none where the node does not say.
    pub allowed: Option<Vec<NodeName>>,
    /// The nodes to which it may not go, with the reason in one line.
    pub not_allowed: BTreeMap<NodeName, String>,
}
