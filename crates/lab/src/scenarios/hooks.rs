//! Guest-side shutdown hooks: each is found with its place, shown as a diff, removed while the guest
//! stays up, and harmless afterwards.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::evidence::{self, Boot};
use crate::scenario::Context;
use crate::vm::{Vm, VmSpec};

const UNIT: &str = "qemu-guest-agent.service";
const DROP_INS: &str = "/etc/systemd/system/qemu-guest-agent.service.d";

/// Everything that a repair of hooks may change, as the guest prints it.
const TRACES: &str = "systemctl show qemu-guest-agent.service 'hook*' -p FragmentPath,DropInPaths,ExecStop,\
ExecStopPost,SuccessAction,ConsistsOf,BoundBy,ActiveState,MainPID,NeedDaemonReload; \
find /etc/systemd /run/systemd/system /run/systemd/transient /usr/local/sbin /var/lib/dpkg/info/qemu-guest* \
-type f -exec md5sum {} + | sort";

/// A hook that must be found: the property, where it is configured, and what it does.
struct Expected {
    property: &'static str,
    place: &'static str,
    diff: Option<&'static str>,
}

const fn expected(property: &'static str, place: &'static str, diff: Option<&'static str>) -> Expected {
    Expected { property, place, diff }
}

pub(super) async fn drop_in(context: Context) -> Result<()> {
    let plant = format!(
        "mkdir -p {DROP_INS}; printf '[Service]\\nExecStopPost=/usr/bin/qemu-ga --shutdown\\nRestartSec=1\\n' \
         >{DROP_INS}/halt.conf; systemctl daemon-reload"
    );
    let place = "/etc/systemd/system/qemu-guest-agent.service.d/halt.conf:2";
    let hook = expected("ExecStopPost", place, Some("-ExecStopPost=/usr/bin/qemu-ga --shutdown"));
    let vm = found_and_removed(&context, &plant, &[hook]).await?;
    let kept = vm.ssh(&format!("cat {DROP_INS}/halt.conf")).await?.success()?;
    ensure!(kept == "[Service]\nRestartSec=1", "the owner's other settings are gone: {kept}");
    Ok(())
}

pub(super) async fn that_powers_off(context: Context) -> Result<()> {
    let plant = format!(
        "mkdir -p {DROP_INS}; printf '[Unit]\\nSuccessAction=poweroff-force\\n' >{DROP_INS}/a.conf; \
         printf '[Service]\\nExecStopPost=+/sbin/poweroff\\n' >{DROP_INS}/b.conf; systemctl daemon-reload"
    );
    let a = "/etc/systemd/system/qemu-guest-agent.service.d/a.conf:2";
    let b = "/etc/systemd/system/qemu-guest-agent.service.d/b.conf:2";
    let action = expected("SuccessAction", a, Some("-SuccessAction=poweroff-force"));
    let command = expected("ExecStopPost", b, Some("-ExecStopPost=+/sbin/poweroff"));
    let vm = planted(&context, &plant).await?;
    let reasons = evidence::refused_restart(&context, &[3]).await?;
    evidence::said(&reasons[0], a)?;
    evidence::said(&reasons[0], b)?;
    removed(&context, &vm, &[action, command]).await?;
    let checked = evidence::healthy(&context).await?;
    let hooks = checked.field("hooks");
    ensure!(hooks == &Value::Array(Vec::new()), "left: {hooks}");
    Ok(())
}

pub(super) async fn transient_unit(context: Context) -> Result<()> {
    let plant = format!(
        "systemd-run --unit=hook -p PartOf={UNIT} -p RemainAfterExit=yes -p ExecStop=/sbin/poweroff /bin/true"
    );
    let place = "/run/systemd/transient/hook.service";
    found_and_removed(&context, &plant, &[expected("ExecStop", place, Some("-ExecStop="))]).await?;
    Ok(())
}

pub(super) async fn file_gone(context: Context) -> Result<()> {
    let plant = format!(
        "mkdir -p {DROP_INS}; printf '[Unit]\\nSuccessAction=poweroff-force\\n' >{DROP_INS}/gone.conf; \
         systemctl daemon-reload; rm -r {DROP_INS}"
    );
    let hook = expected("SuccessAction", "in effect but in no file", None);
    found_and_removed(&context, &plant, &[hook]).await?;
    Ok(())
}

pub(super) async fn scripts(context: Context) -> Result<()> {
    let plant = format!(
        "printf '#!/bin/sh\\nexec /usr/local/sbin/inner\\n' >/usr/local/sbin/outer; \
         printf '#!/bin/sh\\nlogger going down\\nsystemctl poweroff --no-block\\n' >/usr/local/sbin/inner; \
         chmod +x /usr/local/sbin/outer /usr/local/sbin/inner; mkdir -p {DROP_INS}; \
         printf '[Service]\\nExecStop=-/usr/local/sbin/outer\\n' >{DROP_INS}/script.conf; systemctl daemon-reload; \
         sed -i '2i shutdown -h now' /var/lib/dpkg/info/qemu-guest-agent.prerm"
    );
    let stop = expected("ExecStop", "script.conf:2", Some("-ExecStop=-/usr/local/sbin/outer"));
    let prerm = "/var/lib/dpkg/info/qemu-guest-agent.prerm:2";
    let prerm = expected("prerm", prerm, Some("-shutdown -h now"));
    let vm = found_and_removed(&context, &plant, &[stop, prerm]).await?;
    let boot = Boot::of(&vm).await?;
    context.step("removing the package");
    vm.ssh("DEBIAN_FRONTEND=noninteractive apt-get -y remove qemu-guest-agent").await?.success()?;
    vm.ssh("sleep 5").await?.success()?;
    boot.goes_on(&vm).await
}

async fn found_and_removed(context: &Context, plant: &str, hooks: &[Expected]) -> Result<Vm> {
    let vm = planted(context, plant).await?;
    removed(context, &vm, hooks).await?;
    Ok(vm)
}

async fn planted(context: &Context, plant: &str) -> Result<Vm> {
    let vm = context.vm(VmSpec::new("web")).await?;
    context.configure(&[&vm])?;
    context.step("planting");
    vm.ssh(&format!("set -e; {plant}")).await?.success()?;
    Ok(vm)
}

/// The way of a hook out of a guest that stays up: found, shown, removed, harmless.
async fn removed(context: &Context, vm: &Vm, hooks: &[Expected]) -> Result<()> {
    let boot = Boot::of(vm).await?;
    found(context, hooks).await?;
    shown_without_change(context, vm, hooks).await?;
    evidence::fixed(context).await?;
    boot.goes_on(vm).await?;
    harmless(context, vm, &boot).await
}

/// The check names each hook: property and place, in the evidence of condition 3 alone.
async fn found(context: &Context, hooks: &[Expected]) -> Result<()> {
    let checked = evidence::check(context).await?;
    checked.expect_said(3, "tied to the agent")?;
    let found = checked.field("hooks").as_array().context("hooks")?;
    for hook in hooks {
        checked.expect_said(3, hook.place)?;
        checked.expect_said(3, &format!("{} of ", hook.property))?;
        let is_listed = found.iter().any(|found| found["property"] == hook.property);
        ensure!(is_listed, "{} is not among {found:?}", hook.property);
    }
    Ok(())
}

/// `fix --check` shows the change and makes none.
async fn shown_without_change(context: &Context, vm: &Vm, hooks: &[Expected]) -> Result<()> {
    let before = vm.ssh(TRACES).await?.stdout;
    let dry = context.hospes(&["fix", "web", "--check"]).await?.expect_exit(1)?;
    for line in hooks.iter().filter_map(|hook| hook.diff) {
        dry.expect_text(line)?;
    }
    dry.expect_text("prove by systemd's effective properties")?;
    let after = vm.ssh(TRACES).await?.stdout;
    ensure!(before == after, "the dry run changed the guest\n{before}\n--- is now\n{after}");
    Ok(())
}

/// Whatever ended the agent's life before it was repaired would have fired here.
async fn harmless(context: &Context, vm: &Vm, boot: &Boot) -> Result<()> {
    context.step("stopping and restarting the agent");
    let stop = format!("systemctl restart {UNIT} && systemctl stop {UNIT} && sleep 3 && systemctl start {UNIT}");
    vm.ssh(&stop).await?.success()?;
    boot.goes_on(vm).await
}
