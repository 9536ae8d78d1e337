//! A guest that cannot be moved keeps its node from being patched, and nothing is left behind.

use anyhow::{Result, ensure};

use super::super::super::evidence::Boot;
use super::outcome::only_outcome;
use super::site::{Site, WEB};
use super::watch::Watch;
use crate::proxmox::{Ceph, Fault};
use crate::scenario::Context;

pub(in super::super) async fn migration_fails(context: Context) -> Result<()> {
    let mut site = Site::start(&context, 1, &["lab-tool", "lab-lib"]).await?;
    site.proxmox.set_ceph(Ceph::healthy());
    site.publish_newer().await?;
    let boot = Boot::of(&site.node(0)?.vm).await?;
    site.proxmox.fault(Fault::MigrationFails(WEB))?;
    let patching = context.hospes(&["patch", "nodes"]);
    let (watch, run) = Watch::while_done(&site, patching).await?;
    let run = run.expect_exit(1)?;
    run.expect_text("migration aborted")?;
    run.expect_text("1 not patched, 0 not usable, 2 not begun")?;
    ensure!(
        watch.maintained == ["pve1"],
        "the next node was begun: {watch:?}"
    );
    ensure!(watch.rebooted.is_empty(), "it rebooted: {watch:?}");
    let outcome = only_outcome(&context).await?;
    outcome
        .expect_ending("not-drained")?
        .expect_end_says("web")?;
    let tried = site.proxmox.requests();
    let tried = tried
        .iter()
        .filter(|seen| seen.method == "POST" && seen.path.ends_with("/migrate"));
    ensure!(tried.count() == 2, "each other node is a target once");
    let node = site.node(0)?;
    let version = node.version("lab-tool").await?;
    ensure!(version == "1.0", "it was patched all the same: {version}");
    boot.goes_on(&node.vm).await?;
    site.as_it_was()
}
