//! Readiness of guests that only seem to answer.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};

use super::proof::{configure, qemu, text};
use crate::scenario::{Context, HospesRun};
use crate::vm::{Vm, VmSpec};

/// `ssh-command`, and some for starting the program on a busy machine.
const ONE_LOOK: Duration = Duration::from_secs(20);
/// More than a script may take (`ssh-command`), all in all.
const WHOLE_CHECK: Duration = Duration::from_secs(60);
const MOST_MEMORY_KIB: u64 = 60 * 1024;

pub(super) async fn hung_guest(context: Context) -> Result<()> {
    let vm = context.vm(VmSpec::new("web")).await?;
    configure(&context, &vm, &[("ssh-command", "15s")])?;
    context.hospes(&["ready", "web"]).await?.expect_exit(0)?;
    context.step("stopping sshd's processes: the kernel still accepts");
    signal_sshd(&vm, "STOP").await?;
    not_ready(&context).await?;
    signal_sshd(&vm, "CONT").await?;
    context.hospes(&["ready", "web"]).await?.expect_exit(0)?;
    context.step("stopping QEMU: its forwarded port still accepts");
    let process = Pid::from_raw(qemu(&vm)?).context("no pid")?;
    kill_process(process, Signal::STOP)?;
    not_ready(&context).await?;
    kill_process(process, Signal::CONT)?;
    context
        .hospes(&["ready", "web", "--wait", "60s"])
        .await?
        .expect_exit(0)?;
    Ok(())
}

async fn signal_sshd(vm: &Vm, signal: &str) -> Result<()> {
    let sent = vm.agent_exec(&format!("pkill -{signal} -x sshd")).await?;
    ensure!(sent.code == Some(0), "no sshd: {}", sent.stderr);
    Ok(())
}

/// The port accepts, nobody answers, and that is told in time.
async fn not_ready(context: &Context) -> Result<()> {
    let run = context
        .hospes(&["ready", "web", "--json"])
        .await?
        .expect_exit(4)?;
    let guest = run.json()?["guests"][0].clone();
    ensure!(guest["outcome"] == "not-ready", "{guest}");
    ensure!(
        !text(&guest["reason"]).contains("refused"),
        "the port is closed: {guest}"
    );
    ensure!(run.took < ONE_LOOK, "it took {:?}: {guest}", run.took);
    Ok(())
}

pub(super) async fn babbling_guest(context: Context) -> Result<()> {
    let vm = context.vm(VmSpec::new("web")).await?;
    context.configure(&[&vm])?;
    context.step("a login that prints 1 GB whatever it is told");
    let babble = "echo 'ForceCommand yes | head -c 1000000000' > /etc/ssh/sshd_config.d/babble.conf \
                  && systemctl restart ssh";
    let planted = vm.agent_exec(babble).await?;
    ensure!(planted.code == Some(0), "{}", planted.stderr);
    let run = context
        .hospes(&["ready", "web", "--json"])
        .await?
        .expect_exit(4)?;
    let guest = run.json()?["guests"][0].clone();
    ensure!(guest["outcome"] == "not-ready", "{guest}");
    ensure!(
        text(&guest["reason"]).contains("did not succeed"),
        "{guest}"
    );
    within_bounds(&run)?;
    context.step("the channel reads what the login does not");
    let check = context.hospes(&["check", "web", "--json"]).await?;
    within_bounds(&check)?;
    let check = check.expect_exit(0)?.json()?;
    let identity = &check["guests"][0]["identity"]["same"]["by"];
    ensure!(text(identity).contains("agent channel"), "{check}");
    Ok(())
}

fn within_bounds(run: &HospesRun) -> Result<()> {
    ensure!(run.took < WHOLE_CHECK, "it took {:?}", run.took);
    ensure!(run.peak_kib > 0, "its memory was not seen");
    ensure!(
        run.peak_kib < MOST_MEMORY_KIB,
        "it held {} KiB",
        run.peak_kib
    );
    Ok(())
}
