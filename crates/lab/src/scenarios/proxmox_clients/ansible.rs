//! community.proxmox, Ansible's collection.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::surroundings::{Surroundings, run};
use crate::scenario::Context;

const PLAY: &str = include_str!("play.yml");
const INVENTORY: &str = include_str!("inventory.proxmox.yml");

/// The modules and the inventory of community.proxmox do the same.
pub(in crate::scenarios) async fn ansible(context: Context) -> Result<()> {
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
