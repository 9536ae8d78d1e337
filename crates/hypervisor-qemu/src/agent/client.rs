//! Calls to one agent: each with a deadline, one at a time, on a connection that is made when it
//! is needed.

use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use lifecycle::ports::{AgentChannel, ChannelError};
use qga::commands::Command;
use qga::{CallError, CallId, ReplyLimits, Step};
use serde_json::Value;
use tokio::net::UnixStream;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::{Instant, sleep, timeout_at};

use super::connection::{Connection, Failure};

/// The agent behind one unix socket: that of a QEMU chardev, or of an agent that listens itself.
///
/// Nothing is connected before the first call. Afterwards the connection is held, which keeps
/// other clients out of a socket that serves one at a time: drop the client to free it.
#[derive(Debug)]
pub struct AgentClient {
    socket: PathBuf,
    limits: ReplyLimits,
    next_id: AtomicU64,
    connection: Mutex<Option<Connection>>,
}

/// How long to wait before asking again for a place in a full queue of clients.
const QUEUE_RETRY: Duration = Duration::from_millis(20);

/// The longest deadline; one beyond is as good as none.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

impl AgentClient {
    /// A client of the agent at `socket`.
    #[must_use]
    pub fn new(socket: PathBuf) -> Self {
        Self::with_limits(socket, ReplyLimits::default())
    }

    /// A client that takes replies within `limits`.
    #[must_use]
    pub fn with_limits(socket: PathBuf, limits: ReplyLimits) -> Self {
        // A random start keeps the ids apart from those of earlier clients, whose late answers
        // may still be on the channel.
        let start = RandomState::new().hash_one(std::process::id());
        Self {
            socket,
            limits,
            next_id: AtomicU64::new(start),
            connection: Mutex::new(None),
        }
    }

    /// Sends a command that answers nothing on success (`guest-shutdown`, `guest-suspend-*`).
    ///
    /// The agent must first answer a synchronisation within `wait`, so that the command does not
    /// end up in the queue of an agent that hangs and acts on it much later. Then it is sent, and
    /// an error is listened for during another `wait`. Silence is success, and so are a
    /// connection that ends and noise that is no error reply.
    ///
    /// # Errors
    /// [`ChannelError::Agent`] when the agent refuses. Every other error means that the command
    /// was not sent; it names the command as not sent, or the synchronisation.
    pub async fn send_expecting_silence(
        &self,
        command: &str,
        arguments: Value,
        wait: Duration,
    ) -> Result<(), ChannelError> {
        let told = Told {
            command,
            after: wait,
        };
        let until = end_of(wait);
        let mut slot = self.slot(told, until).await?;
        let mut connection = self.take_open(&mut slot, until).await?;
        connection
            .session
            .start_sync(self.fresh_id(), until.into_std());
        if let Err(failure) = connection.exchange().await {
            keep_if_useful(&mut slot, connection, Some(&failure));
            return Err(told.failure(failure));
        }
        let command = Command::new(command, arguments);
        connection
            .session
            .start(command, self.fresh_id(), end_of(wait).into_std());
        let outcome = connection.exchange().await;
        keep_if_useful(&mut slot, connection, outcome.as_ref().err());
        outcome.map_or_else(|failure| told.objection(failure), |_| Ok(()))
    }

    async fn call_once(
        &self,
        told: Told<'_>,
        arguments: Value,
        until: Instant,
    ) -> Result<Value, ChannelError> {
        let mut slot = self.slot(told, until).await?;
        let mut connection = self.take_open(&mut slot, until).await?;
        let command = Command::new(told.command, arguments);
        connection
            .session
            .start(command, self.fresh_id(), until.into_std());
        let outcome = connection.exchange().await;
        keep_if_useful(&mut slot, connection, outcome.as_ref().err());
        outcome.map_err(|failure| told.failure(failure))
    }

    /// Waits for the calls before this one.
    async fn slot(
        &self,
        told: Told<'_>,
        until: Instant,
    ) -> Result<MutexGuard<'_, Option<Connection>>, ChannelError> {
        let lock = timeout_at(until, self.connection.lock()).await;
        lock.map_err(|_| told.timed_out(told.command.to_owned()))
    }

    /// The connection that is held, if it still lives, else a new one. It is taken out of the
    /// slot, so that a call that is dropped half-way ends its connection with it.
    async fn take_open(
        &self,
        slot: &mut Option<Connection>,
        until: Instant,
    ) -> Result<Connection, ChannelError> {
        match slot.take() {
            Some(connection) if connection.is_open() => Ok(connection),
            _ => {
                let stream = connect(&self.socket, until).await?;
                Ok(Connection::new(stream, self.limits))
            }
        }
    }

    fn fresh_id(&self) -> CallId {
        CallId::new(self.next_id.fetch_add(1, Ordering::Relaxed))
    }
}

#[async_trait]
impl AgentChannel for AgentClient {
    async fn call(
        &self,
        command: &str,
        arguments: Value,
        deadline: Duration,
    ) -> Result<Value, ChannelError> {
        let told = Told {
            command,
            after: deadline,
        };
        self.call_once(told, arguments, end_of(deadline)).await
    }
}

fn end_of(wait: Duration) -> Instant {
    Instant::now() + wait.min(LONGEST)
}

fn keep_if_useful(
    slot: &mut Option<Connection>,
    connection: Connection,
    failure: Option<&Failure>,
) {
    if failure.is_none_or(|failure| connection.is_worth_keeping(failure)) {
        *slot = Some(connection);
    }
}

async fn connect(socket: &Path, until: Instant) -> Result<UnixStream, ChannelError> {
    loop {
        match UnixStream::connect(socket).await {
            Ok(stream) => return Ok(stream),
            // A full queue answers at once, instead of making the client wait.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                if Instant::now() + QUEUE_RETRY >= until {
                    return Err(queue_full(socket));
                }
                sleep(QUEUE_RETRY).await;
            }
            Err(error) => return Err(no_socket(socket, &error)),
        }
    }
}

fn queue_full(socket: &Path) -> ChannelError {
    ChannelError::Held(format!(
        "{} has more clients waiting than it takes; disconnect them (`ss -xp` names the \
         processes), or wait for them",
        socket.display()
    ))
}

fn no_socket(socket: &Path, error: &io::Error) -> ChannelError {
    let hint = match error.kind() {
        io::ErrorKind::NotFound => "the machine is off, or its agent channel is elsewhere",
        io::ErrorKind::ConnectionRefused => {
            "nobody listens there; the machine is off, or this is not its socket"
        }
        io::ErrorKind::PermissionDenied => "run as a user who may read and write it",
        _ => "check the path in the guest's configuration",
    };
    ChannelError::NoSocket(format!("{}: {error} ({hint})", socket.display()))
}

/// What errors tell about the call they end.
#[derive(Debug, Clone, Copy)]
struct Told<'a> {
    command: &'a str,
    after: Duration,
}

impl Told<'_> {
    fn failure(self, failure: Failure) -> ChannelError {
        match failure {
            Failure::Unsent(step) => self.timed_out(self.asked(step)),
            Failure::Closed { step, .. } => ChannelError::Closed {
                command: self.asked(step),
            },
            Failure::Call(error) => self.call_error(error),
        }
    }

    fn call_error(self, error: CallError) -> ChannelError {
        let detail = error.to_string();
        match error {
            CallError::TimedOut(step) => self.timed_out(self.asked(step)),
            CallError::Garbage { step, detail } => {
                let command = self.asked(step);
                ChannelError::Garbage { command, detail }
            }
            CallError::TooLarge { .. } => {
                let command = self.command.to_owned();
                ChannelError::Garbage { command, detail }
            }
            CallError::Agent { step, error } => ChannelError::Agent {
                command: self.asked(step),
                class: error.class,
                description: error.desc,
            },
        }
    }

    /// What becomes of a command that answers only to object, after the agent has shown life.
    fn objection(self, failure: Failure) -> Result<(), ChannelError> {
        match failure {
            Failure::Call(error @ CallError::Agent { .. }) => Err(self.call_error(error)),
            Failure::Call(_) | Failure::Closed { sent: true, .. } => Ok(()),
            Failure::Unsent(_) => Err(self.timed_out(self.not_sent())),
            Failure::Closed { sent: false, .. } => Err(ChannelError::Closed {
                command: self.not_sent(),
            }),
        }
    }

    fn timed_out(self, command: String) -> ChannelError {
        ChannelError::TimedOut {
            command,
            after: self.after,
        }
    }

    /// The question that was open: before its synchronisation is answered, a command is not sent.
    fn asked(self, step: Step) -> String {
        match step {
            Step::Synchronising => format!("guest-sync-delimited (before {})", self.command),
            Step::Answering => self.command.to_owned(),
        }
    }

    fn not_sent(self) -> String {
        format!("{} (not sent)", self.command)
    }
}
