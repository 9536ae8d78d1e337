//! Node after node is patched and reboots; its guests leave before and are back afterwards.

use anyhow::{Result, ensure};
use serde_json::Value;

use super::super::super::evidence::Boot;
use super::super::super::proof::text;
use super::outcome::outcomes;
use super::site::{GROUP, NODES, Site};
use super::watch::Watch;
use crate::proxmox::Ceph;
use crate::scenario::Context;

pub(in super::super) async fn one_by_one(context: Context) -> Result<()> {
    let site = Site::start(&context, NODES.len(), &["lab-tool", "lab-lib"]).await?;
    site.proxmox.set_ceph(Ceph::healthy());
    site.publish_newer().await?;
    checked(&context, &site).await?;
    let mut boots = Vec::new();
    for node in &site.nodes {
        boots.push(Boot::of(&node.vm).await?);
    }
    let patching = context.hospes(&["patch", "nodes"]);
    let (watch, run) = Watch::while_done(&site, patching).await?;
    run.expect_exit(0)?
        .expect_text("3 patched, 0 not patched")?;
    watch.expect_one_by_one(&NODES)?;
    ensure!(
        watch.db_was_on.iter().eq(GROUP),
        "db left its group: {watch:?}"
    );
    site.as_it_was()?;
    for (node, before) in site.nodes.iter().zip(&boots) {
        for package in ["lab-tool", "lab-lib"] {
            let version = node.version(package).await?;
            ensure!(version == "2.0", "{}: {package} {version}", node.vm.name());
        }
        let now = Boot::of(&node.vm).await?;
        ensure!(
            now.id() != before.id(),
            "{} has not rebooted",
            node.vm.name()
        );
    }
    proved(&context, &boots).await?;
    told(&context).await
}

/// A look changes nothing, and tells what would be newer and who would leave.
async fn checked(context: &Context, site: &Site) -> Result<()> {
    const STATE: &str = "dpkg-query -W; ls -l --time-style=full-iso /var/lib/apt/lists; \
        systemctl list-units --all --plain --no-legend 'hospes-*'; ls /var/lib/hospes 2>&1; \
        cat /proc/sys/kernel/random/boot_id";
    let before = site.node(0)?.run(STATE).await?;
    let check = ["patch", "nodes", "--check", "--json"];
    let document = context.hospes(&check).await?.expect_exit(0)?.json()?;
    let after = site.node(0)?.run(STATE).await?;
    ensure!(before == after, "changed from\n{before}\nto\n{after}");
    let writes = site.proxmox.requests().into_iter();
    let writes: Vec<_> = writes.filter(|seen| seen.method != "GET").collect();
    ensure!(writes.is_empty(), "a look wrote: {writes:?}");
    let nodes = document["nodes"].as_array().cloned().unwrap_or_default();
    ensure!(nodes.len() == NODES.len(), "{document}");
    for node in &nodes {
        ensure!(node["against"] == Value::Array(Vec::new()), "{node}");
        let updates = node["view"]["software"].to_string();
        ensure!(updates.contains("lab-lib"), "not told as newer: {updates}");
    }
    let leaving = nodes[0]["leaving"].to_string();
    for guest in ["101 (web", "102 (db, by high availability"] {
        ensure!(
            leaving.contains(guest),
            "{guest} would not leave: {leaving}"
        );
    }
    site.as_it_was()
}

/// Each run proves its node's reboot.
async fn proved(context: &Context, boots: &[Boot]) -> Result<()> {
    let outcomes = outcomes(context).await?;
    ensure!(outcomes.len() == boots.len(), "{} runs", outcomes.len());
    for (outcome, before) in outcomes.iter().zip(boots) {
        outcome.expect_ending("patched")?;
        let proof = &outcome.seen("patch")["reboot"];
        ensure!(
            text(&proof["old"]) == before.id(),
            "another boot ended: {proof}"
        );
    }
    Ok(())
}

/// The campaign and its report tell it.
async fn told(context: &Context) -> Result<()> {
    let status = context.hospes(&["patch", "status", "c1"]).await?;
    status.expect_exit(0)?.expect_text("3 patched")?;
    for form in ["markdown", "html", "json"] {
        let words = ["patch", "report", "c1", "--format", form];
        let report = context.hospes(&words).await?.expect_exit(0)?;
        for words in ["pve1", "pve2", "pve3", "lab-lib"] {
            report.expect_text(words)?;
        }
    }
    Ok(())
}
