//! What one run over a node may do, and how long it may take.

use std::collections::BTreeMap;
use std::time::Duration;

use conditions::NodeName;
use serde::{Deserialize, Serialize};

/// What may be done to a guest so that it leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Allowance {
    /// Whether it may be interrupted: a virtual machine that cannot move while it runs is shut down
    /// and started again afterwards, a container is shut down, moved and started there.
    #[serde(default)]
    pub interruption: bool,
    /// Whether disks that only its node has may be copied.
    #[serde(default)]
    pub local_disks: bool,
}

/// What may be done to each guest.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Allowances {
    /// To guests without one of their own.
    #[serde(default)]
    pub others: Allowance,
    /// To single guests, by number.
    #[serde(default)]
    pub guests: BTreeMap<u32, Allowance>,
}

impl Allowances {
    /// What may be done to the guest `vmid`.
    #[must_use]
    pub fn of(&self, vmid: u32) -> Allowance {
        self.guests.get(&vmid).copied().unwrap_or(self.others)
    }
}

/// How long each phase may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// How long backups, migrations and other work in flight are waited for.
    pub wait: Duration,
    /// How long a cluster, or a part of what is seen of it, that does not answer is asked again.
    pub look: Duration,
    /// For one migration, one guest's shutdown or start.
    pub guest: Duration,
    /// How long a container may take to shut down before it moves.
    pub container_shutdown: Duration,
    /// How long a move whose answer was lost is waited for to show.
    pub settle: Duration,
    /// How long maintenance may take to show, and to go.
    pub maintenance: Duration,
    /// How long high availability may take to empty the node.
    pub evacuation: Duration,
    /// How long the node's API, quorum and Ceph may take to be back.
    pub back: Duration,
    /// How long guests under high availability are waited for to come back.
    pub failback: Duration,
    /// Pause between two looks.
    pub poll: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        Self {
            wait: minutes(120),
            look: minutes(3),
            guest: minutes(60),
            container_shutdown: minutes(3),
            settle: Duration::from_secs(60),
            maintenance: minutes(5),
            evacuation: minutes(60),
            back: minutes(20),
            failback: minutes(10),
            poll: Duration::from_secs(5),
        }
    }
}

/// What one run over a node is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Which node.
    pub node: NodeName,
    /// The run over its packages. A node has no snapshot: that wish is ignored.
    pub patch: crate::Settings,
    /// What may be done to its guests.
    #[serde(default)]
    pub allowances: Allowances,
    /// Whether a node that is in maintenance already is taken over, and put back in service.
    #[serde(default)]
    pub adopt_maintenance: bool,
    /// How long each phase may take.
    #[serde(default)]
    pub limits: Limits,
}

impl Settings {
    /// The defaults for a run over `node`: nobody is interrupted, no disk is copied.
    #[must_use]
    pub fn new(node: NodeName, patch: crate::Settings) -> Self {
        Self {
            node,
            patch,
            allowances: Allowances::default(),
            adopt_maintenance: false,
            limits: Limits::default(),
        }
    }
}
