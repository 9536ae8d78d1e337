//! The nodes together, and what becomes of guests when one has booted.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

use super::state::Node;
use crate::proxmox::layout::{ClusterLayout, Release};
use crate::proxmox::shared::Shared;

/// All nodes by name.
#[derive(Debug)]
pub(in crate::proxmox) struct Nodes(BTreeMap<String, Node>);

impl Nodes {
    pub(in crate::proxmox) fn of(layout: &ClusterLayout) -> Self {
        let kernel = match layout.release {
            Release::V8_4 => "6.8.12-9-pve",
            Release::V9_2 => "6.17.2-1-pve",
        };
        let each = layout.nodes.iter().map(|name| {
            let votes = layout.votes.get(name).copied().unwrap_or(1);
            (name.clone(), Node::simulated(votes, kernel))
        });
        Self(each.collect())
    }

    pub(in crate::proxmox) fn get(&self, name: &str) -> Option<&Node> {
        self.0.get(name)
    }

    pub(in crate::proxmox) fn find(&self, name: &str) -> Result<&Node> {
        self.get(name)
            .with_context(|| format!("the cluster has no node `{name}`"))
    }

    pub(in crate::proxmox) fn iter(&self) -> impl Iterator<Item = (&String, &Node)> {
        self.0.iter()
    }
}

impl Shared {
    /// A node runs. Where it has booted since, whatever was left running on it lost its power.
    pub(in crate::proxmox) fn node_is_up(
        &self,
        name: &str,
        boot_id: &str,
        kernel: &str,
    ) -> Result<()> {
        let node = self.nodes.find(name)?;
        if node.is_up(boot_id, kernel) {
            let left = self.guests().into_iter();
            let left = left.filter(|guest| guest.is_on(name) && !guest.is_container());
            left.for_each(|guest| self.cut_power(&guest));
        }
        node.come_up();
        Ok(())
    }

    /// Looks for real nodes that have gone silent.
    pub(in crate::proxmox) fn look_for_silent_nodes(&self) {
        self.nodes
            .iter()
            .for_each(|(_, node)| node.leave_if_silent());
    }
}
