//! A campaign over two guests in two waves, and a third guest on hold.

use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::time::{Instant, sleep};

use super::super::evidence::Boot;
use super::guest::Guest;
use super::program::{in_dpkg, until};
use crate::scenario::{Context, HospesProcess, HospesRun};
use crate::vm::{VmSpec, hospes_toml};

/// `held` is a machine that does not exist: whoever touches it fails.
const HELD: &str = "\n[guest.held]\nqmp = \"nowhere/qmp.sock\"\nagent = \"nowhere/agent.sock\"\n\
    [guest.held.ssh]\nhost = \"127.0.0.1\"\nport = 9\nuser = \"root\"\n";

const PLAN: &str = "name = \"weekly\"\n[group.web]\nguests = [\"web1\", \"web2\"]\n\
    wave = [{ name = \"canary\", size = 1 }, { name = \"rest\" }]\n\
    [group.audited]\nguests = [\"held\"]\n[[hold]]\nmember = \"held\"\nreason = \"an audit\"\n";

const WAITING_PLAN: &str = "name = \"later\"\n[group.web]\nguests = [\"web1\", \"web2\"]\n\
    wave = [{ name = \"canary\", approval = \"go\" }]\n";

const PACKAGES: &[&str] = &["lab-tool", "lab-slow"];
const WORD: Duration = Duration::from_secs(120);
/// A campaign hears a word within a second; nobody is begun this long after.
const HEARD: Duration = Duration::from_secs(5);

pub(super) async fn in_waves(context: Context) -> Result<()> {
    let first = Guest::boot(&context, VmSpec::new("web1"), PACKAGES).await?;
    let second = Guest::boot(&context, VmSpec::new("web2").fresh(), PACKAGES).await?;
    for guest in [&first, &second] {
        guest.updates.publish_newer().await?;
    }
    context.configure_with(&(hospes_toml(&[&first.vm, &second.vm]) + HELD))?;
    for guest in ["web1", "web2"] {
        context.hospes(&["trust", guest]).await?.expect_exit(0)?;
    }
    planned(&context, PLAN).await?.expect_text("an audit")?;
    let campaign = paused(&context, &first, &second).await?;
    context
        .hospes(&["patch", "resume", "c1"])
        .await?
        .expect_exit(0)?;
    campaign.wait().await?.expect_exit(0)?;
    for guest in [&first, &second] {
        ensure!(guest.version("lab-slow").await? == "2.0", "not patched");
    }
    reported(&context).await?;
    moved(&context).await?;
    aborted(&context, &first, &second).await
}

/// Makes a plan document of `file`.
async fn planned(context: &Context, file: &str) -> Result<HospesRun> {
    std::fs::write(context.dir().join("plan.toml"), file)?;
    let words = ["patch", "plan", "--file", "plan.toml", "--out", "plan.json"];
    context.hospes(&words).await?.expect_exit(0)
}

/// Paused while the first wave is in dpkg: that wave ends, and nobody of the second one is begun.
async fn paused(context: &Context, first: &Guest, second: &Guest) -> Result<HospesProcess> {
    let campaign = in_dpkg(context, first, &["--plan", "plan.json"]).await?;
    context
        .hospes(&["patch", "pause", "c1"])
        .await?
        .expect_exit(0)?;
    until(
        first,
        "[ \"$(dpkg-query -W -f '${db:Status-Status}' lab-slow)\" = installed ]",
    )
    .await?;
    until_done(context, 1).await?;
    sleep(HEARD).await;
    let begun = second.version("lab-tool").await?;
    ensure!(begun == "1.0", "begun in a pause: {begun}");
    let status = context.hospes(&["patch", "status", "c1"]).await?;
    status.expect_exit(0)?.expect_text("paused")?;
    Ok(campaign)
}

/// Waits until so many members of the campaign are done.
async fn until_done(context: &Context, count: u64) -> Result<()> {
    let end = Instant::now() + WORD;
    loop {
        let status = context.hospes(&["patch", "status", "c1", "--json"]).await?;
        let counts = status.expect_exit(0)?.json()?["counts"].clone();
        if counts["done"].as_u64() == Some(count) {
            return Ok(());
        }
        ensure!(Instant::now() < end, "not done: {counts}");
        sleep(Duration::from_secs(1)).await;
    }
}

/// The report tells everybody, in each form.
async fn reported(context: &Context) -> Result<()> {
    for form in ["markdown", "html", "json"] {
        let report = context
            .hospes(&["patch", "report", "c1", "--format", form])
            .await?;
        let report = report.expect_exit(0)?;
        for words in [
            "web1", "web2", "held", "an audit", "canary", "lab-tool", "lab-slow",
        ] {
            report.expect_text(words)?;
        }
        if form == "json" {
            let schema = report.json()?["schema"].clone();
            ensure!(schema == "hospes.patch-report/1", "{schema}");
        }
    }
    Ok(())
}

/// A document of a fleet that has changed since is refused.
async fn moved(context: &Context) -> Result<()> {
    planned(context, PLAN).await?;
    let known = std::fs::read_to_string(context.config_path())?;
    context.configure_with(&known.replace("[guest.held", "[guest.other"))?;
    let apply = context
        .hospes(&["patch", "apply", "--plan", "plan.json"])
        .await?;
    apply.expect_exit(3)?.expect_text("held")?;
    context.configure_with(&known)
}

/// Aborted while it waits for approval: nobody is begun.
async fn aborted(context: &Context, first: &Guest, second: &Guest) -> Result<()> {
    let boots = (Boot::of(&first.vm).await?, Boot::of(&second.vm).await?);
    planned(context, WAITING_PLAN).await?;
    let mut campaign = context.start_hospes(&["patch", "apply", "--plan", "plan.json"])?;
    campaign.wait_for_line("hospes patch approve", WORD).await?;
    let status = context.hospes(&["patch", "status", "c2"]).await?;
    status.expect_exit(0)?.expect_text("`go`")?;
    let words = ["patch", "abort", "c2", "--reason", "not today"];
    context.hospes(&words).await?.expect_exit(0)?;
    campaign
        .wait()
        .await?
        .expect_exit(1)?
        .expect_text("not today")?;
    boots.0.goes_on(&first.vm).await?;
    boots.1.goes_on(&second.vm).await
}
