//! What all nodes of a cluster share.

use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use tokio::sync::Semaphore;

use super::ceph::Ceph;
use super::fault::{Fault, Faults};
use super::guest::Guest;
use super::ha::HaManager;
use super::layout::{ClusterLayout, Release};
use super::node::{Node, Nodes};
use super::replication::ReplicationJob;
use super::schema::Schema;
use super::seen::Requests;
use super::task::Tasks;

/// As many as a real node's daemon has.
const WORKERS: usize = 3;

/// The state of a cluster.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) layout: ClusterLayout,
    pub(super) secrets: Secrets,
    pub(super) schema: Schema,
    pub(super) tasks: Tasks,
    pub(super) nodes: Nodes,
    pub(super) ha: HaManager,
    workers: HashMap<String, Arc<Semaphore>>,
    guests: Mutex<BTreeMap<u32, Arc<Guest>>>,
    ceph: Mutex<Option<Ceph>>,
    replication: Mutex<Vec<ReplicationJob>>,
    faults: Mutex<Faults>,
    requests: Mutex<Requests>,
    fingerprints: Mutex<HashMap<String, String>>,
    power_cuts: AtomicUsize,
}

impl Shared {
    pub(super) fn new(layout: ClusterLayout, secrets: Secrets) -> Result<Self> {
        let workers = layout.nodes.iter();
        let workers = workers.map(|node| (node.clone(), Arc::new(Semaphore::new(WORKERS))));
        Ok(Self {
            workers: workers.collect(),
            schema: Schema::load()?,
            tasks: Tasks::default(),
            nodes: Nodes::of(&layout),
            ha: HaManager::default(),
            ceph: Mutex::default(),
            replication: Mutex::default(),
            guests: Mutex::default(),
            faults: Mutex::default(),
            requests: Mutex::default(),
            fingerprints: Mutex::default(),
            power_cuts: AtomicUsize::new(0),
            layout,
            secrets,
        })
    }

    pub(super) fn release(&self) -> Release {
        if self.faults().answers_84 {
            Release::V8_4
        } else {
            self.layout.release
        }
    }

    pub(super) fn is_standalone(&self) -> bool {
        self.layout.nodes.len() == 1
    }

    pub(super) fn workers(&self, node: &str) -> Option<Arc<Semaphore>> {
        self.workers.get(node).map(Arc::clone)
    }

    pub(super) fn is_online(&self, node: &str) -> bool {
        let runs = self.nodes.get(node).is_none_or(Node::is_online);
        runs && !self.faults().unreachable.contains(node)
    }

    /// Seconds since a node booted.
    pub(super) fn uptime(&self, node: &str) -> u64 {
        let node = self.nodes.get(node);
        node.map_or(0, |node| node.boot().began.elapsed().as_secs())
    }

    /// Whether the nodes that are there have a majority of the votes.
    pub(super) fn is_quorate(&self) -> bool {
        let arbiter = u32::from(self.layout.qdevice);
        let all: u32 = self.nodes.iter().map(|(_, node)| node.votes).sum();
        let there = self.nodes.iter().filter(|(name, _)| self.is_online(name));
        let there: u32 = there.map(|(_, node)| node.votes).sum();
        !self.faults().no_quorum && (there + arbiter) * 2 > all + arbiter
    }

    pub(super) fn ceph(&self) -> MutexGuard<'_, Option<Ceph>> {
        locked(&self.ceph)
    }

    pub(super) fn replication(&self) -> MutexGuard<'_, Vec<ReplicationJob>> {
        locked(&self.replication)
    }

    pub(super) fn add(&self, guest: Guest) -> bool {
        let mut guests = locked(&self.guests);
        let is_new = !guests.contains_key(&guest.vmid);
        if is_new {
            guests.insert(guest.vmid, Arc::new(guest));
        }
        is_new
    }

    pub(super) fn guest(&self, vmid: u32) -> Option<Arc<Guest>> {
        locked(&self.guests).get(&vmid).map(Arc::clone)
    }

    pub(super) fn guests(&self) -> Vec<Arc<Guest>> {
        locked(&self.guests).values().map(Arc::clone).collect()
    }

    pub(super) fn faults(&self) -> MutexGuard<'_, Faults> {
        locked(&self.faults)
    }

    /// The configuration lock of a guest: a fault's, or its configuration's.
    pub(super) fn config_lock(&self, guest: &Guest) -> Option<String> {
        let of_fault = self.faults().locks.get(&guest.vmid).cloned();
        of_fault.or_else(|| guest.settings().config.get("lock").cloned())
    }

    pub(super) fn requests(&self) -> MutexGuard<'_, Requests> {
        locked(&self.requests)
    }

    pub(super) fn fingerprint(&self, node: &str) -> String {
        let fingerprints = locked(&self.fingerprints);
        fingerprints.get(node).cloned().unwrap_or_default()
    }

    pub(super) fn set_fingerprint(&self, node: &str, fingerprint: String) {
        locked(&self.fingerprints).insert(node.to_owned(), fingerprint);
    }

    /// Cuts the power of a guest, which is counted if it runs.
    pub(super) fn cut_power(&self, guest: &Guest) {
        if guest.machine.is_running() {
            self.power_cuts.fetch_add(1, Ordering::SeqCst);
            guest.machine.cut();
        }
    }

    pub(super) fn power_cuts(&self) -> usize {
        self.power_cuts.load(Ordering::SeqCst)
    }
}

impl Faults {
    pub(super) fn add(&mut self, fault: Fault) {
        match fault {
            Fault::SlowWorker(node, delay) => {
                self.slow.insert(node, delay);
            }
            Fault::ConfigLock(vmid, word) => {
                self.locks.insert(vmid, word);
            }
            Fault::NoQuorum => self.no_quorum = true,
            Fault::MigrationFails(vmid) => {
                self.migrations.insert(vmid);
            }
            Fault::TokenWithout(privilege) => {
                self.lost_privileges.insert(privilege);
            }
            Fault::UnknownEnum => self.future = true,
            Fault::AgentDiesBeforeShutdown(vmid) => {
                self.agent_dies.insert(vmid);
            }
            Fault::Answers84 => self.answers_84 = true,
            // Acts on listeners, guests and tasks; the cluster's handle does them.
            Fault::NodeUnreachable(_)
            | Fault::OperationLock(..)
            | Fault::KillTask(_)
            | Fault::RotateCertificate(_) => {}
        }
    }
}

/// What lets clients in.
pub(super) struct Secrets {
    pub(super) token: String,
    pub(super) password: String,
    /// What a ticket of this cluster ends with.
    pub(super) seal: String,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets(..)")
    }
}

impl Secrets {
    pub(super) const USER: &'static str = "lab@pve";
    pub(super) const TOKEN_ID: &'static str = "lab@pve!hospes";
    pub(super) const TOKEN_FILE: &'static str = "token";
    pub(super) const PASSWORD_FILE: &'static str = "password";

    /// Makes secrets and writes those that clients need into `dir`.
    pub(super) fn write(dir: &Path) -> Result<Self> {
        let secrets = Self {
            token: uuid()?,
            password: uuid()?,
            seal: uuid()?,
        };
        write_private(&dir.join(Self::TOKEN_FILE), &secrets.token)?;
        write_private(&dir.join(Self::PASSWORD_FILE), &secrets.password)?;
        Ok(secrets)
    }
}

fn uuid() -> Result<String> {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/uuid");
    Ok(text.context("cannot make a secret")?.trim().to_owned())
}

fn write_private(path: &Path, text: &str) -> Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options
        .open(path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    writeln!(file, "{text}").with_context(|| format!("cannot write {}", path.display()))
}

/// Seconds since 1970.
pub(super) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

/// Nothing that is held here is left half-changed by a panic.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
