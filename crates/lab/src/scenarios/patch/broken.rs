//! Packages that cannot be configured, work of dpkg that was interrupted, a kernel that does not come.

use anyhow::{Result, ensure};

use super::super::evidence::Boot;
use super::guest::Guest;
use super::program::{apply, until};
use crate::scenario::Context;

/// An upgrade by hand that dies in the middle: dpkg, apt and the package's script are killed.
const DIE: &str = "pkill -KILL -x apt-get; pkill -KILL -x dpkg; pkill -KILL -f lab-slow.[p]ostinst; sleep 1; \
    ! pgrep -x dpkg && dpkg --audit | grep lab-slow";

pub(super) async fn failing(context: Context) -> Result<()> {
    let guest = Guest::with(&context, &["lab-tool", "lab-lib", "lab-fails"]).await?;
    let boot = Boot::of(&guest.vm).await?;
    let outcome = apply(&context, &[], 1).await?;
    outcome
        .expect_ending("incomplete")?
        .expect_end_says("lab-fails")?
        .expect_end_says("post-installation script subprocess returned error exit status 1")?
        .expect_upgraded(&[
            ("lab-lib", "1.0", "2.0", true),
            ("lab-tool", "1.0", "2.0", true),
        ])?;
    let decision = outcome.seen("decision");
    ensure!(
        decision["why"] == "unsettled",
        "a reboot is owed: {decision}"
    );
    boot.goes_on(&guest.vm).await?;
    guest.updates.publish_mended().await?;
    refused(&context, "lab-fails").await?;
    let outcome = apply(&context, &["--allow-mending"], 0).await?;
    outcome.expect_ending("patched")?;
    ensure!(guest.version("lab-fails").await? == "2.1", "not mended");
    outcome.expect_rebooted(&guest.vm, boot.id()).await
}

pub(super) async fn interrupted(context: Context) -> Result<()> {
    let guest = Guest::with(&context, &["lab-tool", "lab-slow"]).await?;
    let boot = Boot::of(&guest.vm).await?;
    context.step("an upgrade by hand that dies in the middle");
    let begin = "apt-get -qq update && { setsid apt-get -qq -y install lab-slow </dev/null >/dev/null 2>&1 & }";
    guest.run(begin).await?;
    until(&guest, "[ -e /var/lib/lab-slow.configured ]").await?;
    guest.run(DIE).await?;
    refused(&context, "lab-slow").await?;
    ensure!(guest.version("lab-tool").await? == "1.0", "it was touched");
    let outcome = apply(&context, &["--allow-mending"], 0).await?;
    outcome.expect_ending("patched")?;
    ensure!(
        outcome.seen("mended") == true,
        "not told that it was mended"
    );
    let left = guest.run("dpkg --audit").await?;
    ensure!(left.is_empty(), "unsettled: {left}");
    ensure!(guest.version("lab-tool").await? == "2.0", "not upgraded");
    boot.goes_on(&guest.vm).await
}

/// The lab's guests boot the kernel that QEMU gives them: the new one never runs.
pub(super) async fn kernel(context: Context) -> Result<()> {
    let guest = Guest::with(&context, &["lab-kernel"]).await?;
    let boot = Boot::of(&guest.vm).await?;
    let outcome = apply(&context, &["--reboot", "never"], 0).await?;
    outcome.expect_ending("patched")?;
    let decision = outcome.seen("decision");
    ensure!(decision["why"] == "policy", "{decision}");
    ensure!(
        decision["reasons"][0]["reason"] == "newer-kernel",
        "{decision}"
    );
    boot.goes_on(&guest.vm).await?;
    let outcome = apply(&context, &[], 1).await?;
    outcome
        .expect_ending("incomplete")?
        .expect_end_says("still-asks-for-reboot")?
        .expect_end_says("99.0.0-1-cloud-amd64")?;
    outcome.expect_rebooted(&guest.vm, boot.id()).await
}

/// Without the permission to mend nothing is done, and the remedy is named.
async fn refused(context: &Context, package: &str) -> Result<()> {
    let outcome = apply(context, &[], 1).await?;
    outcome
        .expect_ending("refused")?
        .expect_end_says(package)?
        .expect_end_says("half-configured")?;
    Ok(())
}
