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

pub use settings::{GuestSettings, HaSettings, PendingChange};
pub use simulated::{AgentState, Execution, Simulated};

pub(super) use machine::{AgentFailure, Machine, RunState};

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// One guest.
#[derive(Debug)]
pub(super) struct Guest {
    pub(super) vmid: u32,
    pub(super) name: String,
    pub(super) node: String,
    pub(super) machine: Machine,
    settings: Mutex<GuestSettings>,
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
            node: node.to_owned(),
            machine,
            settings: Mutex::new(settings),
            operation: Arc::default(),
            reboot_asked: AtomicBool::new(false),
        }
    }

    pub(super) fn settings(&self) -> MutexGuard<'_, GuestSettings> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner)
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
