//! The lab's Proxmox, asked over real TLS by a client that knows HTTP and nothing else.

#![allow(clippy::unwrap_used, reason = "tests stop at what they do not expect")]

mod client;
mod faults;
mod guests;
mod nodes;
mod permissions;
mod port;
mod power;
mod snapshots;
mod transcripts;

use std::time::Duration;

use lab::proxmox::{ClusterLayout, Proxmox, Simulated};
use tempfile::TempDir;

use client::Client;

/// A boot id of a guest.
const BOOT_ID: &str = "063846f7-2753-4bb8-b300-042adec4d0a7";

/// A cluster with its directory.
struct Cluster {
    proxmox: Proxmox,
    _dir: TempDir,
}

impl Cluster {
    async fn of(nodes: &[&str]) -> Self {
        Self::shaped(nodes, |layout| layout).await
    }

    async fn shaped(nodes: &[&str], shape: impl FnOnce(ClusterLayout) -> ClusterLayout) -> Self {
        let dir = TempDir::new().unwrap();
        let layout = shape(ClusterLayout::new(dir.path(), nodes));
        Self {
            proxmox: Proxmox::start(layout).await.unwrap(),
            _dir: dir,
        }
    }

    /// One node `vm` with a running guest 100.
    async fn single() -> Self {
        let cluster = Self::of(&["vm"]).await;
        cluster.add("vm", 100, Simulated::new(BOOT_ID));
        cluster
    }

    fn add(&self, node: &str, vmid: u32, guest: Simulated) {
        let name = format!("guest{vmid}");
        self.proxmox
            .add_simulated(node, vmid, &name, guest)
            .unwrap();
    }

    /// A client with the token, of the API of one node.
    fn client(&self, node: &str) -> Client {
        let token = std::fs::read_to_string(self.proxmox.token_file()).unwrap();
        self.anonymous(node).with_header(
            "Authorization",
            &format!("PVEAPIToken={}={}", self.proxmox.token_id(), token.trim()),
        )
    }

    fn anonymous(&self, node: &str) -> Client {
        let endpoints = self.proxmox.endpoints();
        let (_, address) = endpoints.iter().find(|(name, _)| name == node).unwrap();
        let certificate = self.proxmox.certificate_pem(node).unwrap();
        Client::new(address.parse().unwrap(), certificate)
    }

    /// Waits until a guest runs, or does not.
    async fn until_running(&self, vmid: u32, running: bool) {
        while self.proxmox.is_running(vmid) != running {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}
