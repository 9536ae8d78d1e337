//! One command over one of QEMU's sockets: QMP, or the agent behind its virtio port.
//!
//! Deliberately not the product's client: what the lab finds out is evidence about the product. Every call
//! opens a connection of its own, since QEMU serves a single client and the product needs the place.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::time::timeout;

const QMP_DEADLINE: Duration = Duration::from_secs(60);
const LONGEST_LINE: u64 = 16 * 1024 * 1024;

struct Connection {
    stream: BufReader<UnixStream>,
}

/// Runs one QMP command and returns what it returned.
pub(super) async fn qmp(socket: &Path, command: &str, arguments: Value) -> Result<Value> {
    let call = async {
        let mut connection = Connection::open(socket).await?;
        connection.line().await?;
        connection
            .send(&json!({"execute": "qmp_capabilities"}))
            .await?;
        connection.reply_with("return").await?;
        connection
            .send(&json!({"execute": command, "arguments": arguments}))
            .await?;
        connection.reply_with("return").await
    };
    let result = timeout(QMP_DEADLINE, call).await;
    result.with_context(|| format!("QMP `{command}` not answered within {QMP_DEADLINE:?}"))?
}

/// Runs one agent command. The sync before it drops late answers of a dead client (`guest-sync` in
/// QEMU's qga/qapi-schema.json).
pub(super) async fn agent(
    socket: &Path,
    command: &str,
    arguments: Value,
    deadline: Duration,
) -> Result<Value> {
    let call = async {
        let mut connection = Connection::open(socket).await?;
        let id = i64::from(std::process::id());
        connection
            .send(&json!({"execute": "guest-sync", "arguments": {"id": id}}))
            .await?;
        while connection.line().await?.get("return") != Some(&json!(id)) {}
        connection
            .send(&json!({"execute": command, "arguments": arguments}))
            .await?;
        connection.reply_with("return").await
    };
    let result = timeout(deadline, call).await;
    result.with_context(|| format!("agent `{command}` not answered within {deadline:?}"))?
}

/// Writes bytes to an agent's socket and closes it.
pub(super) async fn send(socket: &Path, bytes: &[u8]) -> Result<()> {
    let mut connection = Connection::open(socket).await?;
    let stream = connection.stream.get_mut();
    stream
        .write_all(bytes)
        .await
        .context("writing to QEMU's socket")?;
    stream.shutdown().await.context("closing QEMU's socket")
}

impl Connection {
    async fn open(socket: &Path) -> Result<Self> {
        let stream = UnixStream::connect(socket).await;
        let stream = stream.with_context(|| format!("cannot connect to {}", socket.display()))?;
        Ok(Self {
            stream: BufReader::new(stream),
        })
    }

    async fn send(&mut self, message: &Value) -> Result<()> {
        let line = format!("{message}\n");
        self.stream
            .get_mut()
            .write_all(line.as_bytes())
            .await
            .context("writing to QEMU's socket")
    }

    async fn line(&mut self) -> Result<Value> {
        let mut line = Vec::new();
        (&mut self.stream)
            .take(LONGEST_LINE)
            .read_until(b'\n', &mut line)
            .await
            .context("reading QEMU's socket")?;
        if line.is_empty() {
            bail!("QEMU closed its socket");
        }
        let text: Vec<u8> = line.into_iter().filter(|byte| *byte != 0xff).collect();
        serde_json::from_slice(&text)
            .with_context(|| format!("not JSON: {}", String::from_utf8_lossy(&text)))
    }

    /// The next message with `key`; events in between are of no interest, errors end the wait.
    async fn reply_with(&mut self, key: &str) -> Result<Value> {
        loop {
            let mut message = self.line().await?;
            if let Some(error) = message.get("error") {
                bail!(
                    "refused: {}",
                    error["desc"].as_str().unwrap_or("without a reason")
                );
            }
            if let Some(value) = message.get_mut(key) {
                return Ok(value.take());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::UnixListener;

    #[tokio::test]
    async fn late_answers_before_the_sync_are_skipped() {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("agent");
        let listener = UnixListener::bind(&socket).unwrap();
        let server = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let mut stream = BufReader::new(stream);
            let mut sync = String::new();
            stream.read_line(&mut sync).await.unwrap();
            let id = serde_json::from_str::<Value>(&sync).unwrap()["arguments"]["id"].clone();
            let late = format!("{{\"return\": {{\"late\": true}}}}\n{{\"return\": {id}}}\n");
            stream.get_mut().write_all(late.as_bytes()).await.unwrap();
            stream.read_line(&mut String::new()).await.unwrap();
            stream
                .get_mut()
                .write_all(b"{\"return\": {\"late\": false}}\n")
                .await
                .unwrap();
        });
        let answer = agent(&socket, "guest-info", json!({}), Duration::from_secs(5))
            .await
            .unwrap();
        assert_eq!(answer, json!({"late": false}));
        server.await.unwrap();
    }

    #[tokio::test]
    async fn a_silent_agent_is_given_up() {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("agent");
        let _listener = UnixListener::bind(&socket).unwrap();
        let error = agent(&socket, "guest-ping", json!({}), Duration::from_millis(50))
            .await
            .unwrap_err();
        assert!(error.to_string().contains("guest-ping"), "{error}");
    }
}
