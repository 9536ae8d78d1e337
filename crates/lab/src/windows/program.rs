//! A program under Wine.

use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::site::{PATIENCE, until};

/// One under way; dropping it kills it, but not what it has started.
#[derive(Debug)]
pub(super) struct Program {
    name: String,
    child: Child,
    output: Stream,
    errors: Stream,
}

/// One that has ended.
#[derive(Debug)]
pub(super) struct Ended {
    /// Its exit code; none when a signal of Linux ended it.
    pub(super) code: Option<i32>,
    /// Standard output, with the ends of lines that Linux has.
    pub(super) output: String,
    /// The same of standard error, where Wine tells of events for the event log too.
    pub(super) errors: String,
}

/// What is read of a pipe while the program runs.
#[derive(Debug)]
struct Stream {
    read: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
}

impl Program {
    /// Starts `command`.
    pub(super) fn start(mut command: Command, name: &str) -> Result<Self> {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command
            .spawn()
            .with_context(|| format!("cannot start {name} under Wine"))?;
        let output = child.stdout.take().context("a pipe was asked for")?;
        let errors = child.stderr.take().context("a pipe was asked for")?;
        Ok(Self {
            name: name.to_owned(),
            child,
            output: Stream::of(output),
            errors: Stream::of(errors),
        })
    }

    /// Standard output and standard error so far.
    pub(super) fn said(&self) -> String {
        self.output.text() + &self.errors.text()
    }

    /// Waits until it has said `text`.
    pub(super) async fn until_said(&self, text: &str) -> Result<()> {
        let said = until(format!("{} does not say `{text}`", self.name), async || {
            Ok(self.said().contains(text).then_some(()))
        });
        said.await.with_context(|| self.said())
    }

    /// Ends it as a crash does, and waits for its end.
    pub(super) async fn kill(mut self) -> Result<()> {
        let id = self.child.id().context("it has ended already")?;
        let pid = Pid::from_raw(i32::try_from(id)?).context("no process id")?;
        kill_process(pid, Signal::KILL).with_context(|| format!("cannot kill {}", self.name))?;
        self.child.wait().await.context("cannot wait")?;
        Ok(())
    }

    /// Waits for its end. What it has started may go on and hold the pipes: what that prints later is
    /// left out.
    pub(super) async fn ended(mut self) -> Result<Ended> {
        let status = timeout(PATIENCE, self.child.wait()).await;
        let status = status.with_context(|| format!("{} does not end: {}", self.name, self.said()));
        let code = status?.context("cannot wait")?.code();
        Ok(Ended {
            code,
            output: self.output.rest().await,
            errors: self.errors.rest().await,
        })
    }
}

impl Ended {
    /// Itself, if the exit code is `expected`.
    pub(super) fn expect(self, expected: i32) -> Result<Self> {
        let Self {
            code,
            output,
            errors,
        } = &self;
        anyhow::ensure!(
            *code == Some(expected),
            "it ended with {code:?}, expected {expected}\n{output}{errors}"
        );
        Ok(self)
    }
}

impl Stream {
    fn of(mut pipe: impl AsyncRead + Unpin + Send + 'static) -> Self {
        let read = Arc::<Mutex<Vec<u8>>>::default();
        let into = Arc::clone(&read);
        let reader = tokio::spawn(async move {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = pipe.read(&mut buffer).await {
                lock(&into).extend_from_slice(&buffer[..count]);
            }
        });
        Self { read, reader }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&lock(&self.read)).replace("\r\n", "\n")
    }

    /// What is there and what comes in a moment, unless the pipe's end comes before.
    async fn rest(&mut self) -> String {
        let moment = std::time::Duration::from_millis(500);
        let _ = timeout(moment, &mut self.reader).await;
        self.text()
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

fn lock(read: &Mutex<Vec<u8>>) -> MutexGuard<'_, Vec<u8>> {
    read.lock().unwrap_or_else(PoisonError::into_inner)
}
