//! The program, as its users run it on the guest `web`.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::super::proof::{record, text};
use super::guest::Guest;
use super::outcome::Outcome;
use crate::scenario::{Context, HospesProcess};

/// Patches `web` with these options, expects the exit code, and reads how its run ended.
pub(super) async fn apply(context: &Context, options: &[&str], exit: i32) -> Result<Outcome> {
    let words = [&["patch", "apply", "web", "--json"], options].concat();
    context.hospes(&words).await?.expect_exit(exit)?;
    latest_outcome(context).await
}

/// How the latest run ended, as its record tells.
pub(super) async fn latest_outcome(context: &Context) -> Result<Outcome> {
    let run = latest_run(context).await?;
    let record = record(context, &run).await?;
    let outcome = text(&record["outcome"]);
    let outcome =
        serde_json::from_str(&outcome).with_context(|| format!("no outcome: {record}"))?;
    Ok(Outcome::of(outcome))
}

/// The name of the latest run.
pub(super) async fn latest_run(context: &Context) -> Result<String> {
    let list = context.hospes(&["runs", "list", "--json"]).await?;
    let list = list.expect_exit(0)?.json()?;
    let run = text(&list["runs"][0]["run"]["id"]);
    ensure!(!run.is_empty(), "no run: {list}");
    Ok(run)
}

/// A preview of `web`, which must change nothing.
pub(super) async fn preview(context: &Context) -> Result<Value> {
    let run = context.hospes(&["patch", "plan", "web", "--json"]).await?;
    run.expect_exit(0)?.json()
}

/// A `hospes patch apply` that is in the middle of dpkg: `lab-slow` is being configured in the guest.
pub(super) async fn in_dpkg(
    context: &Context,
    guest: &Guest,
    what: &[&str],
) -> Result<HospesProcess> {
    let words = [&["patch", "apply"], what].concat();
    context.step("patching until dpkg is in the middle of it");
    let hospes = context.start_hospes(&words)?;
    until(guest, "[ -e /var/lib/lab-slow.configured ]").await?;
    Ok(hospes)
}

/// Waits until a condition holds in the guest.
pub(super) async fn until(guest: &Guest, condition: &str) -> Result<()> {
    let end = Instant::now() + Duration::from_secs(240);
    while guest.vm.ssh(condition).await?.code != Some(0) {
        ensure!(Instant::now() < end, "`{condition}` never held");
        sleep(Duration::from_millis(500)).await;
    }
    Ok(())
}

/// Kills a controller outright.
pub(super) async fn kill(hospes: HospesProcess) -> Result<()> {
    hospes.kill()?;
    let exit = hospes.wait().await?.exit;
    ensure!(exit.is_none(), "hospes was not killed: {exit:?}");
    Ok(())
}

/// Takes up the only campaign, whose controller died, and reads how the run of `web` ended.
pub(super) async fn resume(context: &Context, exit: i32) -> Result<Outcome> {
    let words = ["patch", "resume", "c1", "--json"];
    context.hospes(&words).await?.expect_exit(exit)?;
    latest_outcome(context).await
}
