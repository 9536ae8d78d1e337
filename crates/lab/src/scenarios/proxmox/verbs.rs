//! The verbs on a healthy guest of a cluster.

use anyhow::{Result, ensure};

use super::home::Home;
use crate::proxmox::Fault;
use crate::scenario::Context;
use crate::scenarios::evidence::{Boot, fixed, healthy};
use crate::scenarios::proof::{powered_off_by_itself, proved, text};

pub(in crate::scenarios) async fn every_verb(context: Context) -> Result<()> {
    let home = Home::start(&context).await?;
    listed(&context).await?;
    healthy(&context).await?;
    context.hospes(&["ready", "web"]).await?.expect_exit(0)?;
    let inspected = context.hospes(&["inspect", "web"]).await?.expect_exit(0)?;
    inspected.expect_text("Debian")?;

    context.step("a dead agent is mended over SSH");
    let stop = "systemctl stop qemu-guest-agent.service";
    home.vm.ssh(stop).await?.success()?;
    fixed(&context).await?;

    let boot = Boot::of(&home.vm).await?;
    let dry = context.hospes(&["restart", "web", "--check"]).await?;
    dry.expect_exit(0)?.expect_text("would restart")?;
    boot.goes_on(&home.vm).await?;
    let run = context.hospes(&["restart", "web", "--json"]).await?;
    proved(&run.expect_exit(0)?, &home.vm, "restarted", boot.id()).await?;
    down_and_up(&context, &home).await?;
    home.nothing_was_forced()
}

/// The cluster's guests, and what is never touched, in one list.
async fn listed(context: &Context) -> Result<()> {
    let list = context
        .hospes(&["guests", "--json"])
        .await?
        .expect_exit(0)?;
    let list = list.json()?;
    let row = |name: &str| {
        let rows = list["guests"].as_array().cloned().unwrap_or_default();
        rows.into_iter()
            .find(|row| row["guest"] == name)
            .unwrap_or_default()
    };
    let web = row("web");
    ensure!(web["state"] == "running" && web["node"] == "pve1", "{list}");
    ensure!(row("db-102")["node"] == "pve2", "{list}");
    let kinds = list["untouchable"].as_array().cloned().unwrap_or_default();
    let kinds: Vec<_> = kinds.iter().map(|row| text(&row["kind"])).collect();
    ensure!(kinds == ["container", "template"], "{list}");
    for selector in ["tag:front", "pool:prod", "node:pve1", "id:100-101", "we*"] {
        let chosen = context.hospes(&["guests", selector, "--json"]).await?;
        let chosen = chosen.expect_exit(0)?.json()?["guests"].clone();
        let names: Vec<_> = chosen.as_array().into_iter().flatten().collect();
        ensure!(
            names.len() == 1 && names[0]["guest"] == "web",
            "{selector}: {chosen}"
        );
    }
    for container in ["proxy", "id:200"] {
        context
            .hospes(&["shutdown", container])
            .await?
            .expect_exit(2)?;
    }
    Ok(())
}

async fn down_and_up(context: &Context, home: &Home) -> Result<()> {
    let old = Boot::of(&home.vm).await?;
    let stopped = context.hospes(&["shutdown", "web", "--json"]).await?;
    let stopped = stopped.expect_exit(0)?.outcome()?;
    ensure!(stopped["outcome"] == "stopped", "{stopped}");
    ensure!(!home.vm.is_running(), "QEMU still runs");
    powered_off_by_itself(&home.vm)?;
    let started = context.hospes(&["start", "web", "--json"]).await?;
    let started = started.expect_exit(0)?.outcome()?;
    ensure!(started["outcome"] == "started", "{started}");
    let boot = Boot::of(&home.vm).await?;
    ensure!(
        text(&started["readiness"]["boot_id"]) == boot.id(),
        "{started}"
    );
    ensure!(boot.id() != old.id(), "the boot id is the same");
    Ok(())
}

/// One guest's trouble, or one cluster's, hides no other.
pub(in crate::scenarios) async fn many(context: Context) -> Result<()> {
    let mut home = Home::start(&context).await?;
    // `db` is simulated: nobody can look into it.
    let check = context
        .hospes(&["check", "all", "--json"])
        .await?
        .expect_exit(1)?;
    let check = check.json()?;
    let guests = check["guests"].as_array().cloned().unwrap_or_default();
    let health: Vec<_> = guests
        .iter()
        .map(|guest| (text(&guest["guest"]), guest["healthy"] == true))
        .collect();
    ensure!(health.contains(&("web".to_owned(), true)), "{check}");
    ensure!(health.contains(&("db-102".to_owned(), false)), "{check}");

    context.step("the first that is refused ends a walk; with a budget the others have their turn");
    let boot = Boot::of(&home.vm).await?;
    let strict = ["shutdown", "db-102", "web", "--json"];
    let strict = context.hospes(&strict).await?.expect_exit(3)?.json()?;
    ensure!(strict["not_touched"][0] == "web", "{strict}");
    boot.goes_on(&home.vm).await?;
    let lax = [
        "shutdown",
        "db-102",
        "web",
        "--max-failures",
        "1",
        "--at-once",
        "2",
        "--json",
    ];
    let lax = context.hospes(&lax).await?.expect_exit(3)?.json()?;
    ensure!(
        lax["summary"]["succeeded"] == 1 && lax["summary"]["refused"] == 1,
        "{lax}"
    );
    powered_off_by_itself(&home.vm)?;
    context.hospes(&["start", "web"]).await?.expect_exit(0)?;

    context.step("no endpoint answers: SSH work on a configured guest goes on");
    for node in ["pve1", "pve2", "pve3"] {
        home.proxmox
            .fault(Fault::NodeUnreachable(node.to_owned()))?;
    }
    let ready = context.hospes(&["ready", "web", "--json"]).await?;
    ensure!(
        ready.json()?["guests"][0]["outcome"] == "ready",
        "{}",
        ready.stdout
    );
    ensure!(
        ready.json()?["unreachable_clusters"][0]["cluster"] == "lab",
        "{}",
        ready.stdout
    );
    ready.expect_exit(1)?;
    home.nothing_was_forced()
}
