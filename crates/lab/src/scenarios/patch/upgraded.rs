//! What is to be done is done, what stays is told, and the guest reboots once.

use anyhow::{Result, ensure};
use serde_json::Value;

use super::super::evidence::Boot;
use super::super::proof::{record, text};
use super::guest::Guest;
use super::outcome::Outcome;
use super::program::{apply, latest_run, preview};
use crate::scenario::Context;

pub(super) const PACKAGES: &[&str] = &[
    "lab-tool",
    "lab-svc",
    "lab-conf",
    "lab-held",
    "lab-pinned",
    "lab-kept",
    "lab-phased",
];

/// The owner holds one package, pins another, and has a setting of their own.
const OWNER: &str = "apt-mark hold lab-held && \
    printf 'Package: lab-pinned\\nPin: version 1.0\\nPin-Priority: 1001\\n' >/etc/apt/preferences.d/lab && \
    echo 'colour = red' >/etc/lab.conf";

pub(super) async fn in_full(context: Context) -> Result<()> {
    let guest = Guest::with(&context, PACKAGES).await?;
    as_promised(&context, &guest).await?;
    nothing_left(&context, &guest).await
}

/// Patches a guest with [`PACKAGES`] and looks at everything that is promised.
pub(super) async fn as_promised(context: &Context, guest: &Guest) -> Result<Outcome> {
    guest.run(OWNER).await?;
    guest.run("apt-get -qq update").await?;
    previewed(context, guest).await?;
    let boot = Boot::of(&guest.vm).await?;
    let outcome = apply(context, &[], 0).await?;
    outcome
        .expect_ending("patched")?
        .expect_upgraded(&[
            ("lab-conf", "1.0", "2.0", false),
            ("lab-lib", "1.0", "2.0", true),
            ("lab-tool", "1.0", "2.0", true),
        ])?
        .expect_withheld(&[
            ("lab-held", "held"),
            ("lab-kept", "unmet"),
            ("lab-phased", "phased"),
            ("lab-pinned", "pinned"),
        ])?;
    outcome.expect_rebooted(&guest.vm, boot.id()).await?;
    let decision = outcome.seen("decision").to_string();
    ensure!(decision.contains("lab-lib"), "who asked: {decision}");
    settings_kept(guest, &outcome).await?;
    told(context).await?;
    Ok(outcome)
}

/// A preview says what would happen; no package, list or unit of the guest is another afterwards.
async fn previewed(context: &Context, guest: &Guest) -> Result<()> {
    const STATE: &str = "dpkg-query -W; ls -l --time-style=full-iso /var/lib/apt/lists; \
        systemctl list-units --all --plain --no-legend 'hospes-*'; ls /var/lib/hospes 2>&1; true";
    let before = guest.run(STATE).await?;
    let preview = preview(context).await?.to_string();
    let after = guest.run(STATE).await?;
    ensure!(before == after, "changed from\n{before}\nto\n{after}");
    for package in [
        "lab-tool",
        "lab-lib",
        "lab-held",
        "lab-kept",
        "lab-phased",
        "lab-pinned",
    ] {
        ensure!(preview.contains(package), "no {package}: {preview}");
    }
    Ok(())
}

/// The owner's file is in effect, and the run tells where the package's own lies.
async fn settings_kept(guest: &Guest, outcome: &Outcome) -> Result<()> {
    let settings = guest.run("cat /etc/lab.conf").await?;
    ensure!(settings == "colour = red", "the owner's file is {settings}");
    let told = outcome.seen("upgraded")["conffiles"].clone();
    let expected = Value::from("/etc/lab.conf.dpkg-dist");
    ensure!(told[0]["offered"] == expected, "told: {told}");
    ensure!(told[0]["package"] == "lab-conf", "told: {told}");
    Ok(())
}

/// The record and the report hold the evidence.
async fn told(context: &Context) -> Result<()> {
    let run = latest_run(context).await?;
    let record = record(context, &run).await?;
    ensure!(text(&record["status"]) == "done", "{record}");
    let report = context.hospes(&["patch", "report", "c1"]).await?;
    let report = report.expect_exit(0)?;
    for words in [
        "lab-tool",
        "lab-lib",
        "lab-held",
        "lab-kept",
        "lab-phased",
        "lab-pinned",
    ] {
        report.expect_text(words)?;
    }
    report.expect_text("/etc/lab.conf")
}

/// The next run has nothing to do, and reboots nobody.
pub(super) async fn nothing_left(context: &Context, guest: &Guest) -> Result<()> {
    let boot = Boot::of(&guest.vm).await?;
    let outcome = apply(context, &["--reboot", "always"], 0).await?;
    outcome.expect_ending("nothing-to-do")?;
    boot.goes_on(&guest.vm).await
}
