//! What a simulated cluster looks like when it starts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Its name, also in the product's configuration.
pub(super) const NAME: &str = "lab";

/// A cluster to be started.
#[derive(Debug, Clone)]
pub struct ClusterLayout {
    pub(super) nodes: Vec<String>,
    pub(super) release: Release,
    pub(super) latency: Duration,
    pub(super) dir: PathBuf,
    pub(super) grants: Vec<Grant>,
    /// Votes of nodes that have another number than one.
    pub(super) votes: BTreeMap<String, u32>,
    pub(super) qdevice: bool,
    /// How long a migration takes.
    pub(super) migration: Duration,
}

/// Which release of Proxmox VE it answers like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Release {
    /// 8.4: error text in the reason phrase only, `VM.Monitor` for the agent.
    V8_4,
    /// 9.2: error text in the body too, `VM.GuestAgent.*` for the agent.
    V9_2,
}

/// Privileges of the token, and of the user, at one path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Grant {
    /// `/`, `/vms/101`, `/nodes/pve1`, `/pool/web`.
    pub(super) path: String,
    pub(super) privileges: Vec<String>,
    /// Whether they count below the path too.
    pub(super) propagate: bool,
}

impl ClusterLayout {
    /// A cluster called `lab` of these nodes, with release 9.2, no latency and a token that may do
    /// everything. Its secrets go into `dir`. One node alone is a standalone one, without a cluster.
    #[must_use]
    pub fn new(dir: &Path, nodes: &[&str]) -> Self {
        Self {
            nodes: nodes.iter().map(|&node| node.to_owned()).collect(),
            release: Release::V9_2,
            latency: Duration::ZERO,
            dir: dir.to_owned(),
            grants: Vec::new(),
            votes: BTreeMap::new(),
            qdevice: false,
            migration: Duration::from_millis(300),
        }
    }

    /// The same cluster with answers of another release.
    #[must_use]
    pub fn release(mut self, release: Release) -> Self {
        self.release = release;
        self
    }

    /// The same cluster where each call takes at least `latency`.
    #[must_use]
    pub fn latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// The same cluster where a node has this many votes.
    #[must_use]
    pub fn votes(mut self, node: &str, votes: u32) -> Self {
        self.votes.insert(node.to_owned(), votes);
        self
    }

    /// The same cluster with an arbiter outside the nodes, which has one vote.
    #[must_use]
    pub fn qdevice(mut self) -> Self {
        self.qdevice = true;
        self
    }

    /// The same cluster where moving a guest takes this long.
    #[must_use]
    pub fn migration(mut self, takes: Duration) -> Self {
        self.migration = takes;
        self
    }

    /// The same cluster where token and user have this privilege set at a path. The first call takes
    /// away that they may do everything.
    #[must_use]
    pub fn grant(mut self, path: &str, privileges: &[&str], propagate: bool) -> Self {
        self.grants.push(Grant {
            path: path.to_owned(),
            privileges: privileges.iter().map(|&name| name.to_owned()).collect(),
            propagate,
        });
        self
    }
}
