//! What is known of a guest.

use std::collections::BTreeSet;
use std::path::PathBuf;

use conditions::GuestId;

use crate::{Deadlines, GuestMetadata, Ssh};

/// A guest, with everything that is set for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guest {
    /// Its name. It always leads to the same machine.
    pub name: GuestId,
    /// What selectors may call it by: of the configuration and of Proxmox VE.
    pub tags: BTreeSet<String>,
    /// Where it is.
    pub place: Place,
    /// How to log in.
    pub ssh: Option<Ssh>,
    /// How long each phase may take.
    pub deadlines: Deadlines,
    /// How it is served metadata, and stopped gracefully.
    pub metadata: GuestMetadata,
}

/// Where a guest is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// On this machine.
    Local(Local),
    /// In a cluster.
    Cluster(Clustered),
}

/// A guest on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Local {
    /// The control socket of its QEMU.
    pub qmp: PathBuf,
    /// The socket of its agent channel.
    pub agent: Option<PathBuf>,
    /// The program that powers it on, with its arguments.
    pub start: Option<Vec<String>>,
}

/// A guest of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clustered {
    /// The cluster's name in the configuration.
    pub cluster: String,
    /// Its id there.
    pub vmid: u32,
    /// What the cluster told about it; absent until it was asked, and when it has no such guest.
    pub found: Option<Found>,
}

/// What a cluster told about a guest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its name in Proxmox VE; many guests may have the same.
    pub name: Option<String>,
    /// The node that it is on.
    pub node: String,
    /// The pool that it is in.
    pub pool: Option<String>,
}

impl Place {
    /// The place on this machine, if it is there.
    #[must_use]
    pub const fn local(&self) -> Option<&Local> {
        match self {
            Self::Local(local) => Some(local),
            Self::Cluster(_) => None,
        }
    }

    /// The place in a cluster, if it is there.
    #[must_use]
    pub const fn clustered(&self) -> Option<&Clustered> {
        match self {
            Self::Local(_) => None,
            Self::Cluster(clustered) => Some(clustered),
        }
    }

    /// What the cluster told, if it is in one that was asked.
    pub(crate) fn found(&self) -> Option<&Found> {
        self.clustered()?.found.as_ref()
    }
}
