//! A node whose system is a real machine.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};

use crate::proxmox::{ClusterLayout, HaSettings, Proxmox, Simulated};
use crate::scenario::Context;
use crate::scenarios::proof::boot_id;
use crate::vm::VmSpec;

/// Emulated machines boot for up to a minute and a half.
const BOOT: Duration = Duration::from_secs(300);

/// Its command puts it into maintenance and its guests leave; it reboots, is away meanwhile, and is
/// still in maintenance afterwards; its guests come back when that is taken back.
pub(in crate::scenarios) async fn real_node(context: Context) -> Result<()> {
    let vm = Arc::new(context.vm(VmSpec::new("pve1").fresh()).await?);
    let layout = ClusterLayout::new(&context.dir().join("pve"), &["pve1", "pve2", "pve3"]);
    let proxmox = Proxmox::start(layout).await?;
    let web = Simulated::new("7c6b1a52-1111-4222-8333-944455556666");
    proxmox.add_simulated("pve1", 101, "web", web)?;
    proxmox.configure(101, |web| web.ha = Some(HaSettings::started()))?;
    proxmox.attach_node("pve1", Arc::clone(&vm)).await?;
    let ask = "ha-manager crm-command node-maintenance";
    vm.ssh(&format!("{ask} enable pve1")).await?.success()?;
    until("its guest has left", || {
        proxmox.node_of(101).as_deref() != Some("pve1")
    })
    .await?;
    ensure!(
        proxmox.ha_state("pve1") == Some("maintenance"),
        "it is not in maintenance"
    );
    let before = boot_id(&vm).await?;
    context.step("the node reboots");
    vm.ssh("systemd-run --on-active=1 systemctl reboot")
        .await?
        .success()?;
    until("it is away", || !proxmox.is_online("pve1")).await?;
    until("it is back", || proxmox.is_online("pve1")).await?;
    vm.wait_for_ssh(BOOT).await?;
    ensure!(boot_id(&vm).await? != before, "it has not rebooted");
    ensure!(
        proxmox.ha_state("pve1") == Some("maintenance"),
        "maintenance was forgotten"
    );
    ensure!(
        proxmox.power_cuts() == 0,
        "a guest that had left lost its power"
    );
    vm.ssh(&format!("{ask} disable pve1")).await?.success()?;
    until("its guest is back", || {
        proxmox.node_of(101).as_deref() == Some("pve1")
    })
    .await
}

async fn until(what: &str, mut seen: impl FnMut() -> bool) -> Result<()> {
    let end = Instant::now() + BOOT;
    while !seen() {
        if Instant::now() > end {
            bail!("not within {BOOT:?}: {what}");
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}
