//! Restarts that do not go the usual way.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};

use super::home::{Home, WEB};
use crate::proxmox::{Fault, HaSettings};
use crate::scenario::Context;
use crate::scenarios::evidence::Boot;
use crate::scenarios::metadata::{Served, says, set};
use crate::scenarios::proof::{
    hold_shutdown, let_go, powered_off_by_itself, proved, text, until_let_go,
};

/// A guest under high availability is restarted by one request, which reports success long before
/// the guest is back.
pub(in crate::scenarios) async fn high_availability(context: Context) -> Result<()> {
    let home = Home::start(&context).await?;
    home.proxmox
        .configure(WEB, |web| web.ha = Some(HaSettings::started()))?;
    let boot = Boot::of(&home.vm).await?;
    let run = context.hospes(&["restart", "web", "--json"]).await?;
    proved(&run.expect_exit(0)?, &home.vm, "restarted", boot.id()).await?;
    ensure!(
        home.posts("/nodes/pve1/qemu/101/status/reboot") == 1,
        "not by one request"
    );
    ensure!(
        home.posts("/nodes/pve1/qemu/101/status/shutdown") == 0,
        "HA was asked to stop it"
    );
    ensure!(
        home.posts("/nodes/pve1/qemu/101/status/start") == 0,
        "it was started twice"
    );
    home.nothing_was_forced()
}

/// The agent dies between the last ping and the call: Proxmox VE falls back to ACPI, and the
/// timeline says so.
pub(in crate::scenarios) async fn agent_dies(context: Context) -> Result<()> {
    let mut home = Home::start(&context).await?;
    home.proxmox.fault(Fault::AgentDiesBeforeShutdown(WEB))?;
    let boot = Boot::of(&home.vm).await?;
    let run = context
        .hospes(&["restart", "web", "--json"])
        .await?
        .expect_exit(0)?;
    proved(&run, &home.vm, "restarted", boot.id()).await?;
    let shown = context
        .hospes(&["runs", "show", "r1"])
        .await?
        .expect_exit(0)?;
    shown.expect_text("ACPI")?;
    home.nothing_was_forced()
}

/// A guest that does not go down in time powers off later and stays off: that is seen and told,
/// and the run starts it.
pub(in crate::scenarios) async fn late(context: Context) -> Result<()> {
    let home = Home::with(&context, &[("stop", "12s")]).await?;
    let boot = Boot::of(&home.vm).await?;
    hold_shutdown(&home.vm, &until_let_go()).await?;
    let run = context
        .hospes(&["restart", "web", "--json"])
        .await?
        .expect_exit(1)?;
    let outcome = run.outcome()?;
    ensure!(outcome["outcome"] == "still-running", "{outcome}");
    boot.goes_on(&home.vm).await?;
    let_go(&home.vm).await?;
    home.vm.wait_for_exit(Duration::from_secs(90)).await?;
    powered_off_by_itself(&home.vm)?;
    let list = context
        .hospes(&["runs", "list", "--json"])
        .await?
        .expect_exit(0)?;
    let remark = text(&list.json()?["runs"][0]["remark"]);
    ensure!(
        remark.contains("powered off since; hospes runs resume r1"),
        "{remark}"
    );
    let run = context.hospes(&["runs", "resume", "r1", "--json"]).await?;
    proved(&run.expect_exit(0)?, &home.vm, "restarted", boot.id()).await?;
    home.nothing_was_forced()
}

/// The whole recovery workflow: the guest's own scripts, the gate, a task, and a new boot.
pub(in crate::scenarios) async fn graceful(context: Context) -> Result<()> {
    let mut served = Served::unserved(&context).await?;
    let home = Home::around(&context, Arc::clone(&served.vm)).await?;
    home.configure(&context, &[("ready", "5m")])?;
    served.begin_service(&context).await?;
    served.install(&context).await?;
    let drain = format!("{}; sleep 2; {}", says("begins"), says("ends"));
    set(&context, "graceful-shutdown-script", &drain).await?;
    set(&context, "startup-script", &says("startup")).await?;
    let boot = Boot::of(&home.vm).await?;
    let run = context
        .hospes(&["restart", "web", "--graceful", "2m", "--json"])
        .await?
        .expect_exit(0)?;
    proved(&run, &home.vm, "restarted", boot.id()).await?;
    served.until_ran("startup").await?;
    served.expect_ran("begins ends startup").await?;
    home.nothing_was_forced()
}
