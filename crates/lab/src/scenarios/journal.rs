//! Controllers that die, are interrupted, or meet.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tokio::time::sleep;

use super::evidence::Boot;
use super::proof::{
    boot_id, configure, powered_off_by_itself, proved, qemu, record, session_of, steps, text,
};
use crate::scenario::{Context, HospesProcess};
use crate::vm::{Vm, VmSpec};

const NEXT_LINE: Duration = Duration::from_secs(120);
/// The agent has two seconds to object to a shutdown; in the middle of them it has been asked and the
/// answer is not there.
const ASKED_AND_NOT_ANSWERED: Duration = Duration::from_millis(1000);

/// Where in a restart its controller is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    Asking,
    Stopping,
    Started,
}

pub(super) async fn killed_while_asking(context: Context) -> Result<()> {
    killed(context, Moment::Asking).await
}

pub(super) async fn killed_while_stopping(context: Context) -> Result<()> {
    killed(context, Moment::Stopping).await
}

pub(super) async fn killed_after_start(context: Context) -> Result<()> {
    killed(context, Moment::Started).await
}

async fn killed(context: Context, moment: Moment) -> Result<()> {
    let vm = context.vm(VmSpec::new("web")).await?;
    context.configure(&[&vm])?;
    let boot = boot_id(&vm).await?;
    let restart = restart_until(&context, moment).await?;
    restart.kill()?;
    ensure!(
        restart.wait().await?.exit.is_none(),
        "hospes was not killed"
    );
    let process = vm.pid();
    let interrupted = record(&context, "r1").await?;
    ensure!(interrupted["status"] == "active", "{interrupted}");
    let unanswered = steps(&interrupted, "shutdown").iter().any(Value::is_null);
    ensure!(unanswered == (moment == Moment::Asking), "{interrupted}");
    let run = context
        .hospes(&["runs", "resume", "r1", "--json"])
        .await?
        .expect_exit(0)?;
    proved(&run, &vm, "restarted", &boot).await?;
    powered_off_by_itself(&vm)?;
    if moment == Moment::Started {
        ensure!(
            process.is_some() && vm.pid() == process,
            "the machine did not live on"
        );
    }
    told_once(&record(&context, "r1").await?, moment)
}

/// A restart that has reached `moment`.
async fn restart_until(context: &Context, moment: Moment) -> Result<HospesProcess> {
    context.step(format!("restarting until {moment:?}"));
    let mut restart = context.start_hospes(&["restart", "web"])?;
    match moment {
        Moment::Asking => {
            restart
                .wait_for_line("asking the agent to shut down", NEXT_LINE)
                .await?;
            sleep(ASKED_AND_NOT_ANSWERED).await;
        }
        Moment::Stopping => restart.wait_for_line("  taken", NEXT_LINE).await?,
        Moment::Started => restart.wait_for_line("  powered on", NEXT_LINE).await?,
    }
    Ok(restart)
}

/// The timeline shows the interruption, and no lifecycle step twice.
fn told_once(record: &Value, moment: Moment) -> Result<()> {
    ensure!(record["status"] == "done", "{record}");
    ensure!(
        steps(record, "shutdown").len() == 1,
        "asked to shut down twice: {record}"
    );
    ensure!(steps(record, "start").len() == 1, "started twice: {record}");
    let unanswered = steps(record, "shutdown")[0].is_null();
    ensure!(unanswered == (moment == Moment::Asking), "{record}");
    let notes = record["notes"].as_array().context("notes")?;
    ensure!(
        notes
            .iter()
            .any(|note| text(&note["text"]).contains("resumed")),
        "{record}"
    );
    Ok(())
}

pub(super) async fn two_controllers(context: Context) -> Result<()> {
    let vm = context.vm(VmSpec::new("web")).await?;
    context.configure(&[&vm])?;
    let boot = boot_id(&vm).await?;
    let mut first = context.start_hospes(&["restart", "web"])?;
    first.wait_for_line("  taken", NEXT_LINE).await?;
    let holder = format!("hospes restart (process {}", first.pid()?.as_raw_nonzero());
    for verb in ["restart", "fix", "reboot", "start"] {
        let second = context
            .hospes(&[verb, "web", "--json"])
            .await?
            .expect_exit(3)?;
        let guest = second.json()?["guests"][0].clone();
        ensure!(guest["run"].is_null(), "a run was begun: {guest}");
        ensure!(text(&guest["reason"]).contains(&holder), "{verb}: {guest}");
        ensure!(
            second.took < Duration::from_secs(5),
            "{verb} waited {:?}",
            second.took
        );
    }
    let resume = context
        .hospes(&["runs", "resume", "r1"])
        .await?
        .expect_exit(3)?;
    resume.expect_text(&holder)?;
    context.step("the first one completes");
    first
        .wait()
        .await?
        .expect_exit(0)?
        .expect_text("web: restarted")?;
    ensure!(boot_id(&vm).await? != boot, "the boot id is the same");
    let runs = context.hospes(&["runs", "list", "--json"]).await?.json()?["runs"].clone();
    ensure!(
        runs.as_array().is_some_and(|runs| runs.len() == 1),
        "{runs}"
    );
    Ok(())
}

pub(super) async fn interrupted(context: Context) -> Result<()> {
    let vm = context.vm(VmSpec::new("web")).await?;
    configure(&context, &vm, &[("stop", "120s")])?;
    let boot = Boot::of(&vm).await?;
    let mut restart = context.start_hospes(&["restart", "web"])?;
    restart
        .wait_for_line("checking the six conditions", NEXT_LINE)
        .await?;
    interrupt(restart).await?;
    boot.goes_on(&vm).await?;
    // A guest that is gone as soon as it was asked leaves no time between.
    let slow = "systemd-run --quiet --unit=slow -p RemainAfterExit=yes -p ExecStop='/bin/sleep 8' /bin/true";
    vm.ssh(slow).await?.success()?;
    context.step("Ctrl-C once the guest was asked");
    let mut resumed = context.start_hospes(&["runs", "resume", "r1"])?;
    resumed.wait_for_line("  taken", NEXT_LINE).await?;
    interrupt(resumed).await?;
    vm.wait_for_exit(Duration::from_secs(90)).await?;
    powered_off_by_itself(&vm)?;
    interrupted_after_start(&context, &vm, boot.id()).await
}

async fn interrupted_after_start(context: &Context, vm: &Vm, boot: &str) -> Result<()> {
    context.step("Ctrl-C once the guest was started");
    let mut resumed = context.start_hospes(&["runs", "resume", "r1"])?;
    resumed.wait_for_line("  powered on", NEXT_LINE).await?;
    let process = qemu(vm)?;
    ensure!(
        session_of(process)? == process,
        "QEMU leads no session of its own"
    );
    interrupt(resumed).await?;
    ensure!(vm.pid() == Some(process), "QEMU ended with hospes");
    let run = context
        .hospes(&["runs", "resume", "r1", "--json"])
        .await?
        .expect_exit(0)?;
    ensure!(vm.pid() == Some(process), "QEMU was started again");
    proved(&run, vm, "restarted", boot).await?;
    let record = record(context, "r1").await?;
    ensure!(steps(&record, "shutdown").len() == 1, "{record}");
    ensure!(steps(&record, "start").len() == 1, "{record}");
    Ok(())
}

/// Ctrl-C, which ends hospes soon, with words about how to go on.
async fn interrupt(hospes: HospesProcess) -> Result<()> {
    hospes.interrupt()?;
    let run = hospes.wait().await?.expect_exit(1)?;
    run.expect_text("interrupted")?;
    run.expect_text("hospes runs resume r1")
}
