//! A simulated cluster as a process: for people who want to try without one, and for benchmarks.

use std::io::Write as _;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::cluster::Proxmox;
use super::guest::{AgentState, Simulated};
use super::layout::{ClusterLayout, Release};
use crate::bench::{address, boot_id, host_name, public_host_key, raise_open_file_limit};

/// What `lab proxmox` serves.
#[derive(Debug, Clone)]
pub struct Serving {
    /// How many nodes, `pve1` and so on.
    pub nodes: usize,
    /// How many guests, spread over the nodes.
    pub guests: usize,
    /// How many of the guests have a dead agent.
    pub dead_agents: usize,
    /// How long each call takes at least.
    pub latency: Duration,
    /// Which release it answers like.
    pub release: Release,
    /// Where the token's secret goes.
    pub dir: PathBuf,
}

/// The id of the first guest.
pub(crate) const FIRST_VMID: u32 = 101;

/// Where a guest has its SSH host key.
const HOST_KEY: &str = "/etc/ssh/ssh_host_ed25519_key.pub";

/// Serves until standard input closes, then prints what was asked as a JSON document.
///
/// # Errors
/// There are too few nodes or too many guests, or nothing can be listened on or written.
pub fn serve(serving: &Serving) -> Result<()> {
    raise_open_file_limit();
    let runtime =
        tokio::runtime::Runtime::new().context("cannot start the asynchronous runtime")?;
    let cluster = runtime.block_on(start(serving))?;
    let mut out = std::io::stdout();
    writeln!(out, "{}\n# ready", cluster.toml())
        .and_then(|()| out.flush())
        .context("nobody listens")?;
    let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
    let summary = json!({
        "requests": cluster.requests().len(), "power-cuts": cluster.power_cuts(),
        "most-agent-calls-at-once": cluster.most_agent_calls(),
    });
    // Who has gone does not read it.
    let _ = writeln!(out, "{summary}");
    runtime.shutdown_background();
    Ok(())
}

async fn start(serving: &Serving) -> Result<Proxmox> {
    ensure!(serving.nodes > 0, "a cluster has a node at least");
    let nodes: Vec<String> = (1..=serving.nodes)
        .map(|number| format!("pve{number}"))
        .collect();
    let names: Vec<&str> = nodes.iter().map(String::as_str).collect();
    let layout = ClusterLayout::new(&serving.dir, &names)
        .latency(serving.latency)
        .release(serving.release);
    let cluster = Proxmox::start(layout).await?;
    for index in 0..serving.guests {
        let agent = match index < serving.dead_agents {
            true => AgentState::Dead,
            false => AgentState::Alive,
        };
        let guest = Simulated::new(&boot_id(index))
            .address(IpAddr::V4(address(index)))
            .file(HOST_KEY, &format!("{}\n", public_host_key(index)?))
            .agent(agent);
        let vmid = FIRST_VMID + u32::try_from(index).context("too many guests")?;
        let node = &nodes[index % nodes.len()];
        cluster.add_simulated(node, vmid, &host_name(index), guest)?;
    }
    Ok(cluster)
}
