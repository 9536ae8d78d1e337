//! The guest shell over SSH.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use conditions::Via;
use lifecycle::ports::{GuestShell, Output, Privilege, ShellError};
use russh::Channel;
use russh::client::Msg;
use tokio::sync::Mutex;

use crate::budget::Budget;
use crate::command::{self, CommandError};
use crate::connection::Connection;
use crate::dial::CONNECT;
use crate::host_key::HostKeyJudge;
use crate::sudo;
use crate::target::Target;
use crate::transport::protocol_reason;

const COMMAND: &str = "command";

/// How long a kept connection may take to open a channel before it counts as dead. A guest that
/// was reset or restored from a snapshot leaves connections that swallow everything.
const STALE: Duration = Duration::from_secs(5);

/// Runs scripts in one guest, over one connection that is opened when it is first needed, kept,
/// and opened again after it broke. Dropping the shell closes it.
pub struct SshShell {
    target: Target,
    judge: Arc<dyn HostKeyJudge>,
    kept: Mutex<Option<Arc<Connection>>>,
}

impl SshShell {
    /// A shell at `target`. Nothing is sent before the first script.
    #[must_use]
    pub fn new(target: Target, judge: Arc<dyn HostKeyJudge>) -> Self {
        Self {
            target,
            judge,
            kept: Mutex::new(None),
        }
    }

    /// Where it leads.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Closes the connection; the next script opens a new one. Scripts that run keep theirs
    /// until they end.
    pub async fn disconnect(&self) {
        let kept = self.kept.lock().await.take();
        if let Some(connection) = kept.and_then(Arc::into_inner) {
            connection.close().await;
        }
    }

    /// A channel on the kept connection, or on a new one.
    async fn channel(&self, budget: Budget) -> Result<(Arc<Connection>, Channel<Msg>), ShellError> {
        let mut kept = budget.wait(CONNECT, self.kept.lock()).await?;
        if let Some(connection) = kept.take() {
            let patience = budget.at_most(STALE.min(budget.left() / 2));
            match patience.wait(COMMAND, connection.session()).await {
                Ok(Ok(channel)) => {
                    *kept = Some(Arc::clone(&connection));
                    return Ok((connection, channel));
                }
                Ok(Err(error)) if !connection.is_closed() => {
                    *kept = Some(connection);
                    return Err(self.no_session(&error));
                }
                // No command was sent on it: asking again cannot do anything twice.
                _ => tracing::debug!(host = self.target.host, "kept connection is dead"),
            }
        }
        let connection = Connection::open(&self.target, self.judge.as_ref(), budget).await?;
        let connection = Arc::new(connection);
        let opened = budget.wait(COMMAND, connection.session()).await?;
        let channel = opened.map_err(|error| self.no_session(&error))?;
        *kept = Some(Arc::clone(&connection));
        Ok((connection, channel))
    }

    /// Gives up a connection that failed, unless another took its place already.
    async fn give_up(&self, connection: &Arc<Connection>) {
        let mut kept = self.kept.lock().await;
        if kept
            .as_ref()
            .is_some_and(|current| Arc::ptr_eq(current, connection))
        {
            *kept = None;
        }
    }

    fn no_session(&self, error: &russh::Error) -> ShellError {
        match error {
            russh::Error::ChannelOpenFailure(_) => ShellError::NotAllowed(format!(
                "{} opens no session for {}: {} (sshd_config: MaxSessions)",
                self.target.host,
                self.target.user,
                protocol_reason(error)
            )),
            _ => ShellError::Unreachable(format!(
                "{} closed the connection after the login: {}",
                self.target.host,
                protocol_reason(error)
            )),
        }
    }

    fn no_command(&self, connection: &Connection, error: &CommandError) -> ShellError {
        match error {
            CommandError::Refused => ShellError::NotAllowed(format!(
                "{} runs no commands for {}",
                self.target.host, self.target.user
            )),
            CommandError::Ended if connection.is_closed() => {
                ShellError::Broken(connection.ending())
            }
            CommandError::Ended => ShellError::Broken("it ended without an exit status".to_owned()),
        }
    }
}

#[async_trait]
impl GuestShell for SshShell {
    fn via(&self) -> Via {
        Via::Ssh
    }

    /// A script that is given up (deadline, too much output, dropped future) is not killed: it
    /// may still run in the guest until it next prints.
    async fn run(
        &self,
        script: &str,
        privilege: Privilege,
        limit: usize,
        deadline: Duration,
    ) -> Result<Output, ShellError> {
        let budget = Budget::of(deadline);
        let (connection, channel) = self.channel(budget).await?;
        let command = sudo::command(privilege, &self.target.user);
        let ran = budget
            .wait(COMMAND, command::run(channel, command, script, limit))
            .await;
        let output = match ran {
            Ok(Ok(output)) => output,
            Ok(Err(error)) => {
                self.give_up(&connection).await;
                return Err(self.no_command(&connection, &error));
            }
            Err(timed_out) => {
                self.give_up(&connection).await;
                return Err(timed_out);
            }
        };
        if command.starts_with("sudo")
            && let Some(refusal) = sudo::refusal(&output, &self.target.user, &self.target.host)
        {
            return Err(refusal);
        }
        Ok(output)
    }
}
