//! A healthy guest: the six conditions hold, and a restart goes through and is proved.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::scenario::Context;
use crate::vm::VmSpec;

pub(super) async fn check(context: Context) -> Result<()> {
    let vm = context.vm(VmSpec::new("web")).await?;
    context.configure(&[&vm])?;
    let run = context
        .hospes(&["check", "web", "--json"])
        .await?
        .expect_exit(0)?;
    let document = run.json()?;
    let verdicts = document["guests"][0]["verdicts"]
        .as_array()
        .context("verdicts")?;
    ensure!(verdicts.len() == 6, "{} verdicts", verdicts.len());
    for verdict in verdicts {
        ensure!(verdict["state"] == "healthy", "not healthy: {verdict}");
        let evidence = verdict["evidence"].as_array().context("evidence")?;
        ensure!(!evidence.is_empty(), "healthy without evidence: {verdict}");
    }
    Ok(())
}

pub(super) async fn restart(context: Context) -> Result<()> {
    let vm = context.vm(VmSpec::new("web")).await?;
    context.configure(&[&vm])?;
    let before = boot_id(
        &vm.ssh("cat /proc/sys/kernel/random/boot_id")
            .await?
            .success()?,
    );
    let old_process = vm.pid();
    let run = context
        .hospes(&["restart", "web", "--json"])
        .await?
        .expect_exit(0)?;
    let outcome = run.json()?["guests"][0]["outcome"].clone();
    ensure!(outcome["outcome"] == "restarted", "{outcome}");
    let after = boot_id(
        &vm.ssh("cat /proc/sys/kernel/random/boot_id")
            .await?
            .success()?,
    );
    ensure!(before != after, "the boot id is the same");
    ensure!(text(&outcome["proof"]["old"]) == before, "{outcome}");
    ensure!(text(&outcome["proof"]["new"]) == after, "{outcome}");
    ensure!(vm.pid() != old_process, "QEMU is the same process");
    Ok(())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn boot_id(printed: &str) -> String {
    printed.trim().to_owned()
}
