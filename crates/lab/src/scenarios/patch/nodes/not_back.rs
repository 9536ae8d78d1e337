//! A node that does not come back, or not with the kernel that was to come.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::json;
use tokio::time::sleep;

use super::super::super::evidence::Boot;
use super::outcome::{only_outcome, outcomes};
use super::site::{NODES, Site, WEB};
use super::watch::Watch;
use crate::proxmox::Ceph;
use crate::scenario::Context;
use crate::vm::Vm;

/// Long enough for an emulated machine, and short for a test.
const DEADLINE: &str = "\n[cluster.lab.node-deadlines]\nreboot = \"100s\"\n";
/// An emulated machine is in its cluster this soon after it was switched on.
const BOOT: Duration = Duration::from_secs(300);

/// The machine stays off after it went down. The next node is not begun; once somebody has switched the
/// machine on, the run is resumed to its end, and then the next node is patched.
pub(in super::super) async fn switched_off(context: Context) -> Result<()> {
    let site = Site::start(&context, 2, &["lab-tool", "lab-lib"]).await?;
    site.configure(&context, DEADLINE)?;
    site.proxmox.set_ceph(Ceph::healthy());
    site.publish_newer().await?;
    let node = site.node(0)?;
    let boot = Boot::of(&node.vm).await?;
    stays_off(&node.vm).await?;
    let patch = ["patch", "nodes", "pve1", "pve2"];
    let (watch, run) = Watch::while_done(&site, context.hospes(&patch)).await?;
    let run = run.expect_exit(4)?;
    run.expect_text("0 not patched, 1 not usable, 1 not begun")?;
    run.expect_text("hospes runs resume r1")?;
    run.expect_text("(not as it was found: in maintenance, noout set, away: 101 ")?;
    watch.expect_one_by_one(&["pve1"])?;
    ensure!(
        site.proxmox.node_of(WEB).as_deref() != Some("pve1"),
        "web is on a node that is off"
    );
    ensure!(site.proxmox.is_running(WEB), "web does not run");
    let refused = context.hospes(&patch).await?.expect_exit(4)?;
    refused.expect_text("its cluster does not see it")?;
    refused.expect_text("run r1 is not finished; to go on: hospes runs resume r1")?;
    context.step("somebody switches the node on");
    switch_on(&node.vm).await?;
    let end = Instant::now() + BOOT;
    while !site.proxmox.is_online("pve1") {
        ensure!(
            Instant::now() < end,
            "it does not boot\n{}",
            node.vm.log_tail()
        );
        sleep(Duration::from_millis(200)).await;
    }
    let resumed = context
        .hospes(&["runs", "resume", "r1"])
        .await?
        .expect_exit(0)?;
    resumed.expect_text("was left behind: in maintenance, noout set")?;
    let outcome = only_outcome(&context).await?;
    outcome.expect_ending("patched")?;
    let proof = &outcome.seen("patch")["reboot"];
    ensure!(proof["old"] == boot.id(), "another boot ended: {proof}");
    let now = Boot::of(&node.vm).await?;
    ensure!(proof["new"] == now.id(), "another boot runs: {proof}");
    site.as_it_was()?;
    next(&context, &site).await
}

/// The first node has nothing left to do, and the next one is patched.
async fn next(context: &Context, site: &Site) -> Result<()> {
    let patching = context.hospes(&["patch", "nodes", "pve1", "pve2"]);
    let (watch, run) = Watch::while_done(site, patching).await?;
    run.expect_exit(0)?.expect_text("2 patched")?;
    watch.expect_one_by_one(&["pve2"])?;
    let outcomes = outcomes(context).await?;
    let endings = [(1, "nothing-to-do"), (2, "patched")];
    for (run, ending) in endings {
        let outcome = outcomes.get(run);
        ensure!(outcome.is_some(), "{} runs", outcomes.len());
        outcome
            .map(|outcome| outcome.expect_ending(ending))
            .transpose()?;
    }
    site.as_it_was()
}

/// From now on a reboot ends with the machine as good as switched off.
async fn stays_off(vm: &Vm) -> Result<()> {
    let action = json!({"reboot": "shutdown", "shutdown": "pause"});
    vm.qmp("set-action", action).await?;
    Ok(())
}

async fn switch_on(vm: &Vm) -> Result<()> {
    let action = json!({"reboot": "reset", "shutdown": "poweroff"});
    vm.qmp("set-action", action).await?;
    vm.qmp("system_reset", json!({})).await?;
    vm.qmp("cont", json!({})).await?;
    Ok(())
}

/// The lab's machines boot the kernel that QEMU gives them: the new one never runs. The node is in service
/// again with the old one, and no other node is begun.
pub(in super::super) async fn old_kernel(context: Context) -> Result<()> {
    let site = Site::start(&context, 1, &["lab-kernel"]).await?;
    site.publish_newer().await?;
    let boot = Boot::of(&site.node(0)?.vm).await?;
    let patching = context.hospes(&["patch", "nodes"]);
    let (watch, run) = Watch::while_done(&site, patching).await?;
    let run = run.expect_exit(1)?;
    run.expect_text("99.0.0-1-cloud-amd64")?;
    let others = NODES.len() - 1;
    run.expect_text(&format!("1 not patched, 0 not usable, {others} not begun"))?;
    watch.expect_one_by_one(&["pve1"])?;
    let outcome = only_outcome(&context).await?;
    outcome
        .expect_ending("incomplete")?
        .expect_end_says("still-asks-for-reboot")?;
    let proof = &outcome.seen("patch")["reboot"];
    ensure!(
        proof["old"] == boot.id(),
        "the reboot is not proved: {proof}"
    );
    let report = context
        .hospes(&["patch", "report", "c1"])
        .await?
        .expect_exit(0)?;
    report.expect_text("see which kernel its boot loader starts")?;
    site.as_it_was()
}
