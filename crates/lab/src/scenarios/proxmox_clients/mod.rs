//! Clients of Proxmox VE that nobody here wrote, asking the lab's: what they accept as Proxmox VE, hospes
//! is tested against.

use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tokio::process::Command;
use tokio::time::timeout;

use crate::cache;
use crate::proxmox::{ClusterLayout, Proxmox, Simulated};
use crate::python::Python;
use crate::scenario::Context;

const PROXMOXER: &str = include_str!("client.py");
const PLAY: &str = include_str!("play.yml");
const INVENTORY: &str = include_str!("inventory.proxmox.yml");

const LONGEST: Duration = Duration::from_secs(600);

/// Two nodes with a guest each, and the clients' surroundings.
struct Surroundings {
    cluster: Proxmox,
    python: Python,
    dir: PathBuf,
}

impl Surroundings {
    async fn ready(context: &Context) -> Result<Self> {
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

    fn address(&self) -> Result<String> {
        let first = self.cluster.endpoints().into_iter().next();
        Ok(first.context("a cluster has a node")?.1)
    }

    fn write(&self, name: &str, text: &str) -> Result<PathBuf> {
        let path = self.dir.join(name);
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }

    /// No client asked for force, and nothing cut a guest's power.
    fn check_gentleness(&self) -> Result<()> {
        let requests = self.cluster.requests();
        ensure!(!requests.is_empty(), "nobody asked the lab's Proxmox");
        let cuts = self.cluster.power_cuts();
        ensure!(cuts == 0, "{cuts} power cuts");
        Ok(())
    }
}

async fn run(command: &mut Command) -> Result<Output> {
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

/// proxmoxer lists, queries, shuts down, reboots and starts, with a token and with a ticket.
pub(super) async fn proxmoxer(context: Context) -> Result<()> {
    let around = Surroundings::ready(&context).await?;
    let script = around.write("client.py", PROXMOXER)?;
    context.step("proxmoxer asks");
    let mut python = around.python.python();
    python.arg(script).arg(around.address()?);
    python
        .arg(around.cluster.token_id())
        .arg(around.cluster.token_file());
    python
        .arg(around.cluster.user())
        .arg(around.cluster.password_file());
    run(&mut python).await?;
    around.check_gentleness()
}

/// The modules and the inventory of community.proxmox do the same.
pub(super) async fn ansible(context: Context) -> Result<()> {
    let around = Surroundings::ready(&context).await?;
    let (user, token) = around
        .cluster
        .token_id()
        .split_once('!')
        .context("a token")?;
    let address = around.address()?;
    let (_, port) = address.split_once(':').context("an address")?;
    let variables = serde_json::json!({
        "port": port, "user": user, "token": token, "token_file": around.cluster.token_file(),
        "ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}",
    });
    let play = around.write("play.yml", PLAY)?;
    context.step("community.proxmox plays");
    let mut ansible = around.python.ansible_playbook();
    ansible.args([
        "--inventory",
        "localhost,",
        "--extra-vars",
        &variables.to_string(),
    ]);
    run(ansible.arg(play)).await?;
    context.step("community.proxmox lists");
    let text = INVENTORY
        .replace("ADDRESS", &address)
        .replace("USER", user)
        .replace("TOKEN_FILE", &around.cluster.token_file().to_string_lossy())
        .replace("TOKEN", token);
    let inventory = around.write("lab.proxmox.yml", &text)?;
    let mut list = around.python.program("ansible-inventory");
    let listed = run(list.args(["--list", "--inventory"]).arg(inventory)).await?;
    let listed: Value = serde_json::from_slice(&listed.stdout)?;
    let hosts = &listed["_meta"]["hostvars"];
    ensure!(
        hosts["web"]["proxmox_vmid"] == 101,
        "no guest `web` in {listed}"
    );
    ensure!(
        hosts["db"]["proxmox_vmid"] == 102,
        "no guest `db` in {listed}"
    );
    around.check_gentleness()
}
