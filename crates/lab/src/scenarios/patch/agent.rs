//! The agent is never asked: its package is one of many, and its state decides nothing.

use std::time::Duration;

use anyhow::{Result, ensure};

use super::super::evidence::Boot;
use super::super::proof::record;
use super::guest::Guest;
use super::program::{apply, latest_run};
use crate::scenario::Context;

const PING: Duration = Duration::from_secs(30);

pub(super) async fn upgraded(context: Context) -> Result<()> {
    let guest = Guest::older(&context, &["lab-tool", "lab-svc"]).await?;
    let boot = Boot::of(&guest.vm).await?;
    context.step("its package is newer");
    let old = guest.version("hospes-agent").await?;
    guest.add_source(context.repository()).await?;
    let outcome = apply(&context, &[], 0).await?;
    let new = guest.version("hospes-agent").await?;
    outcome
        .expect_ending("patched")?
        .expect_upgraded(&[("hospes-agent", &old, &new, false)])?;
    told(&context, "its agent answers").await?;
    ensure!(
        guest.vm.agent_pings(PING).await,
        "the new agent does not answer"
    );
    boot.goes_on(&guest.vm).await?;
    masked(&context, &guest, &boot).await
}

async fn masked(context: &Context, guest: &Guest, boot: &Boot) -> Result<()> {
    context.step("the agent is masked");
    guest.run("systemctl mask --now qemu-guest-agent").await?;
    guest.updates.publish_newer().await?;
    let outcome = apply(context, &[], 0).await?;
    outcome.expect_ending("patched")?.expect_upgraded(&[
        ("lab-lib", "1.0", "2.0", true),
        ("lab-tool", "1.0", "2.0", true),
    ])?;
    told(context, "its agent does not answer, which changes nothing").await?;
    outcome.expect_rebooted(&guest.vm, boot.id()).await
}

/// The run's timeline tells how the agent is.
async fn told(context: &Context, words: &str) -> Result<()> {
    let record = record(context, &latest_run(context).await?).await?;
    let notes = record["notes"].to_string();
    ensure!(notes.contains(words), "`{words}` is not told: {notes}");
    Ok(())
}
