//! What patching a node needs of the cluster.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use conditions::NodeName;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::facts::{GuestKind, Preconditions, View};

/// The cluster around a node. While the node is down its other nodes are asked.
#[async_trait]
pub trait NodeCluster: Send + Sync {
    /// Looks at `node` and the cluster around it. Parts that cannot be read do not fail the rest.
    async fn view(&self, node: &NodeName) -> Result<View, ClusterError>;

    /// What stands between a guest and `target`.
    async fn preconditions(
        &self,
        guest: &Mover,
        target: &NodeName,
    ) -> Result<Preconditions, ClusterError>;

    /// Moves a guest and returns when its task has ended well and the cluster says that the guest
    /// is at the target. Where it is there already, nothing is done.
    async fn migrate(&self, migration: &Migration, deadline: Duration) -> Result<(), ClusterError>;

    /// Sets Ceph's flag `noout`, or takes it back. Returns when it is as asked.
    async fn set_noout(&self, noout: bool) -> Result<(), ClusterError>;
}

/// A guest, and where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mover {
    /// Its number.
    pub vmid: u32,
    /// What it is.
    pub kind: GuestKind,
    /// Where it is.
    pub node: NodeName,
}

/// One move of one guest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Migration {
    /// The guest, and where it leaves.
    pub guest: Mover,
    /// Where it goes.
    pub target: NodeName,
    /// How.
    pub transfer: Transfer,
}

/// How a guest moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transfer {
    /// A virtual machine that goes on running.
    Live {
        /// Disks that only its node has are copied.
        with_local_disks: bool,
    },
    /// A container that is shut down, moved and started again. One that does not shut down in time stays
    /// where it is: the node's `lxc-stop` is told not to kill it (source of pve-container, releases 8 and 9).
    Restart {
        /// How long it may take to shut down.
        shutdown: Duration,
    },
}

/// Why the cluster did not answer, or not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Error)]
pub enum ClusterError {
    /// No node of it can be reached; nothing was done.
    #[error("{0}")]
    Unreachable(String),
    /// It refused, or its task failed; the guest is where it was. Its words.
    #[error("{0}")]
    Refused(String),
    /// Whether it was done, or still will be, is not known: the answer or the task was lost.
    #[error("{0}")]
    Unknown(String),
}

impl fmt::Display for Mover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            GuestKind::Qemu => "VM",
            GuestKind::Lxc => "container",
        };
        write!(f, "{kind} {}", self.vmid)
    }
}
