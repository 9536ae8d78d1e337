//! hospes under systemd: the machine it starts outlives the service that it runs in. The lab's
//! host may have no systemd, so a guest plays the host, and a sleeping shell the machine.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use tokio::process::Command;
use tokio::time::sleep;

use crate::command;
use crate::scenario::{Context, HospesProcess};
use crate::vm::{Vm, VmSpec};

/// What one `guest-file-write` carries: the agent answers nothing else meanwhile.
const PIECE: usize = 1 << 20;
const STUB: &str = "sleep 12345";
const CONFIG: &str = "[guest.x]\\nqmp = \"/root/x.sock\"\\nstart = [\"/bin/sh\", \"-c\", \"exec sleep 12345\"]\\n\
                      [guest.x.deadlines]\\nstart = \"3s\"\\n";

pub(super) async fn scope(context: Context) -> Result<()> {
    let vm = context.vm(VmSpec::new("host")).await?;
    if !bring_hospes(&context, &vm).await? {
        context.step("SKIPPED: hospes was built for a newer libc than the guest's");
        return Ok(());
    }
    vm.ssh(&format!("printf '{CONFIG}' > /root/hospes.toml"))
        .await?
        .success()?;
    context.step("a controller that ends by itself");
    let ended = vm.ssh(&as_service("--wait --collect", "start x")).await?;
    ensure!(
        ended.code == Some(1),
        "a machine without a monitor was started: {ended:?}"
    );
    let first = stub(&vm).await?;
    outlives(&vm, &first).await?;
    context.step("a controller whose service is stopped");
    vm.ssh(&format!(
        "kill {first}; sed -i s/3s/600s/ /root/hospes.toml"
    ))
    .await?
    .success()?;
    vm.ssh(&as_service("--collect", "runs resume r1"))
        .await?
        .success()?;
    let second = stub(&vm).await?;
    ensure!(second != first, "nothing was started");
    vm.ssh("systemctl is-active controller && systemctl stop controller")
        .await?
        .success()?;
    ensure!(
        vm.ssh("pgrep -x hospes").await?.code == Some(1),
        "the controller was not stopped"
    );
    outlives(&vm, &second).await
}

/// hospes in a transient service, as its packaged unit or a timer would run it.
fn as_service(options: &str, arguments: &str) -> String {
    format!(
        "systemd-run --quiet {options} --unit=controller -E HOSPES_CONFIG=/root/hospes.toml \
         -E HOSPES_STATE=/root/state /root/hospes {arguments}"
    )
}

/// The stub's pid, once it runs.
async fn stub(vm: &Vm) -> Result<String> {
    for _ in 0..60 {
        let found = vm.ssh(&format!("pgrep -xf '{STUB}'")).await?;
        if found.code == Some(0) {
            return Ok(found.stdout.trim().to_owned());
        }
        sleep(Duration::from_millis(500)).await;
    }
    let journal = vm
        .ssh("journalctl --no-pager -n 30 -u controller")
        .await?
        .stdout;
    anyhow::bail!("the start command does not run:\n{journal}")
}

/// Fails unless the stub runs on, in its own session and scope.
async fn outlives(vm: &Vm, pid: &str) -> Result<()> {
    let script = format!("kill -0 {pid} && cat /proc/{pid}/cgroup && ps -o sid= -p {pid}");
    let seen = vm.ssh(&script).await?.success()?;
    ensure!(
        seen.contains("/hospes-guest-x-") && seen.contains(".scope"),
        "{seen}"
    );
    ensure!(!seen.contains("controller.service"), "{seen}");
    let session = seen.lines().last().context("a session")?.trim();
    ensure!(session == pid, "process {pid} is in session {session}");
    Ok(())
}

/// Copies the program into the guest, through its agent. Whether it runs there: it needs a libc as
/// new as this machine's.
async fn bring_hospes(context: &Context, vm: &Vm) -> Result<bool> {
    context.step("copying hospes into the guest");
    let stripped = context.dir().join("hospes");
    let mut strip = Command::new("strip");
    command::output(
        strip
            .arg("-o")
            .arg(&stripped)
            .arg(HospesProcess::program()?),
    )
    .await?;
    upload(vm, &stripped, "/root/hospes").await?;
    let version = vm
        .ssh("chmod +x /root/hospes && /root/hospes --version")
        .await?;
    if version.stderr.contains("GLIBC_") {
        return Ok(false);
    }
    ensure!(version.stdout.starts_with("hospes "), "{version:?}");
    Ok(true)
}

async fn upload(vm: &Vm, from: &Path, to: &str) -> Result<()> {
    let bytes = std::fs::read(from).with_context(|| format!("cannot read {}", from.display()))?;
    let handle = vm
        .agent_command("guest-file-open", json!({"path": to, "mode": "w"}))
        .await?;
    for piece in bytes.chunks(PIECE) {
        let arguments = json!({"handle": handle, "buf-b64": STANDARD.encode(piece)});
        vm.agent_command("guest-file-write", arguments).await?;
    }
    vm.agent_command("guest-file-close", json!({"handle": handle}))
        .await?;
    Ok(())
}
