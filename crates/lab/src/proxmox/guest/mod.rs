//! The guests of a simulated cluster.
//!
//! ```text
//! Guest ── settings (configuration, tags, pool, HA, pending changes), node, operation lock
//!   └ Machine ─┬ Real        a virtual machine of the lab: its agent's socket, QMP, its process
//!              ├ Simulated   a boot id and an agent in memory
//!              └ Container   is listed only
//! ```

mod machine;
mod real;
mod settings;
mod simulated;
mod simulated_agent;
mod snapshots;

pub use settings::{GuestSettings, HaSettings, PendingChange};
pub use simulated::{AgentState, Execution, Simulated};

pub(super) use machine::{AgentFailure, Machine, RunState};
pub(super) use snapshots::{DiskWork, Snapshot};

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use self::snapshots::Saved;
use super::shared::locked;

/// One guest.
#[derive(Debug)]
pub(super) struct Guest {
    pub(super) vmid: u32,
    pub(super) name: String,
    node: Mutex<String>,
    pub(super) machine: Machine,
    settings: Mutex<GuestSettings>,
    snapshots: Mutex<Saved>,
    /// `lock-100.conf`: one operation at a time.
    pub(super) operation: Arc<tokio::sync::Mutex<()>>,
    /// Whether the guest is to be started again when it powers off.
    reboot_asked: AtomicBool,
}

impl Guest {
    pub(super) fn new(vmid: u32, name: &str, node: &str, machine: Machine) -> Self {
        let settings = GuestSettings::for_guest(name, machine.memory_mib());
        Self {
            vmid,
            name: name.to_owned(),
            node: Mutex::new(node.to_owned()),
            machine,
            settings: Mutex::new(settings),
            snapshots: Mutex::default(),
            operation: Arc::default(),
            reboot_asked: AtomicBool::new(false),
        }
    }

    /// The node that it is on.
    pub(super) fn node(&self) -> String {
        locked(&self.node).clone()
    }

    /// Whether it is on this node.
    pub(super) fn is_on(&self, node: &str) -> bool {
        *locked(&self.node) == node
    }

    /// Where it is from now on; the machine goes on as it was.
    pub(super) fn set_node(&self, node: &str) {
        node.clone_into(&mut locked(&self.node));
    }

    pub(super) fn settings(&self) -> MutexGuard<'_, GuestSettings> {
        locked(&self.settings)
    }

    pub(super) fn snapshots(&self) -> MutexGuard<'_, Saved> {
        locked(&self.snapshots)
    }

    pub(super) fn is_container(&self) -> bool {
        matches!(self.machine, Machine::Container)
    }

    pub(super) fn ask_for_reboot(&self, asked: bool) {
        self.reboot_asked.store(asked, Ordering::SeqCst);
    }

    /// Whether a reboot was asked for; asking takes the request away.
    pub(super) fn take_reboot_request(&self) -> bool {
        self.reboot_asked.swap(false, Ordering::SeqCst)
    }

    pub(super) fn reboot_is_asked(&self) -> bool {
        self.reboot_asked.load(Ordering::SeqCst)
    }
}
