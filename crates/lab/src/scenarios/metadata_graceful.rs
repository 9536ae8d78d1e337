//! Graceful stops as an operator asks for them: the guest's scripts first, then its shutdown.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::evidence::Boot;
use super::metadata::{GRACEFUL, Served, says, set};
use super::proof::powered_off_by_itself;
use crate::scenario::Context;

const KEY: &str = "graceful-shutdown-script";
const STOP_STATE: &str = "instance/shutdown-details/stop-state";
/// What the product says once the guest has been told.
const WAITS: &str = "waiting for the guest's graceful scripts";

/// A script that never ends by itself and says once when it is told to: systemd tells it, and the
/// runner passes on what it was told itself.
fn endless() -> String {
    format!(
        "trap 'trap \"\" TERM; {}; exit 1' TERM\n{}\nwhile :; do sleep 0.2; done\n",
        says("told"),
        says("begins")
    )
}

async fn guest(context: &Context) -> Result<Served> {
    let served = Served::start(context).await?;
    for event in ["startup", "shutdown"] {
        let script = format!("echo here; {}", says(event));
        set(context, &format!("{event}-script"), &script).await?;
    }
    served.install(context).await?;
    Ok(served)
}

async fn no_stop_is_announced(context: &Context) -> Result<()> {
    let state = ["metadata", "get", "web", STOP_STATE];
    let state = context.hospes(&state).await?.expect_exit(0)?;
    state.expect_text("NONE")
}

pub(super) async fn restart(context: Context) -> Result<()> {
    let served = guest(&context).await?;
    let script = format!(
        "{}; echo draining; sleep 3; {}; echo drained",
        says("begins"),
        says("ends")
    );
    set(&context, KEY, &script).await?;
    let run = context
        .hospes(&["restart", "web", "--graceful", "5m"])
        .await?
        .expect_exit(0)?;
    run.expect_text("the graceful scripts are done")?;
    ensure!(
        run.took < Duration::from_secs(300),
        "the whole time was used"
    );
    served.until_ran("startup").await?;
    served.expect_ran("begins ends shutdown startup").await?;
    no_stop_is_announced(&context).await?;
    let log = served
        .vm
        .ssh("journalctl --no-pager -q -b -1 -o cat")
        .await?
        .success()?;
    in_order(
        &log,
        &[
            "graceful-shutdown-script: draining",
            "graceful-shutdown-script: drained",
            "graceful-shutdown-script exit status 0",
            "Stopping google-shutdown-scripts.service",
            "shutdown-script: here",
        ],
    )
}

/// Fails unless the first lines that hold these parts come in this order.
fn in_order(log: &str, parts: &[&str]) -> Result<()> {
    let mut last = 0;
    for part in parts {
        // `graceful-shutdown-script: x` holds `shutdown-script: x`.
        let at = log
            .lines()
            .position(|line| line.starts_with(part))
            .with_context(|| format!("no `{part}` in the journal:\n{log}"))?;
        ensure!(at > last, "`{part}` comes too early:\n{log}");
        last = at;
    }
    Ok(())
}

/// The scripts of a guest fail: the stop goes on, and says so.
pub(super) async fn failing(context: Context) -> Result<()> {
    let served = guest(&context).await?;
    set(&context, KEY, &format!("{}; exit 7", says("fails"))).await?;
    let run = context
        .hospes(&["restart", "web", "--graceful", "5m"])
        .await?
        .expect_exit(0)?;
    run.expect_text("failed with exit 7")?;
    served.until_ran("startup").await?;
    served.expect_ran("fails shutdown startup").await
}

/// A script that takes longer than there is time.
pub(super) async fn deadline(context: Context) -> Result<()> {
    let served = guest(&context).await?;
    set(&context, KEY, &endless()).await?;
    let run = context
        .hospes(&["shutdown", "web", "--graceful", "10s"])
        .await?
        .expect_exit(0)?;
    run.expect_text("did not end in time")?;
    powered_off_by_itself(&served.vm)?;
    context.hospes(&["start", "web"]).await?.expect_exit(0)?;
    served.until_ran("startup").await?;
    served.expect_ran("begins told shutdown startup").await
}

/// A stop is cancelled while the guest prepares; the next one is ended early by the operator.
pub(super) async fn cancelled(context: Context) -> Result<()> {
    let served = guest(&context).await?;
    let boot = Boot::of(&served.vm).await?;
    let slow = format!("{}; sleep 20", says("prepared"));
    set(&context, KEY, &slow).await?;
    let mut waits = context.start_hospes(&["shutdown", "web", "--graceful", "5m"])?;
    waits.wait_for_line(WAITS, Duration::from_secs(60)).await?;
    served.until_ran("prepared").await?;
    let abort = context.hospes(&["runs", "abort", "r1"]).await?;
    abort.expect_exit(0)?;
    waits.wait().await?.expect_exit(1)?;
    no_stop_is_announced(&context).await?;
    boot.goes_on(&served.vm).await?;
    context.step("the scripts of the cancelled stop end by themselves");
    let over = format!("[ $(systemctl is-active {GRACEFUL}) != activating ]");
    served.until(&over).await?;
    set(&context, KEY, &endless()).await?;
    let mut waits = context.start_hospes(&["shutdown", "web", "--graceful", "5m"])?;
    waits.wait_for_line(WAITS, Duration::from_secs(60)).await?;
    served.until_ran("begins").await?;
    let now = context.hospes(&["shutdown", "web", "--now"]).await?;
    now.expect_exit(0)?;
    waits.wait().await?.expect_exit(0)?;
    powered_off_by_itself(&served.vm)?;
    context.hospes(&["start", "web"]).await?.expect_exit(0)?;
    served.until_ran("startup").await?;
    served
        .expect_ran("prepared begins told shutdown startup")
        .await
}
