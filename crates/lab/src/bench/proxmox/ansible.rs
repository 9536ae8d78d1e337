//! The same question asked by Ansible, as its documentation says for many hosts: forks, pipelining
//! and persistent connections, and no facts.

use std::fmt::Write as _;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::timeout;

use crate::bench::endpoints::{BOOT_ID_COMMAND, USER, boot_id, host_name};
use crate::bench::fleet::Fleet;
use crate::python::Python;

pub(super) const FORKS: usize = 50;

const ENDS_WITHIN: Duration = Duration::from_secs(300);

/// How Ansible asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Module {
    /// The command itself goes through SSH, and a guest needs nothing for it.
    Raw,
    /// A program in Python goes through SSH.
    Command,
}

impl Module {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Command => "command",
        }
    }
}

/// Asks the boot ids of `guests` and returns how long that took.
pub(super) async fn ask(
    python: &Python,
    fleet: &Fleet,
    guests: &Range<usize>,
    module: Module,
) -> Result<Duration> {
    // Connections that an earlier run left open are not found here.
    let dir = TempDir::new().context("cannot create a directory")?;
    let inventory = inventory(python, fleet, guests, dir.path())?;
    let mut command = python.program("ansible");
    command
        .arg("all")
        .arg("-i")
        .arg(&inventory)
        .args(["-f", &FORKS.to_string()])
        .args(["-m", module.name(), "-a", BOOT_ID_COMMAND])
        .envs([
            ("ANSIBLE_PIPELINING", "1"),
            ("ANSIBLE_SSH_COMMON_ARGS", &ssh(fleet)),
        ])
        .env("ANSIBLE_SSH_CONTROL_PATH_DIR", dir.path());
    let begun = Instant::now();
    let printed = run(&mut command).await?;
    let took = begun.elapsed();
    answered(&printed, guests, module)?;
    Ok(took)
}

fn inventory(python: &Python, fleet: &Fleet, guests: &Range<usize>, dir: &Path) -> Result<PathBuf> {
    let interpreter = python.python();
    let interpreter = interpreter.as_std().get_program().to_string_lossy();
    let mut text = String::new();
    for (index, guest) in fleet
        .guests(guests.end)
        .iter()
        .enumerate()
        .skip(guests.start)
    {
        let (name, host, port) = (host_name(index), &guest.host, guest.port);
        writeln!(text, "{name} ansible_host={host} ansible_port={port}")?;
    }
    let identity = fleet.identity();
    write!(
        text,
        "\n[all:vars]\nansible_user={USER}\nansible_ssh_private_key_file={}\n\
         ansible_python_interpreter={interpreter}\n",
        identity.display()
    )?;
    let path = dir.join("inventory");
    std::fs::write(&path, text).context("cannot write an inventory")?;
    Ok(path)
}

/// Nothing of the user's own configuration.
fn ssh(fleet: &Fleet) -> String {
    let known_hosts = fleet.known_hosts();
    let known_hosts = known_hosts.display();
    format!("-F none -o IdentitiesOnly=yes -o UserKnownHostsFile={known_hosts}")
}

async fn run(command: &mut Command) -> Result<String> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let ended = timeout(ENDS_WITHIN, command.output()).await;
    let Ok(ended) = ended else {
        bail!("Ansible did not end within {} s", ENDS_WITHIN.as_secs());
    };
    let output = ended.context("cannot run Ansible")?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (printed, complaints) = (text(&output.stdout), text(&output.stderr));
    ensure!(
        output.status.success(),
        "Ansible failed: {}{}",
        printed.chars().take(1000).collect::<String>(),
        complaints.chars().take(1000).collect::<String>()
    );
    Ok(printed)
}

/// Every guest has answered; with its own boot id where it needs no Python of this machine.
fn answered(printed: &str, guests: &Range<usize>, module: Module) -> Result<()> {
    let answered = printed
        .lines()
        .filter(|line| line.contains("| CHANGED | rc=0"));
    let answered = answered.count();
    ensure!(
        answered == guests.len(),
        "{answered} of {} guests answered",
        guests.len()
    );
    let is_told = |index: usize| printed.contains(&boot_id(index));
    ensure!(
        module == Module::Command || guests.clone().all(is_told),
        "Ansible does not tell every boot id"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_guest_must_have_answered() {
        let of = |index: usize| {
            format!(
                "{} | CHANGED | rc=0 >>\n{}\n",
                host_name(index),
                boot_id(index)
            )
        };
        let both = of(0) + &of(1);
        assert!(answered(&both, &(0..2), Module::Raw).is_ok());
        assert!(answered(&both, &(0..3), Module::Raw).is_err());
        assert!(answered(&(of(0) + &of(2)), &(0..2), Module::Raw).is_err());
        assert!(answered(&(of(0) + &of(2)), &(0..2), Module::Command).is_ok());
    }
}
