//! What `fix` mends besides hooks: a missing package, a masked unit, a failed unit.

use std::time::Duration;

use anyhow::{Result, ensure};

use super::evidence::{self, Boot};
use crate::scenario::Context;
use crate::vm::{Vm, VmSpec};

const UNIT: &str = "qemu-guest-agent.service";

async fn guest(context: &Context) -> Result<Vm> {
    let vm = context.vm(VmSpec::new("web")).await?;
    context.configure(&[&vm])?;
    context.hospes(&["trust", "web"]).await?.expect_exit(0)?;
    Ok(vm)
}

pub(super) async fn package(context: Context) -> Result<()> {
    let vm = guest(&context).await?;
    let boot = Boot::of(&vm).await?;
    context.step("purging the agent");
    vm.ssh(&purge(&context)).await?.success()?;
    let checked = evidence::check(&context).await?;
    checked.expect_said(1, "no agent package is installed")?;
    checked.expect_said(2, "LoadState=not-found")?;
    checked.expect(&[
        (1, "failed"),
        (2, "failed"),
        (3, "healthy"),
        (4, "unknown"),
        (6, "failed"),
    ])?;
    evidence::fixed(&context).await?;
    evidence::healthy(&context).await?;
    let source = "apt-cache policy qemu-guest-agent; dpkg-query -W -f '${Status}' qemu-guest-agent";
    let policy = vm.ssh(source).await?.success()?;
    ensure!(
        policy.contains(&context.repository().guest_url()),
        "not from the lab: {policy}"
    );
    ensure!(
        policy.contains("install ok installed"),
        "not installed: {policy}"
    );
    ensure!(
        vm.agent_pings(Duration::from_secs(5)).await,
        "the agent does not answer"
    );
    boot.goes_on(&vm).await
}

/// Removes the agent's package and all that only it needed.
pub(super) fn purge(context: &Context) -> String {
    format!(
        "export DEBIAN_FRONTEND=noninteractive; apt-get -qq purge {} && \
         apt-get -qq autoremove --purge && ! dpkg -s libglib2.0-0 2>/dev/null",
        context.agent().package()
    )
}

pub(super) async fn unit(context: Context) -> Result<()> {
    let vm = guest(&context).await?;
    let boot = Boot::of(&vm).await?;
    masked(&context, &vm).await?;
    failed(&context, &vm).await?;
    boot.goes_on(&vm).await
}

async fn masked(context: &Context, vm: &Vm) -> Result<()> {
    vm.ssh(&format!("systemctl mask --now {UNIT}"))
        .await?
        .success()?;
    let checked = evidence::check(context).await?;
    checked.expect(&[(2, "failed"), (4, "failed"), (6, "failed")])?;
    checked.expect_said(2, "it is masked")?;
    checked.expect_said(4, "LoadState=masked")?;
    evidence::fixed(context).await?;
    let state = vm
        .ssh(&format!(
            "systemctl is-enabled {UNIT}; systemctl is-active {UNIT}"
        ))
        .await?
        .stdout;
    ensure!(state == "static\nactive\n", "the unit is {state}");
    Ok(())
}

/// An agent that could not start until systemd gave up on it, after its owner has mended the cause.
async fn failed(context: &Context, vm: &Vm) -> Result<()> {
    let dir = format!("/etc/systemd/system/{UNIT}.d");
    let fail = format!(
        "mkdir -p {dir}; printf '[Unit]\\nStartLimitIntervalSec=10\\nStartLimitBurst=3\\n[Service]\\nExecStart=\\nExecStart=/bin/false\\nRestartSec=0\\n' >{dir}/bad.conf; \
         systemctl daemon-reload; systemctl restart {UNIT}; \
         for i in $(seq 50); do [ \"$(systemctl is-failed {UNIT})\" = failed ] && break; sleep 0.2; done; \
         rm -r {dir}; systemctl daemon-reload; systemctl is-failed {UNIT}"
    );
    let state = vm.ssh(&fail).await?.success()?;
    ensure!(state.ends_with("failed"), "the unit is {state}");
    let checked = evidence::check(context).await?;
    checked.expect(&[(2, "failed"), (4, "failed"), (6, "failed")])?;
    checked.expect_said(4, "ActiveState=failed")?;
    evidence::fixed(context).await?;
    evidence::healthy(context).await?;
    Ok(())
}
