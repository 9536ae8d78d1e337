//! The agent as services of Windows.

use anyhow::{Result, ensure};
use metadata::stop::ReportOutcome;

use super::stops::{GO, KEY, RAN, WAITS, expect};
use crate::windows::Site;
use crate::windows::site::{AGENT, Guest, RUNNER, until};

/// Installed, started, at work, stopped in the middle of that, removed; each twice.
pub(super) async fn installed_and_removed(site: Site) -> Result<()> {
    let guest = site.guest().await?;
    guest.host.set(KEY, WAITS).await?;
    site.step("installing");
    service(&guest, "install --dry-run", 0).await?;
    service(&guest, "start", 1).await?;
    service(&guest, "install", 0).await?;
    service(&guest, "install", 0).await?;
    expect_agents(&guest, 0).await?;
    site.step("starting");
    service(&guest, "start", 0).await?;
    service(&guest, "start", 0).await?;
    expect_agents(&guest, 2).await?;
    guest.host.watched().await?;
    stopped_at_work(&site, &guest).await?;
    site.step("removing");
    service(&guest, "start", 0).await?;
    service(&guest, "uninstall --dry-run", 0).await?;
    expect_agents(&guest, 2).await?;
    service(&guest, "uninstall", 0).await?;
    service(&guest, "uninstall", 0).await?;
    expect_agents(&guest, 0).await?;
    service(&guest, "start", 1).await
}

/// The end of the services ends no script.
async fn stopped_at_work(site: &Site, guest: &Guest) -> Result<()> {
    site.step("a stop");
    guest.host.announce("first").await?;
    guest.until_written(RAN, "begins").await?;
    guest.until_logged(&format!("{KEY}: begins")).await?;
    site.step("stopping the services while the script runs");
    service(guest, "stop", 0).await?;
    service(guest, "stop", 0).await?;
    expect_agents(guest, 0).await?;
    let runners = guest.wine.processes(RUNNER).len();
    ensure!(runners == 1, "{runners} runners");
    std::fs::write(guest.wine.path(GO), "")?;
    let report = guest.host.reported("first").await?;
    expect(&report, ReportOutcome::Done, None)?;
    let ran = guest.written(RAN);
    ensure!(ran == "begins\nends\n", "{ran}");
    guest.host.withdraw().await
}

async fn service(guest: &Guest, arguments: &str, code: i32) -> Result<()> {
    let words = std::iter::once("service").chain(arguments.split(' '));
    let words: Vec<&str> = words.collect();
    guest.run(AGENT, &words).await?.expect(code)?;
    Ok(())
}

/// Waits until so many of the agent's processes run.
async fn expect_agents(guest: &Guest, count: usize) -> Result<()> {
    until(format!("not {count} processes of the agent"), async || {
        let running = guest.wine.processes(AGENT).len();
        Ok((running == count).then_some(()))
    })
    .await
}
