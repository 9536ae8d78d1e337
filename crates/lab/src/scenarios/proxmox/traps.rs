//! What Proxmox VE does that a careless client falls for.

use std::time::Duration;

use anyhow::{Result, ensure};

use super::home::{Home, WEB};
use crate::proxmox::{Fault, HaSettings, PendingChange};
use crate::scenario::Context;
use crate::scenarios::evidence::{Boot, check, healthy, refused_restart};

/// What keeps the guest from being touched is told, and it is not touched.
pub(in crate::scenarios) async fn refusals(context: Context) -> Result<()> {
    let mut home = Home::start(&context).await?;
    let boot = Boot::of(&home.vm).await?;
    configuration_lock(&context, &mut home).await?;
    pending_change(&context, &home).await?;
    quorum_lost(&context, &mut home).await?;
    high_availability(&context, &home).await?;
    agent_dead(&context, &home).await?;
    operation_lock(&context, &mut home).await?;
    boot.goes_on(&home.vm).await?;
    home.nothing_was_forced()
}

async fn refused(context: &Context, arguments: &[&str], said: &[&str]) -> Result<()> {
    let run = context.hospes(arguments).await?.expect_exit(3)?;
    said.iter().try_for_each(|text| run.expect_text(text))
}

async fn configuration_lock(context: &Context, home: &mut Home) -> Result<()> {
    context.step("a backup holds the configuration's lock");
    home.proxmox
        .fault(Fault::ConfigLock(WEB, "backup".to_owned()))?;
    refused(context, &["restart", "web"], &["locked", "backup"]).await?;
    home.proxmox.clear()
}

async fn pending_change(context: &Context, home: &Home) -> Result<()> {
    context.step("the agent will be gone after the next start");
    home.proxmox.configure(WEB, |web| {
        web.pending
            .insert("agent".to_owned(), PendingChange::Delete);
    })?;
    check(context).await?.expect(&[(5, "failed")])?;
    refused_restart(context).await?.expect(&[5])?;
    home.proxmox.configure(WEB, |web| web.pending.clear())
}

async fn quorum_lost(context: &Context, home: &mut Home) -> Result<()> {
    context.step("the nodes have no quorum");
    home.proxmox.fault(Fault::NoQuorum)?;
    refused(context, &["restart", "web"], &["quorum"]).await?;
    home.proxmox.clear()
}

async fn high_availability(context: &Context, home: &Home) -> Result<()> {
    context.step("a guest under HA is not shut down: HA would force it");
    home.proxmox
        .configure(WEB, |web| web.ha = Some(HaSettings::started()))?;
    let way = "ha-manager set vm:101 --state ignored";
    refused(context, &["shutdown", "web"], &[way]).await?;
    ensure!(
        home.posts("/nodes/pve1/qemu/101/status/shutdown") == 0,
        "HA was asked"
    );
    home.proxmox.configure(WEB, |web| web.ha = None)
}

async fn agent_dead(context: &Context, home: &Home) -> Result<()> {
    context.step("a dead agent: each call costs a worker three seconds");
    let stop = "systemctl stop qemu-guest-agent.service";
    home.vm.ssh(stop).await?.success()?;
    let before = home.proxmox.requests().len();
    check(context)
        .await?
        .expect(&[(2, "failed"), (6, "failed")])?;
    let asked = home.proxmox.requests().split_off(before);
    let asked = asked
        .iter()
        .filter(|seen| seen.path.contains("/agent/"))
        .count();
    ensure!(asked == 1, "a dead agent was asked {asked} times");
    refused_restart(context).await?.expect(&[2, 6])?;
    home.vm
        .ssh("systemctl start qemu-guest-agent.service")
        .await?
        .success()?;
    healthy(context).await.map(drop)
}

async fn operation_lock(context: &Context, home: &mut Home) -> Result<()> {
    context.step("another operation holds the guest's lock: the task fails after ten seconds");
    home.proxmox
        .fault(Fault::OperationLock(WEB, Duration::from_secs(60)))?;
    let run = context.hospes(&["restart", "web"]).await?.expect_exit(1)?;
    run.expect_text("can't lock file '/var/lock/qemu-server/lock-101.conf' - got timeout")?;
    home.proxmox.clear()
}

/// Answers that are not the usual ones.
pub(in crate::scenarios) async fn answers(context: Context) -> Result<()> {
    let mut home = Home::start(&context).await?;
    let boot = Boot::of(&home.vm).await?;
    context.step("words and fields of a future release, and those of 8.4");
    home.proxmox.fault(Fault::UnknownEnum)?;
    healthy(&context).await?;
    home.proxmox.clear()?;
    home.proxmox.fault(Fault::Answers84)?;
    healthy(&context).await?;
    home.proxmox.clear()?;
    missing_privilege(&context, &mut home).await?;
    node_away(&context, &mut home).await?;
    wrong_secret(&context, &home).await?;
    certificate_rotated(&context, &mut home).await?;
    boot.goes_on(&home.vm).await?;
    home.nothing_was_forced()
}

async fn missing_privilege(context: &Context, home: &mut Home) -> Result<()> {
    context.step("the token lacks a privilege: 403");
    home.proxmox
        .fault(Fault::TokenWithout("VM.PowerMgmt".to_owned()))?;
    let run = context.hospes(&["restart", "web"]).await?.expect_exit(1)?;
    run.expect_text("VM.PowerMgmt")?;
    home.proxmox.clear()
}

async fn node_away(context: &Context, home: &mut Home) -> Result<()> {
    context.step("the guest's node cannot be reached: 595 from the others");
    home.proxmox
        .fault(Fault::NodeUnreachable("pve1".to_owned()))?;
    let run = context.hospes(&["restart", "web"]).await?.expect_exit(3)?;
    run.expect_text("pve1")?;
    context.hospes(&["ready", "web"]).await?.expect_exit(0)?;
    home.proxmox.clear()
}

async fn wrong_secret(context: &Context, home: &Home) -> Result<()> {
    context.step("a token that is not valid: 401, and not asked again");
    let file = home.proxmox.token_file();
    let secret = std::fs::read_to_string(&file)?;
    std::fs::write(&file, "11111111-2222-3333-4444-555555555555\n")?;
    let before = home.proxmox.requests().len();
    let run = context.hospes(&["guests"]).await?;
    run.expect_text(home.proxmox.token_id())?;
    let refused = home.proxmox.requests().split_off(before);
    let refused = refused
        .iter()
        .filter(|seen| seen.status == Some(401))
        .count();
    ensure!(refused == 1, "{refused} requests were refused");
    Ok(std::fs::write(&file, secret)?)
}

async fn certificate_rotated(context: &Context, home: &mut Home) -> Result<()> {
    context.step("a certificate was renewed: its fingerprint is told, and nothing asked");
    for node in ["pve1", "pve2", "pve3"] {
        home.proxmox
            .fault(Fault::RotateCertificate(node.to_owned()))?;
    }
    let run = context.hospes(&["check", "web"]).await?.expect_exit(1)?;
    run.expect_text(&home.proxmox.fingerprint("pve1"))?;
    home.configure(context, &[])?;
    healthy(context).await.map(drop)
}
