//! Reboots: the guest's own, through SSH, whatever its agent does.

use std::time::Duration;

use anyhow::{Result, ensure};

use super::evidence::Boot;
use super::proof::{duration, hold_shutdown, proved, qemu, text};
use crate::scenario::Context;
use crate::vm::{Vm, VmSpec};

const DELAY: Duration = Duration::from_secs(20);

pub(super) async fn without_agent(context: Context) -> Result<()> {
    let vm = context.vm(VmSpec::new("web")).await?;
    context.configure(&[&vm])?;
    known_host(&context, &vm)?;
    context.step("stopping and masking the agent");
    vm.ssh("systemctl stop qemu-guest-agent && systemctl mask qemu-guest-agent")
        .await?
        .success()?;
    let (process, boot) = (qemu(&vm)?, Boot::of(&vm).await?);
    inhibited(&context, &vm, &boot).await?;
    context.step("the old boot answers for a while after the request");
    hold_shutdown(&vm, &format!("sleep {}", DELAY.as_secs())).await?;
    let run = context
        .hospes(&["reboot", "web", "--json"])
        .await?
        .expect_exit(0)?;
    proved(&run, &vm, "rebooted", boot.id()).await?;
    let proof = run.outcome()?["proof"].clone();
    ensure!(duration(&proof["took"]) >= DELAY, "{proof}");
    ensure!(
        duration(&proof["uptime"]) < duration(&proof["took"]) - DELAY,
        "{proof}"
    );
    ensure!(qemu(&vm)? == process, "QEMU is another process");
    ensure!(
        !vm.agent_pings(Duration::from_secs(1)).await,
        "the masked agent answers"
    );
    Ok(())
}

/// A blocking inhibitor makes the request fail; the guest stays up.
async fn inhibited(context: &Context, vm: &Vm, boot: &Boot) -> Result<()> {
    context.step("a blocking inhibitor");
    let block = "systemd-run --quiet --unit=blocker systemd-inhibit --what=shutdown --mode=block \
                 --who=nightly-backup --why='copying disks' sleep infinity && \
                 until systemd-inhibit --list | grep -q nightly-backup; do sleep 0.2; done";
    vm.ssh(block).await?.success()?;
    let run = context
        .hospes(&["reboot", "web", "--json"])
        .await?
        .expect_exit(1)?;
    let outcome = run.outcome()?;
    ensure!(outcome["outcome"] == "failed", "{outcome}");
    ensure!(
        text(&outcome["reason"]).contains("nightly-backup"),
        "{outcome}"
    );
    boot.goes_on(vm).await?;
    vm.ssh("systemctl stop blocker").await?.success()?;
    Ok(())
}

/// The operator has logged in by hand before: without the channel, `known_hosts` vouches.
fn known_host(context: &Context, vm: &Vm) -> Result<()> {
    let folder = context.dir().join(".ssh");
    std::fs::create_dir_all(&folder)?;
    let line = format!("[127.0.0.1]:{} {}", vm.ssh_port(), context.host_key()?);
    std::fs::write(folder.join("known_hosts"), line)?;
    Ok(())
}
