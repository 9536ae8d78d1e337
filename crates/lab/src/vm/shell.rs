//! SSH to the guest with OpenSSH's client: the lab's own way in, independent of the product's.

use std::io::ErrorKind;
use std::net::Ipv4Addr;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::process::Command;

use super::machine::Vm;
use crate::command::not_started;

/// A script in the guest: longer means that something hangs.
const SCRIPT_DEADLINE: Duration = Duration::from_secs(180);

/// What a script run through SSH came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// The exit code; OpenSSH itself uses 255.
    pub code: Option<i32>,
    /// Standard output, invalid UTF-8 replaced.
    pub stdout: String,
    /// Standard error, invalid UTF-8 replaced.
    pub stderr: String,
}

impl Output {
    /// Standard output without the last newline, if the script succeeded.
    ///
    /// # Errors
    /// The script failed.
    pub fn success(self) -> Result<String> {
        if self.code != Some(0) {
            bail!(
                "a script in the guest failed ({:?}): {}{}",
                self.code,
                self.stdout,
                self.stderr
            );
        }
        Ok(self.stdout.trim_end().to_owned())
    }
}

impl Vm {
    /// Runs a shell script in the guest as root.
    ///
    /// # Errors
    /// OpenSSH's client is missing, or the script takes longer than three minutes.
    pub async fn ssh(&self, script: &str) -> Result<Output> {
        self.ssh_as("root", script).await
    }

    /// Runs a shell script in the guest as `user`: `root`, `operator` (may `sudo`) or `plain` (may not).
    ///
    /// # Errors
    /// As for [`Vm::ssh`].
    pub async fn ssh_as(&self, user: &str, script: &str) -> Result<Output> {
        let mut ssh = Command::new("ssh");
        ssh.args([
            "-F",
            "none",
            "-p",
            &self.ssh_port().to_string(),
            "-l",
            user,
            "-i",
        ])
        .arg(self.key_path())
        .args([
            "-o",
            "BatchMode=yes",
            "-o",
            "IdentitiesOnly=yes",
            "-o",
            "IdentityAgent=none",
        ])
        .args([
            "-o",
            "StrictHostKeyChecking=no",
            "-o",
            "UserKnownHostsFile=/dev/null",
        ])
        .args([
            "-o",
            "LogLevel=ERROR",
            "-o",
            "ConnectTimeout=60",
            "-o",
            "ControlMaster=no",
        ])
        .args(["127.0.0.1", "--", script])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
        let child = ssh.spawn().with_context(|| not_started("ssh"))?;
        let output = tokio::time::timeout(SCRIPT_DEADLINE, child.wait_with_output()).await;
        let output = output.with_context(|| {
            format!(
                "SSH to `{}` took longer than {SCRIPT_DEADLINE:?}",
                self.name()
            )
        })??;
        Ok(Output {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// Waits until a command runs through SSH.
    ///
    /// # Errors
    /// None does within `deadline`, or the machine ended.
    pub async fn wait_for_ssh(&self, deadline: Duration) -> Result<()> {
        let end = Instant::now() + deadline;
        while Instant::now() < end {
            self.fail_if_lost("SSH").await?;
            if greets(self.ssh_port()).await && self.ssh("true").await?.code == Some(0) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        bail!(
            "SSH to `{}` not ready within {deadline:?}\n{}",
            self.name(),
            self.log_tail()
        )
    }
}

/// Whether sshd greets on a port. QEMU accepts for a guest that does not listen yet: only the greeting counts.
async fn greets(port: u16) -> bool {
    let greeting = async {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
        let mut start = [0; 4];
        stream.read_exact(&mut start).await?;
        if &start == b"SSH-" {
            Ok(())
        } else {
            Err(std::io::Error::from(ErrorKind::InvalidData))
        }
    };
    tokio::time::timeout(Duration::from_secs(10), greeting)
        .await
        .is_ok_and(|result| result.is_ok())
}
