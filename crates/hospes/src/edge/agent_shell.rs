//! A guest shell over the agent channel: guest-exec, then guest-exec-status until it has ended.

use std::time::Duration;

use async_trait::async_trait;
use conditions::Via;
use lifecycle::ports::{ChannelError, GuestShell, Output, Privilege, ShellError};
use qga::commands::{Exec, ExecEnd, ExecStarted, ExecStatus, WrongShape, exec_status};
use tokio::time::{Instant, sleep, timeout};

use super::Agent;

/// Runs scripts through an agent. The agent runs as root, so every script does.
pub(crate) struct AgentShell<'a>(pub(crate) &'a Agent);

#[async_trait]
impl GuestShell for AgentShell<'_> {
    fn via(&self) -> Via {
        Via::Channel
    }

    async fn run(
        &self,
        script: &str,
        _privilege: Privilege,
        limit: usize,
        deadline: Duration,
    ) -> Result<Output, ShellError> {
        timeout(deadline, self.run_to_end(script, limit))
            .await
            .unwrap_or(Err(ShellError::TimedOut {
                phase: "command through the agent",
                after: deadline,
            }))
    }
}

impl AgentShell<'_> {
    async fn run_to_end(&self, script: &str, limit: usize) -> Result<Output, ShellError> {
        let exec = Exec {
            path: "/bin/sh".to_owned(),
            arguments: vec!["-s".to_owned()],
            environment: None,
            input: script.as_bytes().to_vec(),
        };
        let started = self.0.send(exec.command()).await.map_err(shell_error)?;
        let pid = ExecStarted::from_result(started).map_err(broken)?.pid;
        let begun = Instant::now();
        loop {
            let status = self.0.send(exec_status(pid)).await.map_err(shell_error)?;
            match ExecStatus::from_result(status).map_err(broken)? {
                ExecStatus::Exited {
                    end,
                    stdout,
                    stderr,
                    truncated,
                } => {
                    return Ok(output(end, stdout, stderr, truncated, limit));
                }
                // A short command is over at once; a long one need not be asked for so often.
                ExecStatus::Running => {
                    sleep((begun.elapsed() / 4).clamp(POLL_MIN, POLL_MAX)).await;
                }
            }
        }
    }
}

const POLL_MIN: Duration = Duration::from_millis(20);
const POLL_MAX: Duration = Duration::from_millis(500);

fn output(
    end: ExecEnd,
    mut stdout: Vec<u8>,
    mut stderr: Vec<u8>,
    truncated: bool,
    limit: usize,
) -> Output {
    let truncated = truncated || stdout.len() > limit || stderr.len() > limit;
    stdout.truncate(limit);
    stderr.truncate(limit);
    let status = match end {
        ExecEnd::Code(code) => i32::try_from(code).unwrap_or(-1),
        ExecEnd::Signal(signal) => i32::try_from(signal.saturating_add(128)).unwrap_or(-1),
        ExecEnd::Unknown => -1,
    };
    Output {
        status,
        stdout,
        stderr,
        truncated,
    }
}

fn broken(error: WrongShape) -> ShellError {
    ShellError::Broken(error.to_string())
}

fn shell_error(error: ChannelError) -> ShellError {
    match error {
        ChannelError::Agent { .. } => {
            ShellError::NotAllowed(format!("the agent may not run commands: {error}"))
        }
        ChannelError::TimedOut { after, .. } => ShellError::TimedOut {
            phase: "answer of the agent",
            after,
        },
        ChannelError::Closed { .. } | ChannelError::Garbage { .. } => {
            ShellError::Broken(error.to_string())
        }
        ChannelError::NoSocket(_) | ChannelError::NotConfigured(_) | ChannelError::Held(_) => {
            ShellError::Unreachable(error.to_string())
        }
    }
}
