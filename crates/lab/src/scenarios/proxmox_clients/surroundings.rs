//! What a client is run in, and against.

use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tokio::process::Command;
use tokio::time::timeout;

use crate::cache;
use crate::proxmox::{ClusterLayout, Proxmox, Simulated};
use crate::python::Python;
use crate::scenario::Context;

const LONGEST: Duration = Duration::from_secs(600);

/// Two nodes with a guest each, and the clients' surroundings.
pub(super) struct Surroundings {
    pub(super) cluster: Proxmox,
    pub(super) python: Python,
    dir: PathBuf,
}

impl Surroundings {
    pub(super) async fn ready(context: &Context) -> Result<Self> {
        let dir = context.dir().to_owned();
        let layout = ClusterLayout::new(&dir.join("pve"), &["pve1", "pve2"]);
        let cluster = Proxmox::start(layout).await?;
        for (node, vmid, name) in [("pve1", 101, "web"), ("pve2", 102, "db")] {
            let boot_id = format!("{vmid:08x}-2753-4bb8-b300-042adec4d0a7");
            cluster.add_simulated(node, vmid, name, Simulated::new(&boot_id))?;
        }
        Ok(Self {
            cluster,
            python: Python::ready(&cache::root()?, context.activity()).await?,
            dir,
        })
    }

    pub(super) fn address(&self) -> Result<String> {
        let first = self.cluster.endpoints().into_iter().next();
        Ok(first.context("a cluster has a node")?.1)
    }

    pub(super) fn write(&self, name: &str, text: &str) -> Result<PathBuf> {
        let path = self.dir.join(name);
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }

    /// No client asked for force, and nothing cut a guest's power.
    pub(super) fn check_gentleness(&self) -> Result<()> {
        let requests = self.cluster.requests();
        ensure!(!requests.is_empty(), "nobody asked the lab's Proxmox");
        let cuts = self.cluster.power_cuts();
        ensure!(cuts == 0, "{cuts} power cuts");
        Ok(())
    }
}

pub(super) async fn run(command: &mut Command) -> Result<Output> {
    let output = timeout(LONGEST, command.stdin(Stdio::null()).output());
    let output = output.await.context("a client did not end in time")??;
    ensure!(
        output.status.success(),
        "a client failed:\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(output)
}
