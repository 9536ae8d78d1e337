//! Stops whose runner tells the host nothing.

use anyhow::{Result, ensure};
use metadata::stop::ReportOutcome;
use rustix::process::{Signal, kill_process};

use super::stops::{KEY, RAN, WAITS, expect, watched};
use crate::windows::Site;
use crate::windows::site::{AGENT, RUN_DIRECTORY, RUNNER, installed};

/// The runner is killed while its script runs.
pub(super) async fn killed(site: Site) -> Result<()> {
    let guest = site.guest().await?;
    guest.host.set(KEY, WAITS).await?;
    let watcher = watched(&guest).await?;
    guest.host.announce("first").await?;
    guest.until_written(RAN, "begins").await?;
    site.step("the runner is killed");
    let runners = guest.wine.processes(RUNNER);
    ensure!(runners.len() == 1, "{} runners", runners.len());
    kill_process(runners[0], Signal::KILL)?;
    let report = guest.host.reported("first").await?;
    ensure!(report.outcome == ReportOutcome::Failed, "{report:?}");
    watcher
        .until_said("the runner ended without a report on stop first")
        .await?;
    let ran = guest.written(RAN);
    ensure!(ran == "begins\n", "{ran}");
    Ok(())
}

/// The watcher that has started it dies, and the runner is killed afterwards.
pub(super) async fn orphaned(site: Site) -> Result<()> {
    let guest = site.guest().await?;
    guest.host.set(KEY, WAITS).await?;
    let watcher = watched(&guest).await?;
    guest.host.announce("first").await?;
    guest.until_written(RAN, "begins").await?;
    site.step("the watcher dies, and another one comes");
    watcher.kill().await?;
    let _watcher = watched(&guest).await?;
    site.step("the runner is killed");
    let runners = guest.wine.processes(RUNNER);
    ensure!(runners.len() == 1, "{} runners", runners.len());
    kill_process(runners[0], Signal::KILL)?;
    let report = guest.host.reported("first").await?;
    expect(&report, ReportOutcome::Failed, None)
}

/// There is no runner beside the agent.
pub(super) async fn missing(site: Site) -> Result<()> {
    let guest = site.guest_with(&[AGENT], RUN_DIRECTORY).await?;
    guest.host.set(KEY, "@echo never>>C:\\ran\r\n").await?;
    let watcher = watched(&guest).await?;
    site.step("a stop");
    guest.host.announce("first").await?;
    let report = guest.host.reported("first").await?;
    expect(&report, ReportOutcome::Failed, None)?;
    let given_up = "the graceful scripts do not run for this stop, the host is told so: ";
    watcher.until_said(given_up).await?;
    let said = watcher.said();
    let lines: Vec<&str> = said
        .lines()
        .filter(|line| line.contains(given_up))
        .collect();
    let clear = lines.len() == 1
        && lines[0].contains(&installed(RUNNER))
        && lines[0].contains("install hospes-agent again");
    ensure!(clear, "{said}");
    ensure!(guest.written(RAN).is_empty(), "a script has run");
    Ok(())
}
