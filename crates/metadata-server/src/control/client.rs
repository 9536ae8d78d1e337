//! The controller's end.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use metadata::Key;
use metadata::control::{Answer, Command, Scope};
use thiserror::Error;
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

use super::lines::Lines;

/// The longest answer: all that a guest may have, written as JSON.
const LONGEST: usize = 16 << 20;
const CONNECTS_WITHIN: Duration = Duration::from_secs(5);
/// A change waits for the store's disk.
const ANSWERS_WITHIN: Duration = Duration::from_secs(30);

/// A connection to a running server. It is good for one command.
#[derive(Debug)]
pub struct Client {
    path: PathBuf,
    answers: Lines<OwnedReadHalf>,
    writer: OwnedWriteHalf,
}

/// Values at and below a key, now and after each change.
#[derive(Debug)]
pub struct Watch {
    client: Client,
    is_first: bool,
}

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum ClientError {
    /// There is no socket, or nobody listens at it.
    #[error("no metadata server runs at {}; start one with `hospes metadata serve`", .0.display())]
    NoServer(PathBuf),
    /// The socket cannot be used.
    #[error("cannot reach the metadata server at {}: {source}", path.display())]
    Unreachable {
        /// The socket.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The server has ended, or does not speak this protocol.
    #[error("the metadata server at {} is gone: {why}", path.display())]
    Gone {
        /// The socket.
        path: PathBuf,
        /// What was seen.
        why: String,
    },
    /// The server did not do it.
    #[error("the metadata server refuses: {0}")]
    Refused(String),
}

impl Client {
    /// Connects to the server whose control socket is `path`.
    ///
    /// # Errors
    /// [`ClientError::NoServer`] when none runs there; else [`ClientError::Unreachable`].
    pub async fn connect(path: &Path) -> Result<Self, ClientError> {
        let connected = tokio::time::timeout(CONNECTS_WITHIN, UnixStream::connect(path)).await;
        let stream = connected.unwrap_or_else(|late| Err(late.into()));
        let (reader, writer) = stream
            .map_err(|error| no_connection(path, error))?
            .into_split();
        Ok(Self {
            path: path.to_owned(),
            answers: Lines::new(reader, LONGEST),
            writer,
        })
    }

    /// The answer to a command other than `watch`; never [`Answer::Refused`].
    ///
    /// # Errors
    /// [`ClientError::Refused`] when the server did not do it. After [`ClientError::Gone`] a change may
    /// have been made.
    pub async fn ask(mut self, command: &Command) -> Result<Answer, ClientError> {
        self.send(command).await?;
        self.answer_in_time().await
    }

    /// Follows the values at and below `key`.
    ///
    /// # Errors
    /// The server is gone.
    pub async fn watch(mut self, scope: &Scope, key: &Key) -> Result<Watch, ClientError> {
        let (scope, key) = (scope.clone(), key.clone());
        self.send(&Command::Watch { scope, key }).await?;
        Ok(Watch {
            client: self,
            is_first: true,
        })
    }

    async fn send(&mut self, command: &Command) -> Result<(), ClientError> {
        let mut line = serde_json::to_vec(command).map_err(|error| self.gone(&error))?;
        line.push(b'\n');
        let sent = tokio::time::timeout(ANSWERS_WITHIN, self.writer.write_all(&line)).await;
        let sent = sent.unwrap_or_else(|late| Err(late.into()));
        sent.map_err(|error| self.gone(&error))
    }

    async fn answer_in_time(&mut self) -> Result<Answer, ClientError> {
        match tokio::time::timeout(ANSWERS_WITHIN, self.answer()).await {
            Ok(answer) => answer,
            Err(_) => Err(self.gone(&format!("no answer within {ANSWERS_WITHIN:.0?}"))),
        }
    }

    async fn answer(&mut self) -> Result<Answer, ClientError> {
        let line = self
            .answers
            .next()
            .await
            .map_err(|error| self.gone(&error))?;
        let line = line.ok_or_else(|| self.gone(&"it has ended the connection"))?;
        match serde_json::from_slice(&line) {
            Ok(Answer::Refused(why)) => Err(ClientError::Refused(why)),
            Ok(answer) => Ok(answer),
            // The error's own text may quote a value.
            Err(_) => Err(self.gone(&"its answer is none that this version knows")),
        }
    }

    fn gone(&self, why: &dyn std::fmt::Display) -> ClientError {
        ClientError::Gone {
            path: self.path.clone(),
            why: why.to_string(),
        }
    }
}

impl Watch {
    /// The values now, first; then after each change. Waits for it as long as it takes. A call that
    /// is given up loses nothing.
    ///
    /// # Errors
    /// The server is gone, or refuses.
    pub async fn next(&mut self) -> Result<Vec<(Key, String)>, ClientError> {
        let answer = if self.is_first {
            self.client.answer_in_time().await?
        } else {
            self.client.answer().await?
        };
        self.is_first = false;
        match answer {
            Answer::Values(values) => Ok(values),
            _ => Err(self.client.gone(&"it answers something else than values")),
        }
    }
}

fn no_connection(path: &Path, source: io::Error) -> ClientError {
    let path = path.to_owned();
    match source.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => ClientError::NoServer(path),
        _ => ClientError::Unreachable { path, source },
    }
}
