//! Guest-side shutdown hooks: each is found with its place, shown as a diff, removed while the guest
//! stays up, and harmless afterwards. Those that would really power the guest off are shown to do so.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use super::evidence::{self, Boot};
use crate::scenario::Context;
use crate::vm::{Vm, VmSpec};

const UNIT: &str = "qemu-guest-agent.service";
const DROP_INS: &str = "/etc/systemd/system/qemu-guest-agent.service.d";

/// Everything that a repair of hooks may change, as the guest prints it.
const TRACES: &str = "systemctl show qemu-guest-agent.service 'hook*' -p FragmentPath,DropInPaths,ExecStop \
-p ExecStopPost,SuccessAction,ConsistsOf,BoundBy,ActiveState,MainPID,NeedDaemonReload; \
find /etc/systemd /run/systemd/system /run/systemd/transient /usr/local/sbin \
/var/lib/dpkg/info/qemu-guest* -type f -exec md5sum {} + | sort";

/// What is planted in a guest, and what must be found then.
struct Plant {
    script: String,
    hooks: Vec<Planted>,
}

struct Planted {
    property: &'static str,
    /// Where it is configured, as the evidence names it.
    place: &'static str,
    /// A line of the diff that removes it.
    diff: Option<&'static str>,
}

/// A drop-in of the agent's unit.
fn drop_in_file(name: &str, text: &str) -> String {
    format!(
        "mkdir -p {DROP_INS}; printf '{text}' >{DROP_INS}/{name}.conf; systemctl daemon-reload\n"
    )
}

fn harmless_command() -> Plant {
    let text = r"[Service]\nExecStopPost=/usr/bin/qemu-ga --shutdown\nRestartSec=1\n";
    let hook = Planted {
        property: "ExecStopPost",
        place: "/etc/systemd/system/qemu-guest-agent.service.d/halt.conf:2",
        diff: Some("-ExecStopPost=/usr/bin/qemu-ga --shutdown"),
    };
    Plant {
        script: drop_in_file("halt", text),
        hooks: vec![hook],
    }
}

fn power_off() -> Plant {
    let action = drop_in_file("a", r"[Unit]\nSuccessAction=poweroff-force\n");
    let command = drop_in_file("b", r"[Service]\nExecStopPost=+/sbin/poweroff\n");
    let action_hook = Planted {
        property: "SuccessAction",
        place: "/etc/systemd/system/qemu-guest-agent.service.d/a.conf:2",
        diff: Some("-SuccessAction=poweroff-force"),
    };
    let command_hook = Planted {
        property: "ExecStopPost",
        place: "/etc/systemd/system/qemu-guest-agent.service.d/b.conf:2",
        diff: Some("-ExecStopPost=+/sbin/poweroff"),
    };
    Plant {
        script: action + &command,
        hooks: vec![action_hook, command_hook],
    }
}

fn transient() -> Plant {
    let script = format!(
        "systemd-run --quiet --unit=hook -p PartOf={UNIT} -p RemainAfterExit=yes \
         -p ExecStop=/sbin/poweroff /bin/true"
    );
    let hook = Planted {
        property: "ExecStop",
        place: "/run/systemd/transient/hook.service",
        diff: Some("-ExecStop="),
    };
    Plant {
        script,
        hooks: vec![hook],
    }
}

fn gone() -> Plant {
    let text = r"[Unit]\nSuccessAction=poweroff-force\n";
    let script = drop_in_file("gone", text) + &format!("rm -r {DROP_INS}");
    let hook = Planted {
        property: "SuccessAction",
        place: "in effect but in no file: daemon-reload needed",
        diff: None,
    };
    Plant {
        script,
        hooks: vec![hook],
    }
}

fn nested_scripts(package: &'static str) -> Plant {
    let scripts = "cd /usr/local/sbin; printf '#!/bin/sh\\nexec /usr/local/sbin/inner\\n' >outer; \
                   printf '#!/bin/sh\\nlogger going down\\nsystemctl poweroff --no-block\\n' >inner; \
                   chmod +x outer inner\n";
    let drop_in = drop_in_file("script", r"[Service]\nExecStop=-/usr/local/sbin/outer\n");
    let prerm = format!("sed -i '2i shutdown -h now' /var/lib/dpkg/info/{package}.prerm");
    let stop_hook = Planted {
        property: "ExecStop",
        place: "/usr/local/sbin/inner:3: poweroff; \
                /etc/systemd/system/qemu-guest-agent.service.d/script.conf:2",
        diff: Some("-ExecStop=-/usr/local/sbin/outer"),
    };
    let prerm_hook = Planted {
        property: "prerm",
        place: match package {
            "hospes-agent" => "/var/lib/dpkg/info/hospes-agent.prerm:2",
            _ => "/var/lib/dpkg/info/qemu-guest-agent.prerm:2",
        },
        diff: Some("-shutdown -h now"),
    };
    let script = scripts.to_owned() + &drop_in + &prerm;
    Plant {
        script,
        hooks: vec![stop_hook, prerm_hook],
    }
}

pub(super) async fn in_drop_in(context: Context) -> Result<()> {
    let plant = harmless_command();
    let vm = planted(&context, "web", &plant).await?;
    removed(&context, &vm, &plant).await?;
    let kept = vm
        .ssh(&format!("cat {DROP_INS}/halt.conf"))
        .await?
        .success()?;
    ensure!(
        kept == "[Service]\nRestartSec=1",
        "the owner's other settings are gone: {kept}"
    );
    Ok(())
}

pub(super) async fn that_power_off(context: Context) -> Result<()> {
    let plant = power_off();
    let vm = planted(&context, "web", &plant).await?;
    let refused = evidence::refused_restart(&context).await?;
    refused.expect(&[3])?;
    for hook in &plant.hooks {
        refused.expect_failed(3, hook.place)?;
    }
    removed(&context, &vm, &plant).await?;
    let checked = evidence::healthy(&context).await?;
    ensure!(
        checked.field("hooks") == &json!([]),
        "left: {}",
        checked.field("hooks")
    );
    Ok(())
}

pub(super) async fn in_transient_unit(context: Context) -> Result<()> {
    let plant = transient();
    let vm = planted(&context, "web", &plant).await?;
    removed(&context, &vm, &plant).await
}

pub(super) async fn whose_file_is_gone(context: Context) -> Result<()> {
    let plant = gone();
    let vm = planted(&context, "web", &plant).await?;
    removed(&context, &vm, &plant).await
}

pub(super) async fn in_scripts(context: Context) -> Result<()> {
    let plant = nested_scripts(context.agent().package());
    let vm = planted(&context, "web", &plant).await?;
    removed(&context, &vm, &plant).await?;
    let boot = Boot::of(&vm).await?;
    context.step("removing the package");
    let remove = format!(
        "DEBIAN_FRONTEND=noninteractive apt-get -y remove {} && sleep 3",
        context.agent().package()
    );
    vm.ssh(&remove).await?.success()?;
    boot.goes_on(&vm).await
}

/// The proof that the other scenarios remove something: left alone, each of these fires.
pub(super) async fn left_alone(context: Context) -> Result<()> {
    let plants = [
        ("a", power_off()),
        ("b", transient()),
        ("c", gone()),
        ("d", nested_scripts(context.agent().package())),
    ];
    for (name, plant) in plants {
        let vm = planted(&context, name, &plant).await?;
        context.step("stopping the agent");
        // The guest may go down before the answer is here.
        vm.ssh(&format!("systemctl stop --no-block {UNIT}")).await?;
        vm.wait_for_exit(Duration::from_secs(90)).await?;
    }
    Ok(())
}

async fn planted(context: &Context, name: &str, plant: &Plant) -> Result<Vm> {
    let vm = context.vm(VmSpec::new(name)).await?;
    context.configure(&[&vm])?;
    context.step("planting");
    vm.ssh(&format!("set -e\n{}", plant.script))
        .await?
        .success()?;
    Ok(vm)
}

/// The way of hooks out of a guest that stays up: found, shown, removed, harmless.
async fn removed(context: &Context, vm: &Vm, plant: &Plant) -> Result<()> {
    let boot = Boot::of(vm).await?;
    found(context, plant).await?;
    shown_without_change(context, vm, plant).await?;
    evidence::fixed(context).await?;
    boot.goes_on(vm).await?;
    harmless(context, vm, &boot).await
}

/// The check names each hook: its property in the list, its place in the evidence of condition 3.
async fn found(context: &Context, plant: &Plant) -> Result<()> {
    let checked = evidence::check(context).await?;
    checked.expect_said(3, "tied to the agent")?;
    let found = checked.field("hooks").as_array().context("hooks")?;
    ensure!(
        found.len() == plant.hooks.len(),
        "not what was planted: {found:?}"
    );
    for hook in &plant.hooks {
        checked.expect_said(3, hook.place)?;
        checked.expect_said(3, &format!("{} of ", hook.property))?;
        let is_listed = found.iter().any(|found| found["property"] == hook.property);
        ensure!(is_listed, "{} is not among {found:?}", hook.property);
    }
    Ok(())
}

/// `fix --check` shows the change and makes none.
async fn shown_without_change(context: &Context, vm: &Vm, plant: &Plant) -> Result<()> {
    let before = vm.ssh(TRACES).await?.stdout;
    let dry = context
        .hospes(&["fix", "web", "--check"])
        .await?
        .expect_exit(1)?;
    for line in plant.hooks.iter().filter_map(|hook| hook.diff) {
        dry.expect_text(line)?;
    }
    dry.expect_text("prove by systemd's effective properties")?;
    let after = vm.ssh(TRACES).await?.stdout;
    ensure!(
        before == after,
        "the dry run changed the guest\n{before}\n--- is now\n{after}"
    );
    Ok(())
}

/// Whatever made the agent's end the guest's would show here.
async fn harmless(context: &Context, vm: &Vm, boot: &Boot) -> Result<()> {
    context.step("stopping and restarting the agent");
    let stop = format!(
        "systemctl restart {UNIT} && systemctl stop {UNIT} && sleep 3 && systemctl start {UNIT}"
    );
    vm.ssh(&stop).await?.success()?;
    boot.goes_on(vm).await
}
