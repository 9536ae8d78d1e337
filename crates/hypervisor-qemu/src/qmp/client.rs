//! One short conversation with a machine's monitor.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::{Instant, sleep, timeout};

use super::messages::Messages;
use super::{Change, QmpError, Question};
use crate::Deadlines;

/// How long to wait before connecting again where the first attempt met a full queue or a
/// monitor that is just going away.
const RETRY: Duration = Duration::from_millis(20);

/// What QEMU said to one command: its value, or its words of refusal.
pub(crate) type Answer = Result<Value, String>;

/// A connection that was greeted and may ask. QEMU serves one at a time: drop it soon.
#[derive(Debug)]
pub(crate) struct Monitor {
    stream: UnixStream,
    messages: Messages,
    path: PathBuf,
    reply: Duration,
    asked: u64,
}

impl Monitor {
    /// Connects and negotiates. A monitor that another client holds lets us connect and then says
    /// nothing, and a machine that is going away closes before it greets; the latter is tried
    /// again, until the outcome is certain or the time for a greeting is over.
    pub(crate) async fn connect(path: &Path, deadlines: Deadlines) -> Result<Self, QmpError> {
        let end = Instant::now() + deadlines.greeting;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let outcome = timeout(left, Self::greeted(path, deadlines.reply)).await;
            let held = || QmpError::Held {
                path: path.to_owned(),
                after: deadlines.greeting,
            };
            match outcome.map_err(|_| held())? {
                Err(QmpError::Closed { .. }) if Instant::now() + RETRY < end => sleep(RETRY).await,
                Err(error) => return Err(error),
                Ok(mut monitor) => {
                    monitor.ask(&[Question::Capabilities]).await?;
                    return Ok(monitor);
                }
            }
        }
    }

    async fn greeted(path: &Path, reply: Duration) -> Result<Self, QmpError> {
        let stream = connect_when_there_is_room(path).await?;
        let messages = Messages::default();
        let mut monitor = Self {
            stream,
            messages,
            path: path.to_owned(),
            reply,
            asked: 0,
        };
        let greeting = monitor.message("it was to greet").await?;
        if greeting.get("QMP").is_none() {
            return Err(monitor.garbage("it does not greet with \"QMP\""));
        }
        Ok(monitor)
    }

    /// Asks all questions in one go and returns QEMU's answers in their order.
    pub(crate) async fn ask(&mut self, questions: &[Question]) -> Result<Vec<Answer>, QmpError> {
        let Some(first) = questions.first() else {
            return Ok(Vec::new());
        };
        let lines = questions.iter().zip(self.asked..);
        let request: String = lines.map(|(it, id)| it.to_line(id)).collect();
        self.exchange_within(self.reply, &request, questions.len(), first.name())
            .await
    }

    /// Has one change made and returns QEMU's answer. An error leaves open whether it was made.
    pub(crate) async fn perform(
        &mut self,
        change: &Change,
        deadline: Duration,
    ) -> Result<Answer, QmpError> {
        let request = change.to_line(self.asked);
        let exchange = self.exchange_within(deadline, &request, 1, change.name());
        let answer = exchange.await?.pop();
        answer.ok_or_else(|| self.garbage("it left a command unanswered"))
    }

    async fn exchange_within(
        &mut self,
        wait: Duration,
        request: &str,
        count: usize,
        question: &'static str,
    ) -> Result<Vec<Answer>, QmpError> {
        let answers = timeout(wait, self.exchange(request, count)).await;
        answers.unwrap_or_else(|_| {
            Err(QmpError::TimedOut {
                path: self.path.clone(),
                question,
                after: wait,
            })
        })
    }

    /// Sends lines that hold `count` commands and returns the answers in their order.
    async fn exchange(&mut self, request: &str, count: usize) -> Result<Vec<Answer>, QmpError> {
        let first = self.asked;
        self.asked += count as u64;
        let sent = self.stream.write_all(request.as_bytes()).await;
        sent.map_err(|error| self.broken(error, "commands were sent"))?;
        let mut answers = Vec::with_capacity(count);
        for id in first..self.asked {
            answers.push(self.answer(id).await?);
        }
        Ok(answers)
    }

    /// The answer to command `id`. Events may come at any time and mean nothing here.
    async fn answer(&mut self, id: u64) -> Result<Answer, QmpError> {
        loop {
            let mut message = self.message("an answer was awaited").await?;
            if message.get("event").is_some() {
                continue;
            }
            if message.get("id").and_then(Value::as_u64) != Some(id) {
                return Err(self.garbage("an answer carries another command's id"));
            }
            if let Some(value) = message.get_mut("return") {
                return Ok(Ok(value.take()));
            }
            return match message.pointer("/error/desc").and_then(Value::as_str) {
                Some(description) => Ok(Err(description.chars().take(200).collect())),
                None => Err(self.garbage("an answer has neither `return` nor `error`")),
            };
        }
    }

    async fn message(&mut self, doing: &'static str) -> Result<Value, QmpError> {
        let mut chunk = [0; 4096];
        loop {
            match self.messages.next() {
                Ok(Some(message)) => return Ok(message),
                Ok(None) => {}
                Err(not_qmp) => return Err(self.garbage(&not_qmp.to_string())),
            }
            let read = self.stream.read(&mut chunk).await;
            match read.map_err(|error| self.broken(error, doing))? {
                0 => {
                    return Err(QmpError::Closed {
                        path: self.path.clone(),
                        doing,
                    });
                }
                length => self.messages.push(&chunk[..length]),
            }
        }
    }

    fn garbage(&self, detail: &str) -> QmpError {
        QmpError::Garbage {
            path: self.path.clone(),
            detail: detail.to_owned(),
        }
    }

    fn broken(&self, source: io::Error, doing: &'static str) -> QmpError {
        use io::ErrorKind::{BrokenPipe, ConnectionReset};
        let path = self.path.clone();
        match source.kind() {
            BrokenPipe | ConnectionReset => QmpError::Closed { path, doing },
            _ => QmpError::Connect { path, source },
        }
    }
}

/// Connects; a listener whose queue is full (`EAGAIN`: others wait for the monitor, too) is tried
/// again until the caller's deadline ends this.
async fn connect_when_there_is_room(path: &Path) -> Result<UnixStream, QmpError> {
    loop {
        let source = match UnixStream::connect(path).await {
            Ok(stream) => return Ok(stream),
            Err(source) => source,
        };
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::WouldBlock => sleep(RETRY).await,
            io::ErrorKind::NotFound => return Err(QmpError::NoFile { path }),
            io::ErrorKind::ConnectionRefused => return Err(QmpError::NobodyListens { path }),
            // It listened, and its machine went away before the connection was looked at.
            io::ErrorKind::ConnectionReset => {
                let doing = "it was to greet";
                return Err(QmpError::Closed { path, doing });
            }
            _ => return Err(QmpError::Connect { path, source }),
        }
    }
}
