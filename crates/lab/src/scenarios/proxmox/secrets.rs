//! Secrets stay where they are.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use super::home::Home;
use crate::proxmox::Fault;
use crate::scenario::Context;

/// Commands that print as much as there is to print.
const COMMANDS: [&[&str]; 5] = [
    &["guests", "-vv"],
    &["check", "web", "--evidence", "-vv"],
    &["check", "web", "--json", "-vv"],
    &["shutdown", "db-102", "-vv"],
    &["runs", "show", "r1", "--json"],
];

/// What commands print, arguments of processes and everything below the state directory hold
/// neither the token's secret nor a ticket's password.
pub(in crate::scenarios) async fn never_told(context: Context) -> Result<()> {
    let mut home = Home::start(&context).await?;
    let secret = std::fs::read_to_string(home.proxmox.token_file())?;
    let mut told = told(&context, secret.trim()).await?;
    context.step("the same with a ticket");
    let token = format!("token-id = {:?}", home.proxmox.token_id());
    let token_file = format!("token-file = {:?}", home.proxmox.token_file());
    let text = std::fs::read_to_string(context.config_path())?
        .replace(&token, &format!("user = {:?}", home.proxmox.user()))
        .replace(
            &token_file,
            &format!("password-file = {:?}", home.proxmox.password_file()),
        );
    context.configure_with(&text)?;
    let password = std::fs::read_to_string(home.proxmox.password_file())?;
    told += self::told(&context, password.trim()).await?;
    context.step("and when something goes wrong");
    home.proxmox
        .fault(Fault::TokenWithout("VM.Audit".to_owned()))?;
    told += self::told(&context, password.trim()).await?;
    ensure!(told > 10_000, "the commands printed next to nothing");
    nowhere_below(context.dir(), secret.trim(), &home.proxmox.token_file())?;
    nowhere_below(
        context.dir(),
        password.trim(),
        &home.proxmox.password_file(),
    )
}

/// Runs the commands; how much they said.
async fn told(context: &Context, secret: &str) -> Result<usize> {
    let mut told = 0;
    for arguments in COMMANDS {
        let process = context.start_hospes(arguments)?;
        let pid = process.pid()?.as_raw_nonzero();
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        ensure!(!holds(&line, secret), "the secret is an argument");
        let run = process.wait().await?;
        let said = [run.stdout, run.stderr].concat();
        ensure!(
            !said.contains(secret),
            "`hospes {}` tells",
            arguments.join(" ")
        );
        told += said.len();
    }
    Ok(told)
}

/// Fails if a file below `directory` other than `its_own` holds the secret.
fn nowhere_below(directory: &Path, secret: &str, its_own: &Path) -> Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            nowhere_below(&path, secret, its_own)?;
        } else if path.is_file() && path != its_own && !path.ends_with("disk.qcow2") {
            let bytes = std::fs::read(&path).with_context(|| path.display().to_string())?;
            ensure!(
                !holds(&bytes, secret),
                "{} holds the secret",
                path.display()
            );
        }
    }
    Ok(())
}

fn holds(bytes: &[u8], secret: &str) -> bool {
    bytes
        .windows(secret.len())
        .any(|part| part == secret.as_bytes())
}
