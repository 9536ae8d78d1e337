//! Guests: plain clients that cost next to nothing.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use super::server::KEY;

/// Nothing that is measured takes as long.
const DEADLINE: Duration = Duration::from_secs(120);

/// A connection of a guest.
pub(super) struct Guest {
    stream: UnixStream,
}

impl Guest {
    pub(super) async fn connect(socket: &Path) -> Result<Self> {
        let stream = UnixStream::connect(socket).await;
        let stream = stream.with_context(|| format!("cannot connect to {}", socket.display()))?;
        Ok(Self { stream })
    }

    /// One plain GET, with the time it took and its `ETag`.
    pub(super) async fn get(&mut self) -> Result<(Duration, String)> {
        let begun = Instant::now();
        self.ask("").await?;
        let reply = self.reply().await?;
        let took = begun.elapsed();
        let etag = reply.lines().find_map(|line| line.strip_prefix("etag: "));
        Ok((took, etag.context("a reply without ETag")?.to_owned()))
    }

    /// Sends a GET that hangs until the value is another than that of `etag`.
    pub(super) async fn hang(&mut self, etag: &str) -> Result<()> {
        let query = format!("?wait_for_change=true&last_etag={etag}&timeout_sec=600");
        self.ask(&query).await
    }

    /// When the hanging GET was answered, with `value`.
    pub(super) async fn answered(mut self, value: &str) -> Result<Instant> {
        let reply = self.reply().await?;
        let at = Instant::now();
        ensure!(reply.ends_with(value), "answered with something else");
        Ok(at)
    }

    async fn ask(&mut self, query: &str) -> Result<()> {
        let head = format!(
            "GET /computeMetadata/v1/{KEY}{query} HTTP/1.1\r\nHost: metadata\r\n\
             Metadata-Flavor: Google\r\n\r\n"
        );
        let sent = self.stream.write_all(head.as_bytes()).await;
        sent.context("cannot ask")
    }

    /// A small reply comes in one piece.
    async fn reply(&mut self) -> Result<String> {
        let mut buffer = [0; 1024];
        let read = tokio::time::timeout(DEADLINE, self.stream.read(&mut buffer));
        let count = read
            .await
            .context("no answer in time")?
            .context("no answer")?;
        let reply = String::from_utf8_lossy(&buffer[..count]).into_owned();
        ensure!(reply.starts_with("HTTP/1.1 200 "), "not answered: {reply}");
        Ok(reply)
    }
}
