//! What is known of one node.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::proxmox::shared::locked;
use crate::vm::Vm;

/// A real node that is not heard for so long is offline.
const SILENCE: Duration = Duration::from_secs(10);

/// One node.
#[derive(Debug)]
pub(in crate::proxmox) struct Node {
    pub(in crate::proxmox) votes: u32,
    online: watch::Sender<bool>,
    boot: Mutex<Boot>,
    machine: Mutex<NodeMachine>,
}

/// One boot of a node.
#[derive(Debug, Clone)]
pub(in crate::proxmox) struct Boot {
    /// Another one each time; a real node's own.
    pub(in crate::proxmox) id: String,
    pub(in crate::proxmox) began: Instant,
    pub(in crate::proxmox) kernel: String,
}

/// What a node is.
#[derive(Debug, Clone)]
pub(in crate::proxmox) enum NodeMachine {
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

impl Node {
    pub(super) fn simulated(votes: u32, kernel: &str) -> Self {
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

    pub(in crate::proxmox) fn is_online(&self) -> bool {
        *self.online.borrow()
    }

    /// Returns when the node is offline.
    pub(in crate::proxmox) async fn offline(&self) {
        // The sender lives as long as the node.
        let _ = self.online.subscribe().wait_for(|online| !online).await;
    }

    pub(in crate::proxmox) fn boot(&self) -> Boot {
        locked(&self.boot).clone()
    }

    pub(in crate::proxmox) fn machine(&self) -> NodeMachine {
        locked(&self.machine).clone()
    }

    pub(in crate::proxmox) fn set_machine(&self, machine: NodeMachine) {
        *locked(&self.machine) = machine;
    }

    pub(in crate::proxmox) fn go_down(&self) {
        self.online.send_replace(false);
    }

    /// Takes in that a real node left, or has not been heard.
    pub(super) fn leave_if_silent(&self) {
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
    pub(super) fn is_up(&self, id: &str, kernel: &str) -> bool {
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

    pub(super) fn come_up(&self) {
        self.online
            .send_if_modified(|online| !std::mem::replace(online, true));
    }
}
