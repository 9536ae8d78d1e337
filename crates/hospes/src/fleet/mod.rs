//! The guests of the configuration and what it takes to reach each of them.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use conditions::{GuestId, NodeName};
use config::{Config, Deadlines, Environment, Selector};
use hypervisor_qemu::{LocalGuest, QemuHypervisor};
use journal::{GuestLock, Holder, RunId};
use lifecycle::operation::{Limits, Saved, WithoutWatcher};
use lifecycle::ports::Hypervisor;
use ssh::{Hop, SshShell, Target};

use crate::cli::Global;
use crate::clock::now;
use crate::edge::{AgentSlot, CallDeadlines, Judge, MetadataNotice, World};
use crate::metadata;
use crate::show::Progress;
use crate::store::Store;

/// Everything that a command works with.
pub(crate) struct Fleet {
    config: Arc<Config>,
    hypervisor: Arc<dyn Hypervisor>,
    store: Arc<Store>,
    json: bool,
}

/// One guest of the configuration.
pub(crate) struct Member(config::Guest);

impl Fleet {
    /// Reads the configuration and opens the journal.
    pub(crate) fn load(global: &Global) -> Result<Self> {
        let config = Config::load(global.config.as_deref(), &Environment::current())?;
        let config = Arc::new(config);
        let store = Arc::new(Store::open(&config.state_dir)?);
        let node = NodeName::new(host_name());
        let guests = config
            .guests
            .values()
            .map(|guest| (guest.name.clone(), local(guest)))
            .collect();
        let logs = config.state_dir.join("logs");
        let hypervisor = Arc::new(QemuHypervisor::new(node, guests, logs));
        Ok(Self {
            config,
            hypervisor,
            store,
            json: global.json,
        })
    }

    /// The guests that the operator named, in order, each once.
    pub(crate) fn select(&self, selectors: &[String]) -> Result<Vec<Member>> {
        let selectors: Vec<Selector> = selectors
            .iter()
            .map(|text| text.parse())
            .collect::<Result<_, _>>()?;
        let guests = self.config.select(&selectors)?;
        Ok(guests.into_iter().cloned().map(Member).collect())
    }

    /// The one guest of that name.
    pub(crate) fn member(&self, name: &str) -> Result<Member> {
        let members = self.select(&[name.to_owned()])?;
        let [member] = <[Member; 1]>::try_from(members)
            .map_err(|many| anyhow::anyhow!("`{name}` names {} guests; name one", many.len()))?;
        Ok(member)
    }

    /// How one guest is reached. Nothing is connected yet.
    pub(crate) fn world(&self, member: &Member) -> Result<World> {
        let guest = &member.0;
        let hypervisor = Arc::clone(&self.hypervisor);
        let slot = AgentSlot::new(
            guest.name.clone(),
            Arc::clone(&hypervisor),
            guest.deadlines.agent,
        );
        let slot = Arc::new(slot);
        let ssh = guest.ssh.as_ref().map(|ssh| self.shell(guest, ssh, &slot));
        let notice = Arc::new(self.notice());
        let calls = CallDeadlines::of(&guest.deadlines);
        Ok(World {
            guest: guest.name.clone(),
            hypervisor,
            slot,
            ssh,
            notice,
            calls,
        })
    }

    fn shell(&self, guest: &config::Guest, ssh: &config::Ssh, slot: &Arc<AgentSlot>) -> SshShell {
        SshShell::new(target(guest, ssh), Arc::new(self.judge(guest, ssh, slot)))
    }

    /// Who decides about a guest's host keys.
    fn judge(&self, guest: &config::Guest, ssh: &config::Ssh, slot: &Arc<AgentSlot>) -> Judge {
        Judge {
            guest: guest.name.clone(),
            address: (ssh.host.clone(), ssh.port),
            configured: ssh.host_keys.clone(),
            known_hosts: ssh.known_hosts.clone(),
            store: Arc::clone(&self.store),
            slot: Arc::clone(slot),
        }
    }

    /// Where guests are told that they will be stopped.
    pub(crate) fn notice(&self) -> MetadataNotice {
        MetadataNotice(metadata::Store::open(&self.config))
    }

    /// The right to operate on a guest; nobody else has it until it is dropped.
    pub(crate) fn lock(&self, guest: &GuestId, verb: &str) -> Result<GuestLock> {
        let holder = Holder {
            pid: std::process::id(),
            command: format!("hospes {verb}"),
            since: now(),
        };
        Ok(GuestLock::acquire(&self.store.journal(), guest, &holder)?)
    }

    pub(crate) fn hypervisor(&self) -> &dyn Hypervisor {
        &*self.hypervisor
    }

    pub(crate) const fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// Whether the answer is one JSON document.
    pub(crate) const fn json(&self) -> bool {
        self.json
    }

    /// Progress for people; none beside a JSON document.
    pub(crate) fn progress(&self) -> Progress {
        Progress::new(self.json)
    }
}

impl Member {
    pub(crate) const fn id(&self) -> &GuestId {
        &self.0.name
    }

    pub(crate) fn tags(&self) -> Vec<String> {
        self.0.tags.iter().cloned().collect()
    }

    /// Where SSH is expected, as `host:port`.
    pub(crate) fn address(&self) -> Option<String> {
        self.0
            .ssh
            .as_ref()
            .map(|ssh| format!("{}:{}", ssh.host, ssh.port))
    }

    /// How to log in, if there is an address.
    pub(crate) fn target(&self) -> Option<Target> {
        self.0.ssh.as_ref().map(|ssh| target(&self.0, ssh))
    }

    /// How it is stopped where nothing else is said: whether its scripts run first, and what if
    /// nobody in it watches.
    pub(crate) fn graceful(&self) -> (Option<Duration>, WithoutWatcher) {
        let settings = &self.0.metadata;
        let without_watcher = match settings.without_watcher {
            config::WithoutWatcher::GoOn => WithoutWatcher::GoOn,
            config::WithoutWatcher::Wait => WithoutWatcher::Wait,
            config::WithoutWatcher::Refuse => WithoutWatcher::Refuse,
        };
        (settings.graceful, without_watcher)
    }

    /// Deadlines of the phases.
    pub(crate) fn limits(&self) -> Limits {
        let deadlines = &self.0.deadlines;
        Limits {
            permit: deadlines.permit,
            stop: deadlines.stop,
            ready: deadlines.ready,
            health: deadlines.health,
            reboot: deadlines.reboot,
            ..Limits::default()
        }
    }
}

impl CallDeadlines {
    fn of(deadlines: &Deadlines) -> Self {
        Self {
            script: deadlines.ssh_command,
            check: deadlines.check,
            shutdown: deadlines.agent,
            start: deadlines.start,
        }
    }
}

/// The run that owes this guest a start, if one does.
pub(crate) fn owed_start(fleet: &Fleet, guest: &GuestId) -> Option<RunId> {
    let open = fleet.store().journal().open_run(guest).ok().flatten()?;
    let saved: Saved = serde_json::from_value(open.state).ok()?;
    saved.owes_start().then_some(open.summary.id)
}

fn local(guest: &config::Guest) -> LocalGuest {
    LocalGuest {
        qmp: guest.qmp.clone(),
        agent: guest.agent.clone(),
        start: guest.start.clone(),
        deadlines: hypervisor_qemu::Deadlines::default(),
    }
}

fn target(guest: &config::Guest, ssh: &config::Ssh) -> Target {
    Target {
        host: ssh.host.clone(),
        port: ssh.port,
        user: ssh.user.clone(),
        identity_files: ssh.identities.clone(),
        use_agent: ssh.agent.is_some(),
        jumps: ssh.jump.iter().map(|jump| hop(jump, ssh)).collect(),
        connect_timeout: guest.deadlines.ssh_connect,
        login_timeout: guest.deadlines.ssh_command,
    }
}

/// A jump host, entered with the guest's keys.
fn hop(jump: &config::Jump, ssh: &config::Ssh) -> Hop {
    Hop {
        host: jump.host.clone(),
        port: jump.port,
        user: jump.user.clone(),
        identity_files: ssh.identities.clone(),
    }
}

/// This machine's name: the node of its local guests.
pub(crate) fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    if name.is_empty() {
        "localhost".to_owned()
    } else {
        name.to_owned()
    }
}
