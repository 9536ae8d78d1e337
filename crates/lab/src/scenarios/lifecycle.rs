//! Restart, shutdown and start where the guest does not do as it is told.

use std::time::Duration;

use anyhow::{Result, ensure};

use super::evidence::Boot;
use super::proof::{
    boot_id, configure, hold_shutdown, let_go, powered_off_by_itself, proved, qemu,
    refusal_reasons, session_of, text, until_let_go,
};
use crate::scenario::Context;
use crate::vm::{Vm, VmSpec};

pub(super) async fn without_sshd(context: Context) -> Result<()> {
    let vm = context.vm(VmSpec::new("web")).await?;
    configure(&context, &vm, &[("ready", "90s")])?;
    context.step("stopping and masking sshd");
    let masked = vm
        .agent_exec("systemctl mask --now ssh.service ssh.socket")
        .await?;
    ensure!(masked.code == Some(0), "{}", masked.stderr);
    let old_process = qemu(&vm)?;
    let run = context
        .hospes(&["restart", "web", "--json"])
        .await?
        .expect_exit(4)?;
    let outcome = run.outcome()?;
    ensure!(outcome["outcome"] == "not-ready", "{outcome}");
    ensure!(text(&outcome["reason"]).contains("SSH"), "{outcome}");
    // Shown although it decides nothing: the agent answers, only SSH does not.
    ensure!(
        outcome["health"]["unhealthy"]
            .as_array()
            .is_some_and(Vec::is_empty),
        "{outcome}"
    );
    ensure!(qemu(&vm)? != old_process, "QEMU is the same process");
    powered_off_by_itself(&vm)?;
    ensure!(
        vm.agent_pings(Duration::from_secs(5)).await,
        "the agent of the new boot is silent"
    );
    let ready = context
        .hospes(&["ready", "web", "--json"])
        .await?
        .expect_exit(4)?;
    ensure!(
        ready.json()?["guests"][0]["outcome"] == "not-ready",
        "{}",
        ready.stdout
    );
    context.hospes(&["check", "web"]).await?.expect_exit(0)?;
    Ok(())
}

pub(super) async fn held_shutdown(context: Context) -> Result<()> {
    let vm = context.vm(VmSpec::new("web")).await?;
    configure(&context, &vm, &[("stop", "12s")])?;
    hold_shutdown(&vm, &until_let_go()).await?;
    let boot = Boot::of(&vm).await?;
    let run = context
        .hospes(&["restart", "web", "--json"])
        .await?
        .expect_exit(1)?;
    let outcome = run.outcome()?;
    ensure!(outcome["outcome"] == "still-running", "{outcome}");
    boot.goes_on(&vm).await?;
    refused_while_open(&context).await?;
    context.step("Ctrl-C while the resumed run looks at the guest");
    let mut resumed = context.start_hospes(&["runs", "resume", "r1"])?;
    resumed
        .wait_for_line("checking the six conditions", Duration::from_secs(30))
        .await?;
    resumed.interrupt()?;
    resumed
        .wait()
        .await?
        .expect_exit(1)?
        .expect_text("hospes runs resume r1")?;
    boot.goes_on(&vm).await?;
    late_power_off_is_followed_by_a_start(&context, &vm, boot.id()).await
}

async fn refused_while_open(context: &Context) -> Result<()> {
    for verb in ["restart", "shutdown", "fix"] {
        let second = context
            .hospes(&[verb, "web", "--json"])
            .await?
            .expect_exit(3)?;
        let reason = text(&second.json()?["guests"][0]["reason"]);
        ensure!(reason.contains("hospes runs resume r1"), "{verb}: {reason}");
    }
    let list = context
        .hospes(&["runs", "list", "--open", "--json"])
        .await?
        .expect_exit(0)?;
    let runs = list.json()?["runs"].clone();
    ensure!(
        runs.as_array().is_some_and(|runs| runs.len() == 1),
        "{runs}"
    );
    ensure!(runs[0]["run"]["status"] == "resumable", "{runs}");
    ensure!(!text(&runs[0]["remark"]).contains("powered off"), "{runs}");
    Ok(())
}

async fn late_power_off_is_followed_by_a_start(
    context: &Context,
    vm: &Vm,
    boot: &str,
) -> Result<()> {
    context.step("letting the guest go down late");
    let_go(vm).await?;
    vm.wait_for_exit(Duration::from_secs(90)).await?;
    powered_off_by_itself(vm)?;
    let list = context
        .hospes(&["runs", "list", "--json"])
        .await?
        .expect_exit(0)?;
    let remark = text(&list.json()?["runs"][0]["remark"]);
    ensure!(
        remark.contains("powered off since; hospes runs resume r1"),
        "{remark}"
    );
    let run = context
        .hospes(&["runs", "resume", "r1", "--json"])
        .await?
        .expect_exit(0)?;
    proved(&run, vm, "restarted", boot).await
}

pub(super) async fn shutdown_and_start(context: Context) -> Result<()> {
    let vm = context.vm(VmSpec::new("web")).await?;
    context.configure(&[&vm])?;
    let old_boot = boot_id(&vm).await?;
    let stopped = context
        .hospes(&["shutdown", "web", "--json"])
        .await?
        .expect_exit(0)?
        .outcome()?;
    ensure!(
        stopped["outcome"] == "stopped" && stopped["already"] == false,
        "{stopped}"
    );
    ensure!(!vm.is_running(), "QEMU still runs");
    powered_off_by_itself(&vm)?;
    let again = context
        .hospes(&["shutdown", "web", "--json"])
        .await?
        .expect_exit(0)?
        .outcome()?;
    ensure!(
        again["outcome"] == "stopped" && again["already"] == true,
        "{again}"
    );
    let restart = context
        .hospes(&["restart", "web", "--json"])
        .await?
        .expect_exit(3)?
        .outcome()?;
    ensure!(refusal_reasons(&restart) == ["not-running"], "{restart}");
    context
        .hospes(&["restart", "web"])
        .await?
        .expect_exit(3)?
        .expect_text("hospes start web")?;
    ensure!(!vm.is_running(), "a refused restart has started QEMU");
    started_in_a_session_of_its_own(&context, &vm, &old_boot).await
}

async fn started_in_a_session_of_its_own(context: &Context, vm: &Vm, old: &str) -> Result<()> {
    let hospes = context.start_hospes(&["start", "web", "--json"])?;
    let controller_session = session_of(hospes.pid()?.as_raw_nonzero().get())?;
    let started = hospes.wait().await?.expect_exit(0)?.outcome()?;
    ensure!(
        started["outcome"] == "started" && started["already"] == false,
        "{started}"
    );
    let boot = Boot::of(vm).await?;
    ensure!(
        text(&started["readiness"]["boot_id"]) == boot.id(),
        "{started}"
    );
    ensure!(boot.id() != old, "the boot id is the same");
    let process = qemu(vm)?;
    let session = session_of(process)?;
    ensure!(
        session == process,
        "QEMU {process} does not lead its session {session}"
    );
    ensure!(
        session != controller_session,
        "QEMU is in the controller's session"
    );
    let again = context
        .hospes(&["start", "web", "--json"])
        .await?
        .expect_exit(0)?
        .outcome()?;
    ensure!(
        again["outcome"] == "started" && again["already"] == true,
        "{again}"
    );
    boot.goes_on(vm).await
}
