//! The agent's own troubles: it is stopped, frozen, has frozen the file systems, or may not shut
//! the guest down. The hypervisor may not act then, and nothing touches the guest.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;

use super::evidence::{self, Boot};
use crate::scenario::Context;
use crate::vm::{Vm, VmSpec, hospes_toml};

const UNIT: &str = "qemu-guest-agent.service";

/// A guest whose host key is pinned: a dead agent could not confirm it.
async fn guest(context: &Context, deadlines: &str) -> Result<Vm> {
    let vm = context.vm(VmSpec::new("web")).await?;
    context.configure_with(&(hospes_toml(&[&vm]) + deadlines))?;
    context.hospes(&["trust", "web"]).await?.expect_exit(0)?;
    Ok(vm)
}

pub(super) async fn stopped(context: Context) -> Result<()> {
    let vm = guest(&context, "").await?;
    let boot = Boot::of(&vm).await?;
    vm.ssh(&format!("systemctl stop {UNIT}")).await?.success()?;
    let checked = evidence::check(&context).await?;
    checked.expect(&[(2, "failed"), (6, "failed")])?;
    checked.expect_said(2, "ActiveState=inactive")?;
    checked.expect_said(6, "the agent does not answer")?;
    let refused = evidence::refused_restart(&context).await?;
    refused.expect(&[2, 6])?;
    refused.expect_failed(2, "does not run")?;
    boot.goes_on(&vm).await?;
    evidence::fixed(&context).await?;
    evidence::healthy(&context).await?;
    ensure!(
        vm.agent_pings(Duration::from_secs(5)).await,
        "the agent does not answer"
    );
    boot.goes_on(&vm).await
}

pub(super) async fn frozen(context: Context) -> Result<()> {
    let vm = guest(&context, "").await?;
    let boot = Boot::of(&vm).await?;
    vm.ssh(&format!("systemctl kill -s STOP {UNIT}"))
        .await?
        .success()?;
    let refused = evidence::refused_restart(&context).await?;
    refused.expect_within(Duration::from_secs(20))?;
    refused.expect(&[6])?;
    refused.expect_failed(6, "did not answer guest-sync-delimited")?;
    boot.goes_on(&vm).await?;
    evidence::fixed(&context).await?;
    evidence::healthy(&context).await?;
    boot.goes_on(&vm).await
}

/// Whatever writes hangs then, logins too: every deadline must hold.
pub(super) async fn file_systems_frozen(context: Context) -> Result<()> {
    let deadlines = "[guest.web.deadlines]\ncheck = \"15s\"\nssh-command = \"10s\"\n";
    let vm = guest(&context, deadlines).await?;
    let boot = Boot::of(&vm).await?;
    vm.ssh("echo 'echo logged in >>/root/logins' >/root/.ssh/rc")
        .await?
        .success()?;
    let count = vm.agent_command("guest-fsfreeze-freeze", json!({})).await?;
    ensure!(count.as_u64() > Some(0), "no file system was frozen");
    let refused = refused_while_frozen(&context, &vm).await;
    vm.agent_command("guest-fsfreeze-thaw", json!({})).await?;
    refused?;
    evidence::healthy(&context).await?;
    boot.goes_on(&vm).await
}

async fn refused_while_frozen(context: &Context, vm: &Vm) -> Result<()> {
    let refused = evidence::refused_restart(context).await?;
    refused.expect_within(Duration::from_secs(45))?;
    refused.expect(&[1, 2, 3, 4, 6])?;
    refused.expect_failed(6, "file systems are frozen")?;
    let status = vm.agent_command("guest-fsfreeze-status", json!({})).await?;
    ensure!(status == "frozen", "the product has thawed: {status}");
    ensure!(
        vm.run_state().await? == "running",
        "the machine does not run"
    );
    Ok(())
}

pub(super) async fn shutdown_blocked(context: Context) -> Result<()> {
    let vm = guest(&context, "").await?;
    let boot = Boot::of(&vm).await?;
    let block = format!(
        "mkdir -p /etc/qemu; printf '[general]\\nblacklist=guest-shutdown\\n' >/etc/qemu/qemu-ga.conf; \
         systemctl restart {UNIT}"
    );
    vm.ssh(&block).await?.success()?;
    let refused = evidence::refused_restart(&context).await?;
    refused.expect(&[6])?;
    refused.expect_failed(6, "guest-shutdown not enabled")?;
    refused.expect_failed(6, "/etc/qemu/qemu-ga.conf")?;
    let fix = context.hospes(&["fix", "web"]).await?.expect_exit(1)?;
    fix.expect_text("take guest-shutdown off the blocked commands")?;
    let left = vm.ssh("cat /etc/qemu/qemu-ga.conf").await?.success()?;
    ensure!(
        left.contains("blacklist=guest-shutdown"),
        "fix changed the owner's policy: {left}"
    );
    boot.goes_on(&vm).await
}
