//! A cluster with one real guest, and the product's configuration for it.

use std::sync::Arc;

use anyhow::{Result, ensure};

use crate::proxmox::{ClusterLayout, Proxmox, Simulated};
use crate::scenario::Context;
use crate::vm::{Vm, VmSpec, clustered_guest};

/// The real guest's id in the cluster.
pub(super) const WEB: u32 = 101;

/// Nodes `pve1` to `pve3`; `web` is a real machine on the first, `db` a simulated guest on the
/// second, beside a container and a template.
pub(crate) struct Home {
    pub(crate) proxmox: Proxmox,
    pub(crate) vm: Arc<Vm>,
}

impl Home {
    pub(crate) async fn start(context: &Context) -> Result<Self> {
        Self::with(context, &[]).await
    }

    /// With other deadlines for `web` than the usual ones.
    pub(super) async fn with(context: &Context, deadlines: &[(&str, &str)]) -> Result<Self> {
        let home = Self::unconfigured(context).await?;
        home.configure(context, deadlines)?;
        Ok(home)
    }

    /// Without a configuration of the product.
    pub(crate) async fn unconfigured(context: &Context) -> Result<Self> {
        let vm = context.vm(VmSpec::new("web")).await?;
        Self::around(context, Arc::new(vm)).await
    }

    /// With this machine as `web`.
    pub(super) async fn around(context: &Context, vm: Arc<Vm>) -> Result<Self> {
        let nodes = ["pve1", "pve2", "pve3"];
        let layout = ClusterLayout::new(&context.dir().join("pve"), &nodes);
        let proxmox = Proxmox::start(layout).await?;
        proxmox.add_real("pve1", WEB, "web", Arc::clone(&vm))?;
        proxmox.configure(WEB, |web| {
            web.tags = vec!["front".to_owned()];
            web.pool = Some("prod".to_owned());
        })?;
        let db = Simulated::new("7c6b1a52-1111-4222-8333-944455556666");
        proxmox.add_simulated("pve2", 102, "db", db)?;
        proxmox.add_container("pve2", 200, "proxy")?;
        let golden = Simulated::new("7c6b1a52-1111-4222-8333-944455556667").powered_off();
        proxmox.add_simulated("pve3", 900, "golden", golden)?;
        proxmox.configure(900, |golden| golden.template = true)?;
        Ok(Self { proxmox, vm })
    }

    /// Writes the product's configuration, with the certificates that the nodes have now.
    pub(super) fn configure(&self, context: &Context, deadlines: &[(&str, &str)]) -> Result<()> {
        let mut text = self.proxmox.toml();
        text += &self.guest_table();
        text += "\n[guest.web.deadlines]\n";
        for (key, value) in deadlines {
            text += &format!("{key} = \"{value}\"\n");
        }
        context.configure_with(&text)
    }

    /// The table of `web`, which tells where its SSH is.
    pub(crate) fn guest_table(&self) -> String {
        clustered_guest(&self.vm, "lab", WEB)
    }

    /// Fails if anything was asked that could cut the power, if it was cut, or if more than two
    /// agent calls were in flight at a node.
    pub(crate) fn nothing_was_forced(&self) -> Result<()> {
        for seen in self.proxmox.requests() {
            let forced = ["forceStop", "skiplock", "keepActive", "overrule-shutdown"];
            let forced = forced.iter().any(|name| seen.parameter(name).is_some());
            let cuts = seen.path.ends_with("/status/stop") || seen.path.ends_with("/status/reset");
            ensure!(!forced && !cuts, "asked with force: {seen:?}");
        }
        ensure!(self.proxmox.power_cuts() == 0, "the power was cut");
        for (node, most) in self.proxmox.most_agent_calls() {
            ensure!(most <= 2, "{most} agent calls were in flight at {node}");
        }
        Ok(())
    }

    /// How often this path was asked with POST.
    pub(super) fn posts(&self, path: &str) -> usize {
        let requests = self.proxmox.requests();
        let is_post = |seen: &&crate::proxmox::Seen| seen.method == "POST" && seen.path == path;
        requests.iter().filter(is_post).count()
    }
}
