//! The peer that is on most machines: one OpenSSH client a guest.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::task::JoinSet;

use super::endpoints::{USER, boot_id};
use super::fleet::{Fleet, Guest};
use super::report::{Figure, Table};

const GUESTS: usize = 100;
const AT_ONCE: usize = 50;
const ROUNDS: usize = 3;

/// Runs the readiness script on each guest, if there is an `ssh`.
pub(super) async fn measure(fleet: &Fleet, table: &mut Table) -> Result<()> {
    let what = format!("OpenSSH client, {GUESTS} guests, {AT_ONCE} at once");
    if !is_installed().await {
        table.say(&what, "not installed");
        return Ok(());
    }
    let mut times = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        ask_all(fleet).await?;
        times.push(begun.elapsed());
    }
    table.tell(&what, &Figure::seconds(times));
    Ok(())
}

async fn is_installed() -> bool {
    let mut command = Command::new("ssh");
    command
        .arg("-V")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().await.is_ok_and(|status| status.success())
}

async fn ask_all(fleet: &Fleet) -> Result<()> {
    let mut running = JoinSet::new();
    for (index, guest) in fleet.guests(GUESTS).iter().enumerate() {
        if running.len() == AT_ONCE
            && let Some(ended) = running.join_next().await
        {
            ended.context("a task ended early")??;
        }
        let command = client(fleet, guest);
        running.spawn(ask(command, boot_id(index)));
    }
    while let Some(ended) = running.join_next().await {
        ended.context("a task ended early")??;
    }
    Ok(())
}

async fn ask(mut command: Command, boot_id: String) -> Result<()> {
    let mut client = command.spawn().context("cannot run ssh")?;
    let mut script = client.stdin.take().context("a pipe was asked for")?;
    script
        .write_all(lifecycle::READINESS_SCRIPT.as_bytes())
        .await
        .context("cannot write to ssh")?;
    drop(script);
    let ended = tokio::time::timeout(Duration::from_secs(60), client.wait_with_output()).await;
    let output = ended
        .context("ssh did not end")?
        .context("cannot wait for ssh")?;
    ensure!(
        output.status.success() && output.stdout.starts_with(boot_id.as_bytes()),
        "ssh failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

fn client(fleet: &Fleet, guest: &Guest) -> Command {
    let option = |name: &str, path: &Path| format!("{name}={}", path.display());
    let mut command = Command::new("ssh");
    command
        .args([
            "-F",
            "none",
            "-T",
            "-o",
            "BatchMode=yes",
            "-o",
            "IdentitiesOnly=yes",
        ])
        .args(["-o", &option("UserKnownHostsFile", &fleet.known_hosts())])
        .args(["-o", &option("IdentityFile", &fleet.identity())])
        .args([
            "-l",
            USER,
            "-p",
            &guest.port.to_string(),
            &guest.host,
            "/bin/sh -s",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}
