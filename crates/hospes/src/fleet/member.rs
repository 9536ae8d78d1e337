//! One guest, and what is set for it.

use std::sync::Arc;
use std::time::Duration;

use conditions::GuestId;
use config::{Address, Place};
use hypervisor_qemu::LocalGuest;
use lifecycle::operation::{Limits, WithoutWatcher};
use lifecycle::ports::{Hypervisor, Snapshots};

use crate::edge::CallDeadlines;

/// What a task of Proxmox VE is followed for: a lock that another holds shows after ten seconds.
const TASK: Duration = Duration::from_secs(15);

/// One guest of the fleet.
pub(crate) struct Member {
    guest: config::Guest,
    backend: Backend,
}

/// Who acts on a guest from outside.
#[derive(Clone)]
pub(super) struct Backend {
    pub(super) hypervisor: Arc<dyn Hypervisor>,
    /// Absent while nobody can be asked for snapshots.
    pub(super) snapshots: Option<Arc<dyn Snapshots>>,
}

impl Member {
    pub(super) fn new(guest: config::Guest, backend: &Backend) -> Self {
        let backend = backend.clone();
        Self { guest, backend }
    }

    pub(crate) const fn id(&self) -> &GuestId {
        &self.guest.name
    }

    pub(crate) const fn settings(&self) -> &config::Guest {
        &self.guest
    }

    pub(crate) const fn hypervisor(&self) -> &Arc<dyn Hypervisor> {
        &self.backend.hypervisor
    }

    /// Who takes snapshots of it.
    pub(crate) const fn snapshots(&self) -> Option<&Arc<dyn Snapshots>> {
        self.backend.snapshots.as_ref()
    }

    pub(crate) fn tags(&self) -> Vec<String> {
        self.guest.tags.iter().cloned().collect()
    }

    /// The node of a cluster that it was found on.
    pub(crate) fn node(&self) -> Option<String> {
        let found = self.guest.place.clustered()?.found.as_ref()?;
        Some(found.node.clone())
    }

    /// Where SSH is expected, as `host:port`, where the configuration says it.
    pub(crate) fn address(&self) -> Option<String> {
        let ssh = self.guest.ssh.as_ref()?;
        match &ssh.address {
            Address::Host(host) => Some(format!("{host}:{}", ssh.port)),
            Address::Found(_) => None,
        }
    }

    /// How it is stopped where nothing else is said: whether its scripts run first, and what if
    /// nobody in it watches.
    pub(crate) fn graceful(&self) -> (Option<Duration>, WithoutWatcher) {
        let settings = &self.guest.metadata;
        let without_watcher = match settings.without_watcher {
            config::WithoutWatcher::GoOn => WithoutWatcher::GoOn,
            config::WithoutWatcher::Wait => WithoutWatcher::Wait,
            config::WithoutWatcher::Refuse => WithoutWatcher::Refuse,
        };
        (settings.graceful, without_watcher)
    }

    /// Deadlines of the phases.
    pub(crate) fn limits(&self) -> Limits {
        let deadlines = &self.guest.deadlines;
        Limits {
            permit: deadlines.permit,
            stop: deadlines.stop,
            ready: deadlines.ready,
            health: deadlines.health,
            reboot: deadlines.reboot,
            ..Limits::default()
        }
    }

    /// Deadlines of single calls.
    pub(super) fn calls(&self) -> CallDeadlines {
        let deadlines = &self.guest.deadlines;
        let shutdown = match self.guest.place {
            Place::Local(_) => deadlines.agent,
            Place::Cluster(_) => deadlines.agent.max(TASK),
        };
        CallDeadlines {
            script: deadlines.ssh_command,
            check: deadlines.check,
            shutdown,
            start: deadlines.start,
        }
    }
}

/// What the qemu backend knows of a guest on this machine.
pub(super) fn local(guest: &config::Guest) -> Option<LocalGuest> {
    let local = guest.place.local()?;
    Some(LocalGuest {
        qmp: local.qmp.clone(),
        agent: local.agent.clone(),
        start: local.start.clone(),
        deadlines: hypervisor_qemu::Deadlines::default(),
    })
}
