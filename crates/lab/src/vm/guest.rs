//! Commands in the guest through its agent.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::control;
use super::machine::Vm;

const EACH_CALL: Duration = Duration::from_secs(20);
const WHOLE_COMMAND: Duration = Duration::from_secs(120);

/// What a command that the agent ran came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecResult {
    /// The exit code; none when a signal ended it.
    pub code: Option<i64>,
    /// Standard output, invalid UTF-8 replaced.
    pub stdout: String,
    /// Standard error, invalid UTF-8 replaced.
    pub stderr: String,
}

impl Vm {
    /// Whether the agent answers a ping within `deadline`.
    pub async fn agent_pings(&self, deadline: Duration) -> bool {
        control::agent(&self.agent_path(), "guest-ping", json!({}), deadline)
            .await
            .is_ok()
    }

    /// Runs one agent command and returns its answer.
    ///
    /// # Errors
    /// The agent does not answer within 20 s, or refuses.
    pub async fn agent_command(&self, command: &str, arguments: Value) -> Result<Value> {
        self.agent_command_within(command, arguments, EACH_CALL)
            .await
    }

    /// Runs one agent command with a deadline of the caller's. What it comes to later is lost.
    ///
    /// # Errors
    /// The agent does not answer within `deadline`, or refuses.
    pub async fn agent_command_within(
        &self,
        command: &str,
        arguments: Value,
        deadline: Duration,
    ) -> Result<Value> {
        control::agent(&self.agent_path(), command, arguments, deadline).await
    }

    /// Sends bytes to the agent and goes away.
    ///
    /// # Errors
    /// QEMU's socket does not take them.
    pub async fn agent_send(&self, bytes: &[u8]) -> Result<()> {
        control::send(&self.agent_path(), bytes).await
    }

    /// Runs a shell script in the guest through the agent, as root.
    ///
    /// # Errors
    /// The agent does not answer, refuses, or the script takes longer than two minutes.
    pub async fn agent_exec(&self, script: &str) -> Result<ExecResult> {
        let arguments = json!({"path": "/bin/sh", "arg": ["-c", script], "capture-output": true});
        let started = self.agent_command("guest-exec", arguments).await?;
        let pid = started["pid"]
            .as_i64()
            .context("guest-exec returned no pid")?;
        let finished = tokio::time::timeout(WHOLE_COMMAND, self.exec_status(pid)).await;
        finished
            .with_context(|| format!("a command in the guest took longer than {WHOLE_COMMAND:?}"))?
    }

    async fn exec_status(&self, pid: i64) -> Result<ExecResult> {
        loop {
            let status = self
                .agent_command("guest-exec-status", json!({"pid": pid}))
                .await?;
            match status["exited"].as_bool() {
                Some(true) => return exec_result(&status),
                Some(false) => tokio::time::sleep(Duration::from_millis(50)).await,
                None => bail!("guest-exec-status without `exited`: {status}"),
            }
        }
    }
}

fn exec_result(status: &Value) -> Result<ExecResult> {
    Ok(ExecResult {
        code: status["exitcode"].as_i64(),
        stdout: captured(&status["out-data"])?,
        stderr: captured(&status["err-data"])?,
    })
}

fn captured(data: &Value) -> Result<String> {
    let bytes = STANDARD
        .decode(data.as_str().unwrap_or_default())
        .context("captured output is not base64")?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
