//! Ways into the guest: without the agent's port, without root, without SSH.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::evidence::{self, Boot};
use crate::scenario::Context;
use crate::vm::{Vm, VmSpec, hospes_toml};

const UNIT: &str = "qemu-guest-agent.service";

pub(super) async fn without_port(context: Context) -> Result<()> {
    let vm = context.vm(VmSpec::new("web").without_agent_port()).await?;
    context.configure(&[&vm])?;
    let boot = Boot::of(&vm).await?;
    trust_by_hand(&context).await?;
    let checked = evidence::check(&context).await?;
    checked.expect(&[(2, "failed"), (5, "failed"), (6, "failed")])?;
    checked.expect_said(5, "no org.qemu.guest_agent.0")?;
    checked.expect_said(5, "hospes start web")?;
    let refused = evidence::refused_restart(&context).await?;
    refused.expect(&[2, 5, 6])?;
    let fix = context.hospes(&["fix", "web"]).await?.expect_exit(1)?;
    fix.expect_text("configure the channel in the VM, let the guest power itself off")?;
    boot.goes_on(&vm).await?;
    let ready = context
        .hospes(&["ready", "web", "--json"])
        .await?
        .expect_exit(0)?;
    ensure!(
        ready.json()?["guests"][0]["outcome"] == "ready",
        "{}",
        ready.stdout
    );
    let reboot = context
        .hospes(&["reboot", "web", "--check"])
        .await?
        .expect_exit(0)?;
    reboot.expect_text("would reboot")?;
    boot.goes_on(&vm).await
}

/// Without a channel nothing vouches for the host key but the operator.
async fn trust_by_hand(context: &Context) -> Result<()> {
    let refused = context.hospes(&["ready", "web"]).await?.expect_exit(4)?;
    refused.expect_text("hospes trust web --fingerprint SHA256:")?;
    let text = refused.stdout + &refused.stderr;
    let fingerprint = text
        .split("--fingerprint ")
        .nth(1)
        .context("a fingerprint")?;
    let fingerprint = fingerprint
        .split_whitespace()
        .next()
        .context("a fingerprint")?;
    let trust = ["trust", "web", "--fingerprint", fingerprint];
    context.hospes(&trust).await?.expect_exit(0)?;
    Ok(())
}

pub(super) async fn users(context: Context) -> Result<()> {
    let vm = context.vm(VmSpec::new("web")).await?;
    log_in_as(&context, &vm, "operator")?;
    let operator = evidence::healthy(&context).await?;
    ensure!(
        operator
            .field("identity")
            .to_string()
            .contains("through SSH"),
        "not read through SSH"
    );
    log_in_as(&context, &vm, "plain")?;
    let plain = evidence::healthy(&context).await?;
    for number in 1..=4 {
        plain.expect_said(number, "sudo not allowed")?;
        plain.expect_said(number, "through the agent channel")?;
    }
    ensure!(
        plain.field("identity").to_string().contains("boot id"),
        "{}",
        plain.field("identity")
    );
    vm.ssh(&format!("systemctl stop {UNIT}")).await?.success()?;
    let unread = evidence::check(&context).await?;
    let unknown = (1..=4).map(|number| (number, "unknown"));
    let expected: Vec<_> = unknown.chain([(5, "unknown"), (6, "failed")]).collect();
    unread.expect(&expected)?;
    unread.expect_said(1, "sudo not allowed")?;
    unread.expect_said(1, "NOPASSWD")
}

fn log_in_as(context: &Context, vm: &Vm, user: &str) -> Result<()> {
    let text = hospes_toml(&[vm]).replace("user = \"root\"", &format!("user = \"{user}\""));
    context.configure_with(&text)
}

pub(super) async fn ssh_down(context: Context) -> Result<()> {
    let vm = context.vm(VmSpec::new("web")).await?;
    context.configure(&[&vm])?;
    context.hospes(&["trust", "web"]).await?.expect_exit(0)?;
    let boot = Boot::of(&vm).await?;
    vm.agent_exec("systemctl stop ssh.service ssh.socket")
        .await?;
    let checked = evidence::healthy(&context).await?;
    for number in 1..=4 {
        checked.expect_said(number, "through the agent channel")?;
    }
    context.hospes(&["ready", "web"]).await?.expect_exit(4)?;
    context.step("planting a hook");
    let dir = format!("/etc/systemd/system/{UNIT}.d");
    let plant = format!(
        "mkdir -p {dir}; printf '[Unit]\\nSuccessAction=poweroff-force\\n' >{dir}/a.conf; systemctl daemon-reload"
    );
    let planted = vm.agent_exec(&plant).await?;
    ensure!(planted.code == Some(0), "{planted:?}");
    let checked = evidence::check(&context).await?;
    checked.expect(&[(3, "failed")])?;
    checked.expect_said(3, "a.conf:2")?;
    evidence::fixed(&context).await?;
    let shown = vm
        .agent_exec(&format!("systemctl show -p SuccessAction --value {UNIT}"))
        .await?;
    ensure!(shown.stdout.trim() == "none", "{shown:?}");
    vm.agent_exec("systemctl start ssh.service").await?;
    vm.wait_for_ssh(Duration::from_secs(60)).await?;
    boot.goes_on(&vm).await
}
