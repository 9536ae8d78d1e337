//! A cluster whose nodes are real machines, as many as a scenario needs, with packages of the older set.

use std::fmt::Write as _;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};

use super::super::guest::Guest;
use crate::apt::Updates;
use crate::proxmox::{ClusterLayout, HaSettings, Proxmox, Simulated};
use crate::scenario::Context;
use crate::vm::{Vm, VmSpec, clustered_guest};

/// All nodes of the cluster.
pub(super) const NODES: [&str; 3] = ["pve1", "pve2", "pve3"];

/// A guest on `pve1` that is moved while it runs.
pub(super) const WEB: u32 = 101;
/// A guest on `pve1` under high availability, in a group of two nodes.
pub(super) const DB: u32 = 102;
/// The nodes of its group.
pub(super) const GROUP: [&str; 2] = ["pve1", "pve3"];
/// A guest on `pve2` that is moved while it runs.
pub(super) const MAIL: u32 = 103;

/// A guest on `pve1` that is a real machine, where a scenario wants one.
pub(super) const SHOP: u32 = 104;

const GUESTS: [(u32, &str, &str); 3] = [
    (WEB, "pve1", "web"),
    (DB, "pve1", "db"),
    (MAIL, "pve2", "mail"),
];

/// A machine that is a node, or a guest of one.
pub(super) struct Machine {
    pub(super) vm: Arc<Vm>,
    pub(super) updates: Updates,
}

/// The cluster, and those of its nodes that are machines; the others are simulated.
pub(super) struct Site {
    pub(super) proxmox: Proxmox,
    pub(super) nodes: Vec<Machine>,
}

impl Site {
    /// `pve1` to `pve3` with simulated guests; the first `machines` of them are real.
    pub(super) async fn start(
        context: &Context,
        machines: usize,
        packages: &'static [&'static str],
    ) -> Result<Self> {
        let layout = ClusterLayout::new(&context.dir().join("pve"), &NODES);
        let proxmox = Proxmox::start(layout).await?;
        for (place, (vmid, node, name)) in GUESTS.into_iter().enumerate() {
            let boot = format!("7c6b1a52-1111-4222-8333-94445555666{place}");
            proxmox.add_simulated(node, vmid, name, Simulated::new(&boot))?;
        }
        proxmox.configure(DB, |db| db.ha = Some(HaSettings::started().only_on(&GROUP)))?;
        let nodes = boot(context, machines, packages).await?;
        let site = Self { proxmox, nodes };
        for node in &site.nodes {
            context.step(format!("{} joins its cluster", node.vm.name()));
            site.proxmox
                .attach_node(node.vm.name(), Arc::clone(&node.vm))
                .await?;
        }
        site.configure(context, "")?;
        Ok(site)
    }

    /// Writes the product's configuration, with `more` at its end.
    pub(super) fn configure(&self, context: &Context, more: &str) -> Result<()> {
        let mut text = self.proxmox.toml();
        let host_key = context.host_key()?;
        let host_key = host_key.trim();
        for node in &self.nodes {
            let (name, port, key) = (node.vm.name(), node.vm.ssh_port(), node.vm.key_path());
            // Writing to a String cannot fail.
            let _ = write!(
                text,
                "\n[cluster.lab.node.{name}.ssh]\nhost = \"127.0.0.1\"\nport = {port}\nuser = \"root\"\n\
                 identities = {key:?}\nhost-key = {host_key:?}\n"
            );
        }
        context.configure_with(&(text + more))
    }

    /// Adds the guest `shop` with packages of the older set, known to the product.
    pub(super) async fn add_shop(&self, context: &Context, packages: &[&str]) -> Result<Machine> {
        let spec = VmSpec::new("shop").fresh();
        let Guest { vm, updates } = Guest::boot(context, spec, packages).await?;
        let vm = Arc::new(vm);
        self.proxmox
            .add_real("pve1", SHOP, "shop", Arc::clone(&vm))?;
        self.configure(context, &clustered_guest(&vm, "lab", SHOP))?;
        context.hospes(&["trust", "shop"]).await?.expect_exit(0)?;
        Ok(Machine { vm, updates })
    }

    /// Offers the newer packages, of which each node's apt hears as by its daily look.
    pub(super) async fn publish_newer(&self) -> Result<()> {
        for node in &self.nodes {
            node.updates.publish_newer().await?;
            node.run("apt-get -qq update").await?;
        }
        Ok(())
    }

    /// Fails unless every guest runs where it was at first, nobody is in maintenance or away, and no
    /// power was cut.
    pub(super) fn as_it_was(&self) -> Result<()> {
        for (vmid, home, _) in GUESTS {
            let node = self.proxmox.node_of(vmid);
            ensure!(
                node.as_deref() == Some(home),
                "{vmid} is on {node:?}, not on {home}"
            );
            ensure!(self.proxmox.is_running(vmid), "{vmid} does not run");
        }
        for node in NODES {
            let state = self.proxmox.ha_state(node);
            ensure!(
                matches!(state, None | Some("online")),
                "{node} is {state:?}"
            );
            ensure!(self.proxmox.is_online(node), "{node} is away");
        }
        let noout = self.proxmox.ceph().is_some_and(|ceph| ceph.noout);
        ensure!(!noout, "noout is set");
        self.no_power_was_cut()
    }

    /// Fails if a guest lost its power.
    pub(super) fn no_power_was_cut(&self) -> Result<()> {
        let cuts = self.proxmox.power_cuts();
        ensure!(cuts == 0, "the power was cut {cuts} times");
        Ok(())
    }

    /// The node of that place, from 0.
    pub(super) fn node(&self, place: usize) -> Result<&Machine> {
        self.nodes.get(place).context("there are fewer machines")
    }
}

impl Machine {
    /// Runs a script that must end well, and returns what it printed.
    pub(super) async fn run(&self, script: &str) -> Result<String> {
        self.vm.ssh(script).await?.success()
    }

    /// The version of a package, as dpkg has it.
    pub(super) async fn version(&self, package: &str) -> Result<String> {
        self.run(&format!("dpkg-query -W -f '${{Version}}' {package}"))
            .await
    }
}

/// Boots the first nodes, all at once.
async fn boot(
    context: &Context,
    machines: usize,
    packages: &'static [&'static str],
) -> Result<Vec<Machine>> {
    let mut booting = Vec::new();
    for (place, name) in NODES.into_iter().take(machines).enumerate() {
        // Machines of the snapshot have one boot id.
        let spec = VmSpec::new(name);
        let spec = if place == 0 { spec } else { spec.fresh() };
        let context = context.clone();
        let boot = async move { Guest::boot(&context, spec, packages).await };
        booting.push(tokio::spawn(boot));
    }
    let mut nodes = Vec::new();
    for booted in booting {
        let Guest { vm, updates } = booted.await??;
        let vm = Arc::new(vm);
        nodes.push(Machine { vm, updates });
    }
    Ok(nodes)
}
