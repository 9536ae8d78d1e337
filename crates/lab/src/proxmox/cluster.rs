//! The cluster as tests and the lab's commands hold it.

mod nodes;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};

use super::certificate::Certificate;
use super::fault::Fault;
use super::guest::{AgentState, Guest, GuestSettings, Machine, Simulated};
use super::ha;
use super::layout::{ClusterLayout, NAME};
use super::listen::Listener;
use super::node::Link;
use super::seen::Seen;
use super::shared::{Secrets, Shared};
use crate::vm::Vm;

pub use nodes::TaskInFlight;

/// A running cluster. Its listeners end when it is dropped; machines are the caller's.
#[derive(Debug)]
pub struct Proxmox {
    shared: Arc<Shared>,
    listeners: BTreeMap<String, Listener>,
    certificates: BTreeMap<String, Certificate>,
    link: Link,
}

impl Proxmox {
    /// Makes keys, listens on a loopback port for each node, writes the token's secret and the
    /// user's password into the layout's directory.
    ///
    /// # Errors
    /// A certificate cannot be made, a port not be listened on, a file not be written.
    pub async fn start(layout: ClusterLayout) -> Result<Self> {
        ensure!(!layout.nodes.is_empty(), "a cluster has a node at least");
        std::fs::create_dir_all(&layout.dir)
            .with_context(|| format!("cannot create {}", layout.dir.display()))?;
        let secrets = Secrets::write(&layout.dir)?;
        let shared = Arc::new(Shared::new(layout, secrets)?);
        let (mut listeners, mut certificates) = (BTreeMap::new(), BTreeMap::new());
        for node in shared.layout.nodes.clone() {
            let certificate = Certificate::new(&node)?;
            let listener = Listener::start(Arc::clone(&shared), &node, &certificate)?;
            shared.set_fingerprint(&node, certificate.fingerprint());
            listeners.insert(node.clone(), listener);
            certificates.insert(node, certificate);
        }
        let link = Link::start(&shared).await?;
        tokio::spawn(ha::run(Arc::downgrade(&shared)));
        Ok(Self {
            shared,
            listeners,
            certificates,
            link,
        })
    }

    /// The table `[cluster.NAME]` that describes this cluster to the product, with the certificates
    /// that the nodes have now.
    #[must_use]
    pub fn toml(&self) -> String {
        let list = |items: Vec<String>| {
            let quoted: Vec<String> = items.iter().map(|item| format!("{item:?}")).collect();
            format!("[{}]", quoted.join(", "))
        };
        let mut text = String::new();
        let mut line = |words: &str| {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{words}");
        };
        line(&format!("[cluster.{}]", NAME));
        let endpoints = self.endpoints().into_iter();
        line(&format!(
            "endpoints = {}",
            list(endpoints.map(|(_, at)| at).collect())
        ));
        let fingerprints = self.nodes().iter().map(|node| self.fingerprint(node));
        line(&format!("fingerprint = {}", list(fingerprints.collect())));
        line(&format!("token-id = {:?}", self.token_id()));
        line(&format!("token-file = {:?}", self.token_file()));
        text
    }

    /// The nodes in the layout's order.
    #[must_use]
    pub fn nodes(&self) -> &[String] {
        &self.shared.layout.nodes
    }

    /// Node and `127.0.0.1:PORT` of each API, in the layout's order.
    #[must_use]
    pub fn endpoints(&self) -> Vec<(String, String)> {
        let nodes = self.nodes().iter();
        nodes
            .filter_map(|node| {
                Some((
                    node.clone(),
                    self.listeners.get(node)?.address().to_string(),
                ))
            })
            .collect()
    }

    /// The SHA-256 of a node's present certificate, as Proxmox VE shows it (`AB:CD:...`).
    #[must_use]
    pub fn fingerprint(&self, node: &str) -> String {
        self.shared.fingerprint(node)
    }

    /// A node's present certificate, for clients that trust a file.
    #[must_use]
    pub fn certificate_pem(&self, node: &str) -> Option<&str> {
        self.certificates.get(node).map(Certificate::pem)
    }

    /// The token, `USER@REALM!ID`.
    #[must_use]
    pub fn token_id(&self) -> &'static str {
        Secrets::TOKEN_ID
    }

    /// The file with the token's secret.
    #[must_use]
    pub fn token_file(&self) -> PathBuf {
        self.shared.layout.dir.join(Secrets::TOKEN_FILE)
    }

    /// The user who can log in with a password, for tickets. What the token may, the user may.
    #[must_use]
    pub fn user(&self) -> &'static str {
        Secrets::USER
    }

    /// The file with the user's password.
    #[must_use]
    pub fn password_file(&self) -> PathBuf {
        self.shared.layout.dir.join(Secrets::PASSWORD_FILE)
    }

    /// Adds a machine of the lab as a guest. It may run or not; the machine outlives the cluster when
    /// the caller keeps it.
    ///
    /// # Errors
    /// No such node, or the id is taken.
    pub fn add_real(&self, node: &str, vmid: u32, name: &str, vm: Arc<Vm>) -> Result<()> {
        let machine = Machine::real(vm);
        self.add(Guest::new(vmid, name, node, machine))
    }

    /// Adds a simulated guest.
    ///
    /// # Errors
    /// No such node, or the id is taken.
    pub fn add_simulated(&self, node: &str, vmid: u32, name: &str, guest: Simulated) -> Result<()> {
        let machine = Machine::simulated(vmid, name, guest);
        self.add(Guest::new(vmid, name, node, machine))
    }

    /// Adds a container, which is only listed.
    ///
    /// # Errors
    /// No such node, or the id is taken.
    pub fn add_container(&self, node: &str, vmid: u32, name: &str) -> Result<()> {
        self.add(Guest::new(vmid, name, node, Machine::Container))
    }

    fn add(&self, guest: Guest) -> Result<()> {
        let (node, vmid) = (guest.node(), guest.vmid);
        ensure!(
            self.nodes().contains(&node),
            "the cluster has no node `{node}`"
        );
        ensure!(vmid >= 100, "the ids of guests begin with 100");
        ensure!(
            self.shared.add(guest),
            "the cluster has a guest {vmid} already"
        );
        Ok(())
    }

    /// Changes a guest's configuration, tags, pool, HA or pending changes.
    ///
    /// # Errors
    /// There is no such guest.
    pub fn configure(&self, vmid: u32, change: impl FnOnce(&mut GuestSettings)) -> Result<()> {
        let guest = self.shared.guest(vmid).context("there is no such guest")?;
        change(&mut guest.settings());
        Ok(())
    }

    /// Changes how the agent of a simulated guest is.
    ///
    /// # Errors
    /// There is no such guest, or it is not simulated.
    pub fn set_agent(&self, vmid: u32, agent: AgentState) -> Result<()> {
        let guest = self.shared.guest(vmid).context("there is no such guest")?;
        match &guest.machine {
            Machine::Simulated(simulated) => simulated.set_agent(agent),
            _ => bail!("guest {vmid} is not simulated"),
        }
        Ok(())
    }

    /// The present boot id of a simulated guest.
    #[must_use]
    pub fn boot_id(&self, vmid: u32) -> Option<String> {
        match &self.shared.guest(vmid)?.machine {
            Machine::Simulated(simulated) => Some(simulated.boot_id()),
            _ => None,
        }
    }

    /// Whether a guest runs now.
    #[must_use]
    pub fn is_running(&self, vmid: u32) -> bool {
        let guest = self.shared.guest(vmid);
        guest.is_some_and(|guest| guest.machine.is_running())
    }

    /// Makes something go wrong, until [`Proxmox::clear`].
    ///
    /// # Errors
    /// The fault names a node or guest that is not there, or a certificate cannot be made.
    pub fn fault(&mut self, fault: Fault) -> Result<()> {
        match fault {
            Fault::RotateCertificate(node) => self.rotate(&node),
            Fault::NodeUnreachable(node) => {
                self.listener(&node)?.close()?;
                self.shared.faults().unreachable.insert(node);
                Ok(())
            }
            Fault::OperationLock(vmid, duration) => {
                let guest = self.shared.guest(vmid).context("there is no such guest")?;
                let held = Arc::clone(&guest.operation).try_lock_owned();
                let held = held.context("another operation holds the guest's lock")?;
                tokio::spawn(async move {
                    tokio::time::sleep(duration).await;
                    drop(held);
                });
                Ok(())
            }
            Fault::KillTask(vmid) => {
                if !self.shared.tasks.kill_of(vmid) {
                    self.shared.faults().killed_next.insert(vmid);
                }
                Ok(())
            }
            fault => {
                self.shared.faults().add(fault);
                Ok(())
            }
        }
    }

    fn rotate(&mut self, node: &str) -> Result<()> {
        let certificate = Certificate::new(node)?;
        self.listener(node)?.rotate(&certificate)?;
        self.shared.set_fingerprint(node, certificate.fingerprint());
        self.certificates.insert(node.to_owned(), certificate);
        Ok(())
    }

    fn listener(&mut self, node: &str) -> Result<&mut Listener> {
        let found = self.listeners.get_mut(node);
        found.with_context(|| format!("the cluster has no node `{node}`"))
    }

    /// Ends all faults.
    ///
    /// # Errors
    /// A node that was unreachable cannot listen on its port again.
    pub fn clear(&mut self) -> Result<()> {
        *self.shared.faults() = Default::default();
        for listener in self.listeners.values_mut() {
            listener.open()?;
        }
        Ok(())
    }

    /// Every request so far, in the order of their coming.
    #[must_use]
    pub fn requests(&self) -> Vec<Seen> {
        self.shared.requests().all().to_vec()
    }

    /// The most agent calls that were in flight at once, by node.
    #[must_use]
    pub fn most_agent_calls(&self) -> BTreeMap<String, usize> {
        self.shared.requests().most_agent_calls()
    }

    /// How often a running guest's power was cut: by force, a stop, a reset, or the resource manager.
    #[must_use]
    pub fn power_cuts(&self) -> usize {
        self.shared.power_cuts()
    }
}
