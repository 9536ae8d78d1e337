//! Ansible over the guests of a fleet, as its documentation says for many hosts: forks, pipelining
//! and persistent connections, and no facts.

use std::fmt::Write as _;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tokio::process::Command;
use tokio::time::timeout;

use super::endpoints::host_name;
use super::fleet::Fleet;
use crate::python::Python;

const ENDS_WITHIN: Duration = Duration::from_secs(300);

/// Whom it works on, and how.
pub(super) struct Ansible<'a> {
    pub(super) python: &'a Python,
    pub(super) fleet: &'a Fleet,
    pub(super) guests: Range<usize>,
    /// Python of the guests.
    pub(super) interpreter: &'a Path,
    pub(super) forks: usize,
}

impl Ansible<'_> {
    /// `ansible` over these guests, which lacks its module. What it writes goes to `dir`: connections
    /// that an earlier run left open are not found in another one.
    pub(super) fn command(&self, dir: &Path) -> Result<Command> {
        let inventory = self.inventory(dir)?;
        let mut command = self.python.program("ansible");
        command
            .arg("all")
            .arg("-i")
            .arg(inventory)
            .args(["-f", &self.forks.to_string()])
            .envs([
                ("ANSIBLE_PIPELINING", "1"),
                ("ANSIBLE_SSH_COMMON_ARGS", &ssh(self.fleet)),
            ])
            .env("ANSIBLE_SSH_CONTROL_PATH_DIR", dir);
        Ok(command)
    }

    fn inventory(&self, dir: &Path) -> Result<PathBuf> {
        let mut text = String::new();
        let guests = self.fleet.guests(self.guests.end);
        for (index, guest) in guests.iter().enumerate().skip(self.guests.start) {
            let (name, host, port) = (host_name(index), &guest.host, guest.port);
            writeln!(text, "{name} ansible_host={host} ansible_port={port}")?;
        }
        let (identity, user) = (self.fleet.identity(), self.fleet.user());
        write!(
            text,
            "\n[all:vars]\nansible_user={user}\nansible_ssh_private_key_file={}\n\
             ansible_python_interpreter={}\n",
            identity.display(),
            self.interpreter.display()
        )?;
        let path = dir.join("inventory");
        std::fs::write(&path, text).context("cannot write an inventory")?;
        Ok(path)
    }
}

/// Nothing of the user's own configuration.
fn ssh(fleet: &Fleet) -> String {
    let known_hosts = fleet.known_hosts();
    let known_hosts = known_hosts.display();
    format!("-F none -o IdentitiesOnly=yes -o UserKnownHostsFile={known_hosts}")
}

/// Runs it, or whom it is compared with, to its end; what it printed.
pub(super) async fn run(command: &mut Command) -> Result<String> {
    let program = command.as_std().get_program();
    let program = program.to_string_lossy().into_owned();
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let ended = timeout(ENDS_WITHIN, command.output()).await;
    let Ok(ended) = ended else {
        bail!("{program} did not end within {} s", ENDS_WITHIN.as_secs());
    };
    let output = ended.with_context(|| format!("cannot run {program}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (printed, complaints) = (text(&output.stdout), text(&output.stderr));
    ensure!(
        output.status.success(),
        "{program} failed: {}{}",
        printed.chars().take(1000).collect::<String>(),
        complaints.chars().take(1000).collect::<String>()
    );
    Ok(printed)
}
