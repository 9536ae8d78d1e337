//! The nodes of the cluster as machines.
//!
//! ```text
//! Simulated   goes down and boots when it is told to; its updates are what was set
//! Real        a machine of the lab: corosync.sh in it ─► link ─► beat (boot id, kernel), leave
//!                                   ha-manager.sh     ─► link ─► the manager of high availability
//!             its updates are those of its apt, asked through SSH
//!
//! online ── leave, or silence for ten seconds ──► offline ── beat ──► online
//!                                                     └ with another boot id: guests that were
//!                                                       left there had their power cut
//! ```

mod link;
mod real;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::sync::watch;

use super::layout::{ClusterLayout, Release};
use super::shared::{Shared, locked};
use crate::vm::Vm;

pub(super) use link::Link;
pub(super) use real::{install, updates};

/// A real node that is not heard for so long is offline.
const SILENCE: Duration = Duration::from_secs(10);

/// All nodes by name.
#[derive(Debug)]
pub(super) struct Nodes(BTreeMap<String, Node>);

/// One node.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) votes: u32,
    online: watch::Sender<bool>,
    boot: Mutex<Boot>,
    machine: Mutex<NodeMachine>,
}

/// One boot of a node.
#[derive(Debug, Clone)]
pub(super) struct Boot {
    /// Another one each time; a real node's own.
    pub(super) id: String,
    pub(super) began: Instant,
    pub(super) kernel: String,
}

/// What a node is.
#[derive(Debug, Clone)]
pub(super) enum NodeMachine {
    Simulated { updates: Vec<NodeUpdate> },
    Real { vm: Arc<Vm>, heard: Option<Instant> },
}

/// A package of which a simulated node knows a newer version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeUpdate {
    /// Its name.
    pub package: String,
    /// The version that is installed.
    pub from: String,
    /// The newer one.
    pub to: String,
}

impl Nodes {
    pub(super) fn of(layout: &ClusterLayout) -> Self {
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

    pub(super) fn get(&self, name: &str) -> Option<&Node> {
        self.0.get(name)
    }

    pub(super) fn find(&self, name: &str) -> Result<&Node> {
        self.get(name)
            .with_context(|| format!("the cluster has no node `{name}`"))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&String, &Node)> {
        self.0.iter()
    }
}

impl Node {
    fn simulated(votes: u32, kernel: &str) -> Self {
        Self {
            votes,
            online: watch::Sender::new(true),
            boot: Mutex::new(Boot {
                id: "the first boot".to_owned(),
                began: Instant::now(),
                kernel: kernel.to_owned(),
            }),
            machine: Mutex::new(NodeMachine::Simulated {
                updates: Vec::new(),
            }),
        }
    }

    pub(super) fn is_online(&self) -> bool {
        *self.online.borrow()
    }

    /// Returns when the node is offline.
    pub(super) async fn offline(&self) {
        // The sender lives as long as the node.
        let _ = self.online.subscribe().wait_for(|online| !online).await;
    }

    pub(super) fn boot(&self) -> Boot {
        locked(&self.boot).clone()
    }

    pub(super) fn machine(&self) -> NodeMachine {
        locked(&self.machine).clone()
    }

    pub(super) fn set_machine(&self, machine: NodeMachine) {
        *locked(&self.machine) = machine;
    }

    pub(super) fn go_down(&self) {
        self.online.send_replace(false);
    }

    /// Takes in that a real node left, or has not been heard.
    fn leave_if_silent(&self) {
        let silent = match &*locked(&self.machine) {
            NodeMachine::Real { heard, .. } => heard.is_none_or(|at| at.elapsed() > SILENCE),
            NodeMachine::Simulated { .. } => false,
        };
        if silent && self.is_online() {
            self.go_down();
        }
    }

    /// Takes in that it is up. Whether that is another boot than before; the first word of a machine
    /// tells of the boot that was meant.
    fn is_up(&self, id: &str, kernel: &str) -> bool {
        let mut is_known = true;
        if let NodeMachine::Real { heard, .. } = &mut *locked(&self.machine) {
            is_known = heard.replace(Instant::now()).is_some();
        }
        let mut boot = locked(&self.boot);
        let is_another = boot.id != id;
        if is_another {
            *boot = Boot {
                id: id.to_owned(),
                began: Instant::now(),
                kernel: kernel.to_owned(),
            };
        }
        is_known && is_another
    }

    fn come_up(&self) {
        self.online
            .send_if_modified(|online| !std::mem::replace(online, true));
    }
}

impl Shared {
    /// A node runs. Where it has booted since, whatever was left running on it lost its power.
    pub(super) fn node_is_up(&self, name: &str, boot_id: &str, kernel: &str) -> Result<()> {
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
    pub(super) fn look_for_silent_nodes(&self) {
        self.nodes
            .iter()
            .for_each(|(_, node)| node.leave_if_silent());
    }
}
