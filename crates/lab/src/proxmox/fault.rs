//! What can be made to go wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// One thing that goes wrong until the faults are cleared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The node answers nobody, and the others answer 595 in its place. Without a majority there is
    /// no quorum.
    NodeUnreachable(String),
    /// Each call that a worker of the node serves takes this much longer.
    SlowWorker(String, Duration),
    /// The guest's configuration is locked with this word (`backup`, `snapshot`, `migrate`).
    ConfigLock(u32, String),
    /// Another operation holds the guest's lock for so long, from now on.
    OperationLock(u32, Duration),
    /// The nodes have no quorum.
    NoQuorum,
    /// The guest's running task is killed, or else its next one a moment after it has told the guest.
    KillTask(u32),
    /// Moving the guest fails after a moment, and it stays where it is.
    MigrationFails(u32),
    /// Token and user lose this privilege everywhere.
    TokenWithout(String),
    /// The node has a new certificate, and its connections end. This is not undone.
    RotateCertificate(String),
    /// Answers have words and fields of a future release.
    UnknownEnum,
    /// The agent answers until a shutdown or reboot is asked for, and dies then.
    AgentDiesBeforeShutdown(u32),
    /// Answers are those of 8.4.
    Answers84,
}

/// The faults in force.
#[derive(Debug, Default)]
pub(super) struct Faults {
    pub(super) unreachable: BTreeSet<String>,
    pub(super) slow: BTreeMap<String, Duration>,
    pub(super) locks: BTreeMap<u32, String>,
    pub(super) no_quorum: bool,
    pub(super) killed_next: BTreeSet<u32>,
    pub(super) migrations: BTreeSet<u32>,
    pub(super) lost_privileges: BTreeSet<String>,
    pub(super) future: bool,
    pub(super) agent_dies: BTreeSet<u32>,
    pub(super) answers_84: bool,
}
