//! What is known of a cluster.

use std::collections::{BTreeMap, BTreeSet};

use conditions::GuestId;

use super::nodes::Nodes;
use crate::Selector;
use crate::guest::Settings;

/// A cluster of Proxmox VE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// How its API is reached.
    pub settings: pve::ClusterSettings,
    /// If there are any, only guests that one of these chooses.
    pub(super) include: Vec<Selector>,
    /// Not the guests that one of these chooses.
    pub(super) exclude: Vec<Selector>,
    /// What holds for all of its guests.
    pub(super) guests: Settings,
    /// What holds for those of them that have a tag.
    pub(super) tags: BTreeMap<String, Settings>,
    /// Those that have a table of their own, by id.
    pub(super) declared: BTreeMap<u32, (GuestId, Settings)>,
    /// How its nodes are logged in to.
    pub(super) nodes: Nodes,
}

/// A guest as its cluster tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discovered {
    /// Its id.
    pub vmid: u32,
    /// Its name in Proxmox VE; many guests may have the same.
    pub name: Option<String>,
    /// The node that it is on.
    pub node: String,
    /// The pool that it is in.
    pub pool: Option<String>,
    /// Its tags in Proxmox VE.
    pub tags: BTreeSet<String>,
}
