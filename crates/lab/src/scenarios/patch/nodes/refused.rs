//! What speaks against a node is told before anything is touched, and no other node is begun.
//!
//! No machine is needed: whoever is refused is not logged in to.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use tokio::time::sleep;

use super::outcome::outcomes;
use super::site::{NODES, Site};
use crate::proxmox::{Ceph, Fault};
use crate::scenario::{Context, HospesRun};

/// The manager of high availability looks five times a second.
const SEEN_WITHIN: Duration = Duration::from_secs(30);

pub(in super::super) async fn by_the_cluster(context: Context) -> Result<()> {
    let mut site = Site::start(&context, 0, &[]).await?;
    site.proxmox.fault(Fault::NoQuorum)?;
    refused(&context, &site, &[], "the cluster is not quorate now").await?;
    site.proxmox.clear()?;
    context.step("a node is away: without another one the cluster cannot decide");
    site.proxmox.shut_node_down("pve3")?;
    let all = context.hospes(&["patch", "nodes"]).await?.expect_exit(4)?;
    all.expect_text("its cluster does not see it")?;
    let lost = "without pve1 1 of 3 votes remain, 2 are needed (offline already: pve3)";
    refused(&context, &site, &["pve1", "pve2"], lost).await?;
    boot(&site, "pve3").await?;
    by_ceph(&context, &site).await?;
    without_privileges(&context, &mut site).await?;
    waited_for(&context, &site).await?;
    site.as_it_was()
}

/// Boots a simulated node, and waits until high availability has seen it.
async fn boot(site: &Site, node: &str) -> Result<()> {
    site.proxmox.boot_node(node, "6.17.2-1-pve")?;
    let end = Instant::now() + SEEN_WITHIN;
    while site.proxmox.ha_state(node) != Some("online") {
        ensure!(
            Instant::now() < end,
            "high availability does not see {node}"
        );
        sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

/// A warning that is not allowed refuses; the one that `noout` causes does not.
async fn by_ceph(context: &Context, site: &Site) -> Result<()> {
    let degraded = Ceph::healthy().failing("PG_DEGRADED", "HEALTH_WARN", "12 pgs degraded");
    site.proxmox.set_ceph(degraded);
    refused(
        context,
        site,
        &[],
        "Ceph warns: PG_DEGRADED (12 pgs degraded)",
    )
    .await?;
    let noout = Ceph {
        noout: true,
        ..Ceph::healthy()
    };
    site.proxmox.set_ceph(noout);
    let check = context.hospes(&["patch", "nodes", "--check"]).await?;
    check
        .expect_exit(0)?
        .expect_text("nothing stands in the way")?;
    site.proxmox.set_ceph(Ceph::healthy());
    Ok(())
}

/// A token that may not move guests is told with what grants it, and no node is begun.
async fn without_privileges(context: &Context, site: &mut Site) -> Result<()> {
    let lost = Fault::TokenWithout("VM.Migrate".to_owned());
    site.proxmox.fault(lost)?;
    let check = context.hospes(&["patch", "nodes", "--check"]).await?;
    let check = check.expect_exit(3)?;
    check.expect_text("lacks VM.Migrate on /vms")?;
    check.expect_text("pveum acl modify /vms --roles HospesMove")?;
    let runs = outcomes(context).await?.len();
    let all = context.hospes(&["patch", "nodes"]).await?.expect_exit(4)?;
    all.expect_text("lacks VM.Migrate on /vms")?;
    ensure!(outcomes(context).await?.len() == runs, "a run was begun");
    site.proxmox.clear()
}

/// A backup would be waited for: that refuses nothing, but the node cannot be begun now.
async fn waited_for(context: &Context, site: &Site) -> Result<()> {
    let backup = site.proxmox.put_in_flight("pve1", "vzdump", 101)?;
    let check = context
        .hospes(&["patch", "nodes", "pve1", "--check"])
        .await?;
    let check = check.expect_exit(4)?;
    check.expect_text("vzdump")?;
    check.expect_text("would be waited for")?;
    drop(backup);
    Ok(())
}

/// Fails unless a run over these nodes, or all, refuses the first with `why`, changes nothing, and does
/// not begin the next.
async fn refused(context: &Context, site: &Site, nodes: &[&str], why: &str) -> Result<HospesRun> {
    let runs = outcomes(context).await?.len();
    let asked = site.proxmox.requests().len();
    let words = [&["patch", "nodes"], nodes].concat();
    let run = context.hospes(&words).await?.expect_exit(1)?;
    run.expect_text(why)?;
    let waiting = if nodes.is_empty() {
        NODES.len()
    } else {
        nodes.len()
    } - 1;
    run.expect_text(&format!("1 not patched, 0 not usable, {waiting} not begun"))?;
    let outcomes = outcomes(context).await?;
    ensure!(
        outcomes.len() == runs + 1,
        "{} runs were begun",
        outcomes.len() - runs
    );
    if let Some(last) = outcomes.last() {
        last.expect_ending("refused")?;
    }
    let requests = site.proxmox.requests();
    let writes: Vec<_> = requests
        .iter()
        .skip(asked)
        .filter(|seen| seen.method != "GET")
        .collect();
    ensure!(writes.is_empty(), "something was touched: {writes:?}");
    Ok(run)
}
