//! SSH or the controller lost in the middle of it: what was begun ends in the guest, nothing is done
//! twice, and the next controller finds out.

use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::time::sleep;

use super::super::evidence::Boot;
use super::super::proof::{hold_shutdown, record, steps};
use super::guest::Guest;
use super::program::{in_dpkg, kill, latest_outcome, latest_run, resume, until};
use crate::scenario::Context;

/// How long sshd is away. Longer than a command of the program waits for an answer.
const AWAY: Duration = Duration::from_secs(40);

pub(super) async fn killed(context: Context) -> Result<()> {
    let guest = Guest::with(&context, &["lab-tool", "lab-slow"]).await?;
    let boot = Boot::of(&guest.vm).await?;
    let hospes = in_dpkg(&context, &guest, &["web"]).await?;
    kill(hospes).await?;
    context.step("dpkg goes on without anybody");
    until(
        &guest,
        "[ \"$(dpkg-query -W -f '${db:Status-Status}' lab-slow)\" = installed ]",
    )
    .await?;
    let outcome = resume(&context, 0).await?;
    outcome.expect_ending("patched")?.expect_upgraded(&[
        ("lab-slow", "1.0", "2.0", false),
        ("lab-tool", "1.0", "2.0", true),
    ])?;
    once(&context, &guest).await?;
    boot.goes_on(&guest.vm).await
}

pub(super) async fn without_ssh(context: Context) -> Result<()> {
    let guest = Guest::with(&context, &["lab-tool", "lab-slow"]).await?;
    let boot = Boot::of(&guest.vm).await?;
    guest.run("echo 30 >/etc/lab-slow.seconds").await?;
    let hospes = in_dpkg(&context, &guest, &["web"]).await?;
    context.step("no SSH for a while: connections end, new ones are refused");
    let away = format!(
        "systemd-run --quiet --unit=away sh -c 'systemctl stop ssh.socket ssh; pkill -x sshd; sleep {}; systemctl start ssh'",
        AWAY.as_secs()
    );
    guest.vm.ssh(&away).await?;
    sleep(AWAY).await;
    hospes.wait().await?.expect_exit(0)?;
    let outcome = latest_outcome(&context).await?;
    outcome.expect_ending("patched")?;
    once(&context, &guest).await?;
    boot.goes_on(&guest.vm).await
}

pub(super) async fn rebooting(context: Context) -> Result<()> {
    let guest = Guest::with(&context, &["lab-lib"]).await?;
    let boot = Boot::of(&guest.vm).await?;
    // Time to die between the request and the end of the boot.
    hold_shutdown(&guest.vm, "sleep 15").await?;
    context.step("patching until the guest goes down");
    let hospes = context.start_hospes(&["patch", "apply", "web"])?;
    until(&guest, "systemctl is-system-running | grep -q stopping").await?;
    kill(hospes).await?;
    let outcome = resume(&context, 0).await?;
    outcome.expect_ending("patched")?;
    outcome.expect_rebooted(&guest.vm, boot.id()).await?;
    let restarts = guest.restarts()?;
    ensure!(restarts == 1, "the guest went down {restarts} times");
    Ok(())
}

/// The unit was started once, and dpkg configured the package once.
async fn once(context: &Context, guest: &Guest) -> Result<()> {
    let configured = guest.run("cat /var/lib/lab-slow.configured").await?;
    ensure!(configured == "configure 1.0", "configured: {configured}");
    let record = record(context, &latest_run(context).await?).await?;
    let started = steps(&record, "upgrade").len();
    ensure!(started == 1, "started {started} times: {record}");
    Ok(())
}
