//! Frozen file systems are thawed, whoever forgets them: a backup that died, an agent that is
//! stopped, killed or upgraded. And the next thaw says so, for the backup must know.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::evidence::Boot;
use crate::scenario::Context;
use crate::vm::{Vm, VmSpec};

const UNIT: &str = "qemu-guest-agent.service";
const HOOK_LOG: &str = "/run/hook.log";

/// A file system of its own, so that the guest's root stays usable: 16 MB in memory.
pub(super) const SCRATCH: &str = "modprobe loop; truncate -s 16M /run/scratch.img && mkfs.ext4 -q /run/scratch.img && \
                       mkdir -p /mnt/scratch && mount -o loop /run/scratch.img /mnt/scratch";

async fn guest(context: &Context, config: &str) -> Result<Vm> {
    let vm = context.vm(VmSpec::new("web")).await?;
    let configure = format!(
        "{SCRATCH} && mkdir -p /etc/qemu && printf '{config}' >/etc/qemu/qemu-ga.conf && \
         systemctl restart {UNIT}"
    );
    vm.ssh(&configure).await?.success()?;
    until_answering(&vm).await?;
    Ok(vm)
}

async fn until_answering(vm: &Vm) -> Result<()> {
    let end = Instant::now() + Duration::from_secs(60);
    while !vm.agent_pings(Duration::from_secs(2)).await {
        ensure!(Instant::now() < end, "the agent does not answer");
    }
    Ok(())
}

/// Freezes everything, root too; returns how many file systems are frozen.
async fn freeze_all(vm: &Vm) -> Result<u64> {
    let count = vm.agent_command("guest-fsfreeze-freeze", json!({})).await?;
    status_is(vm, "frozen").await?;
    count.as_u64().context("no count")
}

async fn freeze_scratch(vm: &Vm) -> Result<()> {
    let list = json!({"mountpoints": ["/mnt/scratch"]});
    let count = vm.agent_command("guest-fsfreeze-freeze-list", list).await?;
    ensure!(count == 1, "{count} file systems are frozen");
    status_is(vm, "frozen").await
}

async fn status(vm: &Vm) -> Result<Value> {
    vm.agent_command("guest-fsfreeze-status", json!({})).await
}

async fn status_is(vm: &Vm, expected: &str) -> Result<()> {
    let status = status(vm).await?;
    ensure!(status == expected, "the status is {status}");
    Ok(())
}

async fn until_thawed(vm: &Vm, within: Duration) -> Result<()> {
    let end = Instant::now() + within;
    // The agent may be away for a moment.
    while status(vm)
        .await
        .ok()
        .is_none_or(|status| status != "thawed")
    {
        ensure!(Instant::now() < end, "still frozen after {within:?}");
        sleep(Duration::from_millis(200)).await;
    }
    Ok(())
}

/// A write on `place` comes to an end.
async fn writable(vm: &Vm, place: &str) -> Result<()> {
    let script = format!("timeout 20 sh -c 'echo x >{place}/written && sync {place}/written'");
    vm.ssh(&script).await?.success()?;
    Ok(())
}

/// The next thaw is an error that says `why`, the one after it counts nothing.
async fn told_once(vm: &Vm, why: &str) -> Result<()> {
    let told = vm.agent_command("guest-fsfreeze-thaw", json!({})).await;
    let told = told.err().context("the forced thaw is not told")?;
    let text = format!("{told:#}");
    ensure!(text.contains(why), "not `{why}`: {text}");
    let again = vm.agent_command("guest-fsfreeze-thaw", json!({})).await?;
    ensure!(again == 0, "thawed {again} more");
    Ok(())
}

pub(super) async fn watchdog(context: Context) -> Result<()> {
    let config = "[general]\\nfsfreeze-hook=/run/hook\\n[hospes]\\nfreeze-limit=6\\n";
    let vm = guest(&context, config).await?;
    let boot = Boot::of(&vm).await?;
    hook(&vm, "").await?;
    context.step("freezing everything, and forgetting it");
    let count = freeze_all(&vm).await?;
    ensure!(count >= 2, "{count} file systems are frozen");
    until_thawed(&vm, Duration::from_secs(30)).await?;
    writable(&vm, "/root").await?;
    writable(&vm, "/mnt/scratch").await?;
    told_once(&vm, "watchdog").await?;
    // The last is that of the thaw which found nothing frozen: QEMU's agent calls the hook too.
    hooked(&vm, "freeze thaw thaw").await?;
    context.step("a freeze that is thawed in time");
    let count = freeze_all(&vm).await?;
    let thawed = vm.agent_command("guest-fsfreeze-thaw", json!({})).await?;
    ensure!(thawed == count, "{count} frozen, {thawed} thawed");
    writable(&vm, "/root").await?;
    boot.goes_on(&vm).await
}

pub(super) async fn ended_agent(context: Context) -> Result<()> {
    let vm = guest(&context, "[general]\\n").await?;
    let boot = Boot::of(&vm).await?;
    for (how, why) in [
        (format!("systemctl restart {UNIT}"), "told to stop"),
        (format!("systemctl kill -s KILL {UNIT}"), "had died"),
        (
            format!("systemctl stop {UNIT} && systemctl start {UNIT}"),
            "told to stop",
        ),
    ] {
        context.step(&how);
        freeze_scratch(&vm).await?;
        vm.ssh(&how).await?.success()?;
        writable(&vm, "/mnt/scratch").await?;
        until_answering(&vm).await?;
        status_is(&vm, "thawed").await?;
        told_once(&vm, why).await?;
    }
    context.step("killed while everything is frozen");
    // A login may wait for the frozen root: what kills is there before.
    let later = "setsid sh -c 'sleep 4; pkill -KILL -x hospes-agent' >/dev/null 2>&1 </dev/null &";
    vm.ssh(later).await?.success()?;
    freeze_all(&vm).await?;
    until_thawed(&vm, Duration::from_secs(60)).await?;
    writable(&vm, "/root").await?;
    told_once(&vm, "had died").await?;
    boot.goes_on(&vm).await
}

pub(super) async fn hooks(context: Context) -> Result<()> {
    let config = "[general]\\nfsfreeze-hook=/run/hook\\n[hospes]\\nhook-deadline=3\\n";
    let vm = guest(&context, config).await?;
    let boot = Boot::of(&vm).await?;
    context.step("nothing to freeze");
    hook(&vm, "").await?;
    let list = json!({"mountpoints": ["/nowhere"]});
    let count = vm.agent_command("guest-fsfreeze-freeze-list", list).await?;
    ensure!(count == 0, "{count} file systems are frozen");
    status_is(&vm, "thawed").await?;
    hooked(&vm, "freeze thaw").await?;
    context.step("a hook that fails");
    hook(&vm, "[ $1 = thaw ]").await?;
    refused_freeze(&vm).await?;
    hooked(&vm, "freeze thaw").await?;
    context.step("a hook that hangs");
    hook(&vm, "[ $1 = thaw ] || sleep 600").await?;
    refused_freeze(&vm).await?;
    hooked(&vm, "freeze thaw").await?;
    writable(&vm, "/root").await?;
    boot.goes_on(&vm).await
}

async fn refused_freeze(vm: &Vm) -> Result<()> {
    let frozen = vm.agent_command("guest-fsfreeze-freeze", json!({})).await;
    ensure!(frozen.is_err(), "frozen in spite of the hook: {frozen:?}");
    status_is(vm, "thawed").await
}

/// Plants a hook that notes what it was called for and then does `body`.
async fn hook(vm: &Vm, body: &str) -> Result<()> {
    let plant = format!(
        "rm -f {HOOK_LOG}; printf '#!/bin/sh\\necho $1 >>{HOOK_LOG}\\n{body}\\n' >/run/hook; \
         mount -o remount,exec /run; chmod +x /run/hook"
    );
    vm.ssh(&plant).await?.success()?;
    Ok(())
}

async fn hooked(vm: &Vm, expected: &str) -> Result<()> {
    let calls = vm.ssh(&format!("cat {HOOK_LOG}")).await?.success()?;
    let calls: Vec<&str> = calls.split_whitespace().collect();
    ensure!(
        calls.join(" ") == expected,
        "the hook was called: {calls:?}"
    );
    Ok(())
}
