//! A controller that dies while the node is in maintenance and in the middle of dpkg.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use tokio::time::sleep;

use super::super::super::proof::{record, steps};
use super::super::guest::restarts;
use super::super::program::kill;
use super::outcome::only_outcome;
use super::site::{Machine, Site, WEB};
use super::watch::Watch;
use crate::proxmox::Ceph;
use crate::scenario::{Context, HospesProcess};

const PATIENCE: Duration = Duration::from_secs(240);

pub(in super::super) async fn in_dpkg(context: Context) -> Result<()> {
    let site = Site::start(&context, 1, &["lab-slow", "lab-lib"]).await?;
    site.proxmox.set_ceph(Ceph::healthy());
    site.publish_newer().await?;
    let node = site.node(0)?;
    let hospes = context.start_hospes(&["patch", "nodes", "pve1"])?;
    let hospes = until(node, hospes, "[ -e /var/lib/lab-slow.configured ]").await?;
    kill(hospes).await?;
    ensure!(
        site.proxmox.ha_state("pve1") == Some("maintenance"),
        "it is in service"
    );
    ensure!(
        site.proxmox.node_of(WEB).as_deref() != Some("pve1"),
        "web has not left"
    );
    let status = context
        .hospes(&["patch", "status", "c1"])
        .await?
        .expect_exit(0)?;
    status.expect_text("nobody drives it (hospes patch resume c1)")?;
    let resuming = context.hospes(&["patch", "resume", "c1"]);
    let (watch, run) = Watch::while_done(&site, resuming).await?;
    run.expect_exit(0)?
        .expect_text("was left behind: in maintenance, noout set, away: 101")?;
    watch.expect_one_by_one(&["pve1"])?;
    only_outcome(&context).await?.expect_ending("patched")?;
    once(&context, node).await?;
    site.as_it_was()
}

async fn until(node: &Machine, hospes: HospesProcess, condition: &str) -> Result<HospesProcess> {
    let end = Instant::now() + PATIENCE;
    while node.vm.ssh(condition).await?.code != Some(0) {
        hospes.pid()?;
        ensure!(Instant::now() < end, "`{condition}` never held");
        sleep(Duration::from_millis(500)).await;
    }
    Ok(hospes)
}

/// The unit was started once, dpkg configured the package once, and the node rebooted once.
async fn once(context: &Context, node: &Machine) -> Result<()> {
    let configured = node.run("cat /var/lib/lab-slow.configured").await?;
    ensure!(configured == "configure 1.0", "configured: {configured}");
    let record = record(context, "r1").await?;
    for effect in ["upgrade", "maintenance-on", "maintenance-off"] {
        let done = steps(&record, effect).len();
        ensure!(done == 1, "{effect} was done {done} times: {record}");
    }
    let restarts = restarts(&node.vm)?;
    ensure!(restarts == 1, "the node went down {restarts} times");
    Ok(())
}
