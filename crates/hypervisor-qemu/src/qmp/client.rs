//! One short conversation with a machine's monitor.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::{Instant, sleep, timeout};

use super::QmpError;
use super::messages::Messages;
use crate::Deadlines;

/// How long to wait before connecting again where the first attempt met a full queue or a
/// monitor that is just going away.
const RETRY: Duration = Duration::from_millis(20);

/// A command that only reads.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    execute: &'static str,
    arguments: Value,
}

impl Question {
    /// A command without arguments.
    pub(crate) const fn new(execute: &'static str) -> Self {
        Self {
            execute,
            arguments: Value::Null,
        }
    }

    /// `qom-list` of the object at `path`.
    pub(crate) fn qom_list(path: &str) -> Self {
        Self {
            execute: "qom-list",
            arguments: json!({ "path": path }),
        }
    }

    /// `qom-get` of one property of the object at `path`.
    pub(crate) fn qom_get(path: &str, property: &str) -> Self {
        Self {
            execute: "qom-get",
            arguments: json!({ "path": path, "property": property }),
        }
    }

    fn to_line(&self, id: u64) -> String {
        let mut request = json!({ "execute": self.execute, "id": id });
        if !self.arguments.is_null() {
            request["arguments"] = self.arguments.clone();
        }
        format!("{request}\n")
    }
}

/// What QEMU said to one question: its value, or its words of refusal.
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
                    monitor.ask(&[Question::new("qmp_capabilities")]).await?;
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
        let wait = self.reply;
        match timeout(wait, self.exchange(questions)).await {
            Ok(answers) => answers,
            Err(_) => Err(QmpError::TimedOut {
                path: self.path.clone(),
                question: first.execute,
                after: wait,
            }),
        }
    }

    async fn exchange(&mut self, questions: &[Question]) -> Result<Vec<Answer>, QmpError> {
        let first = self.asked;
        let lines = questions
            .iter()
            .zip(first..)
            .map(|(question, id)| question.to_line(id));
        let request: String = lines.collect();
        self.asked += questions.len() as u64;
        let sent = self.stream.write_all(request.as_bytes()).await;
        sent.map_err(|error| self.broken(error, "questions were sent"))?;
        let mut answers = Vec::with_capacity(questions.len());
        for id in first..self.asked {
            answers.push(self.answer(id).await?);
        }
        Ok(answers)
    }

    /// The answer to question `id`. Events may come at any time and mean nothing here.
    async fn answer(&mut self, id: u64) -> Result<Answer, QmpError> {
        loop {
            let mut message = self.message("an answer was awaited").await?;
            if message.get("event").is_some() {
                continue;
            }
            if message.get("id").and_then(Value::as_u64) != Some(id) {
                return Err(self.garbage("an answer carries another question's id"));
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
