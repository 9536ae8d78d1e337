//! The lab's own promises: what the product's scenarios build on.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Result, ensure};

use super::repair;
use crate::scenario::Context;
use crate::vm::VmSpec;

pub(super) async fn guest_answers(context: Context) -> Result<()> {
    let vm = context.vm(VmSpec::new("web")).await?;
    context.step("SSH and agent");
    ensure!(
        vm.agent_pings(Duration::from_secs(5)).await,
        "the agent does not answer"
    );
    ensure!(
        vm.run_state().await? == "running",
        "QEMU does not say running"
    );
    let printed = vm
        .ssh("date +%s; systemctl is-system-running")
        .await?
        .success()?;
    let (clock, state) = printed.split_once('\n').unwrap_or_default();
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    ensure!(
        clock.parse::<u64>()?.abs_diff(now) < 30,
        "the guest's clock says {clock}, it is {now}"
    );
    ensure!(state == "running", "the guest's state is {state}");
    vm.kill();
    ensure!(!vm.is_running(), "QEMU survives its end");
    Ok(())
}

pub(super) async fn apt_installs(context: Context) -> Result<()> {
    let vm = context.vm(VmSpec::new("web")).await?;
    context.step("purging the agent");
    vm.ssh(&repair::purge(&context)).await?.success()?;
    ensure!(
        !vm.agent_pings(Duration::from_secs(2)).await,
        "an agent without its package answers"
    );
    context.step("installing it from the lab");
    let install = format!(
        "export DEBIAN_FRONTEND=noninteractive; apt-get update && apt-get -y install {} && \
         systemctl start qemu-guest-agent",
        context.agent().package()
    );
    let printed = vm.ssh(&install).await?.success()?;
    ensure!(
        printed.contains(&context.repository().guest_url()),
        "not from the lab: {printed}"
    );
    ensure!(
        vm.agent_pings(Duration::from_secs(20)).await,
        "the agent does not answer after its installation"
    );
    Ok(())
}

pub(super) async fn fresh_guest_differs(context: Context) -> Result<()> {
    let clone = context.vm(VmSpec::new("clone")).await?;
    let fresh = context.vm(VmSpec::new("fresh").fresh()).await?;
    context.step("comparing");
    let identity = "cat /proc/sys/kernel/random/boot_id /sys/class/net/eth0/address; hostname";
    let (of_clone, of_fresh) = (
        clone.ssh(identity).await?.success()?,
        fresh.ssh(identity).await?.success()?,
    );
    for (one, other) in of_clone.lines().zip(of_fresh.lines()) {
        ensure!(one != other, "both say {one}");
    }
    Ok(())
}

pub(super) async fn users(context: Context) -> Result<()> {
    let vm = context.vm(VmSpec::new("web").without_agent_port()).await?;
    context.step("sudo");
    ensure!(
        vm.ssh_as("operator", "sudo -n id -u").await?.success()? == "0",
        "operator may not use sudo"
    );
    ensure!(
        vm.ssh_as("plain", "sudo -n id -u").await?.code != Some(0),
        "plain may use sudo"
    );
    let port = vm.ssh("ls /dev/virtio-ports/ 2>/dev/null").await?.stdout;
    ensure!(port.is_empty(), "a port without being asked: {port}");
    Ok(())
}
