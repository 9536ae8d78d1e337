//! Our agent's package under real apt: installed over the stock agent, upgraded, removed. The guest
//! never goes down, and no thaw is lost.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use super::evidence::{self, Boot};
use super::freezing::SCRATCH;
use crate::scenario::Context;
use crate::vm::{Vm, VmSpec};

const APT: &str = "export DEBIAN_FRONTEND=noninteractive; apt-get -qq update && apt-get -qq";

async fn guest(context: &Context) -> Result<Vm> {
    let vm = context.vm(VmSpec::new("web")).await?;
    context.configure(&[&vm])?;
    context.hospes(&["trust", "web"]).await?.expect_exit(0)?;
    Ok(vm)
}

async fn answering(vm: &Vm) -> Result<()> {
    ensure!(
        vm.agent_pings(Duration::from_secs(30)).await,
        "the agent does not answer"
    );
    Ok(())
}

async fn version(vm: &Vm) -> Result<String> {
    let info = vm.agent_command("guest-info", json!({})).await?;
    let version = info["version"].as_str().context("no version")?;
    Ok(version.to_owned())
}

async fn runs(vm: &Vm, process: &str) -> Result<()> {
    vm.ssh(&format!("pgrep -x {process}")).await?.success()?;
    Ok(())
}

pub(super) async fn replaced(context: Context) -> Result<()> {
    let vm = guest(&context).await?;
    let boot = Boot::of(&vm).await?;
    for (package, process) in [
        ("qemu-guest-agent", "qemu-ga"),
        ("hospes-agent", "hospes-agent"),
    ] {
        context.step(format!("installing {package} over the other"));
        vm.ssh(&format!("{APT} install {package}"))
            .await?
            .success()?;
        vm.ssh("systemctl start qemu-guest-agent")
            .await?
            .success()?;
        answering(&vm).await?;
        runs(&vm, process).await?;
        evidence::healthy(&context).await?;
    }
    boot.goes_on(&vm).await
}

pub(super) async fn upgraded(context: Context) -> Result<()> {
    let vm = guest(&context).await?;
    let boot = Boot::of(&vm).await?;
    vm.ssh(SCRATCH).await?.success()?;
    let old = version(&vm).await?;
    let list = json!({"mountpoints": ["/mnt/scratch"]});
    vm.agent_command("guest-fsfreeze-freeze-list", list).await?;
    context.step("upgrading while a file system is frozen");
    vm.ssh(&format!("{APT} install hospes-agent"))
        .await?
        .success()?;
    answering(&vm).await?;
    let new = version(&vm).await?;
    ensure!(new != old, "still version {old}");
    vm.ssh("timeout 20 touch /mnt/scratch/written")
        .await?
        .success()?;
    let thaw = vm.agent_command("guest-fsfreeze-thaw", json!({})).await;
    ensure!(thaw.is_err(), "the forced thaw is not told: {thaw:?}");
    evidence::healthy(&context).await?;
    boot.goes_on(&vm).await
}

/// The agent upgrades itself through its own channel, as fleet tools do.
pub(super) async fn upgraded_through_the_channel(context: Context) -> Result<()> {
    let vm = guest(&context).await?;
    let boot = Boot::of(&vm).await?;
    let old = version(&vm).await?;
    let script = format!(
        "({APT} install hospes-agent) >/root/upgrade.log 2>&1; echo $? >/root/upgrade.exit"
    );
    vm.agent_command(
        "guest-exec",
        json!({"path": "/bin/sh", "arg": ["-c", script]}),
    )
    .await?;
    let ended = "for i in $(seq 120); do [ -s /root/upgrade.exit ] && break; sleep 1; done; \
                 cat /root/upgrade.log; exit $(cat /root/upgrade.exit)";
    vm.ssh(ended).await?.success()?;
    answering(&vm).await?;
    let new = version(&vm).await?;
    ensure!(new != old, "still version {old}");
    evidence::healthy(&context).await?;
    boot.goes_on(&vm).await
}

pub(super) async fn removed(context: Context) -> Result<()> {
    let vm = guest(&context).await?;
    let boot = Boot::of(&vm).await?;
    for how in ["remove", "purge"] {
        context.step(how);
        vm.ssh(&format!("{APT} {how} hospes-agent"))
            .await?
            .success()?;
        ensure!(
            !vm.agent_pings(Duration::from_secs(2)).await,
            "an agent that was removed answers"
        );
        boot.goes_on(&vm).await?;
        vm.ssh(&format!("{APT} install hospes-agent"))
            .await?
            .success()?;
        answering(&vm).await?;
    }
    let left = vm.ssh("systemctl --failed --no-legend").await?.success()?;
    ensure!(left.is_empty(), "failed units: {left}");
    evidence::healthy(&context).await?;
    boot.goes_on(&vm).await
}
