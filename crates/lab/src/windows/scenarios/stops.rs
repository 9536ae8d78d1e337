//! Stops that the host announces: from there to the script's lines, and back.

use std::time::Duration;

use anyhow::{Result, ensure};
use metadata::stop::{Report, ReportOutcome};

use crate::windows::site::{AGENT, Guest, logged};
use crate::windows::{Program, Site};

pub(super) const KEY: &str = "windows-graceful-shutdown-script-bat";
/// A file of C: that scripts append their words to.
pub(super) const RAN: &str = "ran";
/// A file of C: that lets a script that waits go on.
pub(super) const GO: &str = "go";

/// A script that says in the log and in a file which stop it runs for.
const SAYS: &str = "@echo off\r\necho preparing for %HOSPES_STOP_REQUEST%\r\n\
                    echo %HOSPES_STOP_REQUEST% %HOSPES_STOP_MAX_SECONDS%>>C:\\ran\r\n";

/// A script that says when it begins, waits to be let go, and says when it ends.
pub(super) const WAITS: &str = "@echo off\r\necho begins\r\necho begins>>C:\\ran\r\n:wait\r\n\
                                if exist C:\\go goto go\r\nping -n 2 127.0.0.1 >nul\r\ngoto wait\r\n\
                                :go\r\necho ends\r\necho ends>>C:\\ran\r\n";

/// The same for the stop that it runs for.
const WAITS_ITS_TURN: &str = "@echo off\r\nset stop=%HOSPES_STOP_REQUEST%\r\n\
                              echo begins %stop%>>C:\\ran\r\n:wait\r\n\
                              if exist C:\\go-%stop% goto go\r\nping -n 2 127.0.0.1 >nul\r\n\
                              goto wait\r\n:go\r\necho ends %stop%>>C:\\ran\r\n";

/// Longer than a report takes.
const A_WHILE: Duration = Duration::from_secs(5);

/// A guest whose watcher runs.
pub(super) async fn watched(guest: &Guest) -> Result<Program> {
    let watcher = guest.start(AGENT, &["metadata-watcher"])?;
    watcher
        .until_said("watching instance/shutdown-details/stop-state")
        .await?;
    guest.host.watched().await?;
    Ok(watcher)
}

/// Fails unless this is what the host learnt.
pub(super) fn expect(report: &Report, outcome: ReportOutcome, exit: Option<i64>) -> Result<()> {
    let as_expected = report.outcome == outcome && report.exit == exit;
    ensure!(
        as_expected,
        "expected {outcome:?} {exit:?}, reported: {report:?}"
    );
    Ok(())
}

/// A stop whose script succeeds, and a second one.
pub(super) async fn graceful(site: Site) -> Result<()> {
    let guest = site.guest().await?;
    guest.host.set(KEY, SAYS).await?;
    let watcher = watched(&guest).await?;
    site.step("a stop");
    guest.host.announce("first").await?;
    let report = guest.host.reported("first").await?;
    expect(&report, ReportOutcome::Done, None)?;
    for line in [
        format!("Found {KEY} in metadata."),
        format!("{KEY}: preparing for first"),
        format!("{KEY} exit status 0"),
        "Finished running graceful-shutdown scripts.".to_owned(),
    ] {
        guest.until_logged(&line).await?;
        // The runner is the watcher's child, so what it tells the event log is seen there.
        watcher.until_said(&line).await?;
    }
    let port = guest.wine.port().text();
    let first = logged(&port).next().unwrap_or_default();
    let starts = first.starts_with("Starting graceful-shutdown scripts (version ");
    ensure!(starts, "COM1: {port}");
    watcher
        .until_said("the scripts of stop first are started")
        .await?;
    site.step("cancelled, and a second stop");
    guest.host.withdraw().await?;
    watcher.until_said("no stop is pending any more").await?;
    guest.host.announce("second").await?;
    let report = guest.host.reported("second").await?;
    expect(&report, ReportOutcome::Done, None)?;
    let ran = guest.written(RAN);
    ensure!(ran == "first 600\nsecond 600\n", "{ran}");
    Ok(())
}

/// A stop whose script fails.
pub(super) async fn script_fails(site: Site) -> Result<()> {
    let guest = site.guest().await?;
    guest
        .host
        .set(KEY, "@echo off\r\necho broken\r\nexit /b 7\r\n")
        .await?;
    let watcher = watched(&guest).await?;
    site.step("a stop");
    guest.host.announce("first").await?;
    let report = guest.host.reported("first").await?;
    expect(&report, ReportOutcome::Failed, Some(7))?;
    guest.until_logged(&format!("{KEY}: broken")).await?;
    let failed = format!("Script \"{KEY}\" failed with error: exit status 7");
    guest.until_logged(&failed).await?;
    // The runner has told the host, so the watcher has nothing to add.
    ensure!(
        !watcher.said().contains("without a report"),
        "{}",
        watcher.said()
    );
    Ok(())
}

/// The watcher dies while scripts run, and after they have run; then another stop.
pub(super) async fn watcher_restarted(site: Site) -> Result<()> {
    let guest = site.guest().await?;
    guest.host.set(KEY, WAITS).await?;
    let watcher = watched(&guest).await?;
    guest.host.announce("first").await?;
    guest.until_written(RAN, "begins").await?;
    site.step("the watcher dies while the script runs");
    watcher.kill().await?;
    let watcher = watched(&guest).await?;
    let before = "stop first was taken up before in this boot";
    watcher.until_said(before).await?;
    std::fs::write(guest.wine.path(GO), "")?;
    let report = guest.host.reported("first").await?;
    expect(&report, ReportOutcome::Done, None)?;
    site.step("the watcher dies after the script has run");
    watcher.kill().await?;
    let watcher = watched(&guest).await?;
    watcher.until_said(before).await?;
    let ran = guest.written(RAN);
    ensure!(ran == "begins\nends\n", "{ran}");
    site.step("another stop");
    guest.host.announce("second").await?;
    let report = guest.host.reported("second").await?;
    expect(&report, ReportOutcome::Done, None)?;
    let ran = guest.written(RAN);
    ensure!(ran == "begins\nends\n".repeat(2), "{ran}");
    Ok(())
}

/// A stop is cancelled while its script runs, and another one comes: its scripts wait for their turn,
/// and no report comes too soon.
pub(super) async fn overlapping(site: Site) -> Result<()> {
    let guest = site.guest().await?;
    guest.host.set(KEY, WAITS_ITS_TURN).await?;
    let watcher = watched(&guest).await?;
    guest.host.announce("first").await?;
    guest.until_written(RAN, "begins first").await?;
    site.step("cancelled while its script runs, and another one");
    guest.host.withdraw().await?;
    watcher.until_said("no stop is pending any more").await?;
    guest.host.announce("second").await?;
    watcher.until_said("stop second is pending").await?;
    tokio::time::sleep(A_WHILE).await;
    std::fs::write(guest.wine.path("go-first"), "")?;
    guest.until_written(RAN, "ends first").await?;
    guest.until_written(RAN, "begins second").await?;
    tokio::time::sleep(A_WHILE).await;
    let report = guest.host.report().await?;
    let early = report.filter(|report| report.request == "second");
    ensure!(
        early.is_none(),
        "its script still runs: {early:?}\n{}",
        watcher.said()
    );
    std::fs::write(guest.wine.path("go-second"), "")?;
    let report = guest.host.reported("second").await?;
    expect(&report, ReportOutcome::Done, None)?;
    let ran = guest.written(RAN);
    let in_turn = "begins first\nends first\nbegins second\nends second\n";
    ensure!(ran == in_turn, "{ran}");
    Ok(())
}
