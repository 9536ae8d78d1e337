//! A small HTTP client that sends exactly what it is told to.

use std::path::Path;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

use crate::host::AMPLE;

pub(crate) const STOP_STATE: &str = "instance/shutdown-details/stop-state";

pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

pub(crate) struct Connection {
    stream: BufReader<Box<dyn Stream>>,
}

#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let found = lines.find(|(found, _)| found.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value)
    }

    pub(crate) fn etag(&self) -> &str {
        self.header("etag").unwrap()
    }
}

impl Connection {
    pub(crate) async fn unix(path: &Path) -> Self {
        Self::new(UnixStream::connect(path).await.unwrap())
    }

    pub(crate) fn new(stream: impl Stream + 'static) -> Self {
        let stream: Box<dyn Stream> = Box::new(stream);
        Self {
            stream: BufReader::new(stream),
        }
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
    }

    /// Sends until the server has closed its end, at most `most` bytes; returns how many it took.
    pub(crate) async fn send_until_closed(&mut self, chunk: &[u8], most: usize) -> usize {
        let mut sent = 0;
        while sent < most && self.stream.write_all(chunk).await.is_ok() {
            sent += chunk.len();
        }
        sent
    }

    /// Sends the head of a GET of a key, as Google's agent does.
    pub(crate) async fn ask(&mut self, path: &str) {
        self.send(get_head(path)).await;
    }

    /// A GET and its reply.
    pub(crate) async fn get(&mut self, path: &str) -> Reply {
        self.ask(path).await;
        self.reply().await
    }

    pub(crate) async fn put(&mut self, path: &str, value: &str) -> Reply {
        let head = format!(
            "PUT /computeMetadata/v1/{path} HTTP/1.1\r\nHost: metadata\r\n\
             Metadata-Flavor: Google\r\nContent-Length: {}\r\n\r\n{value}",
            value.len()
        );
        self.send(head).await;
        self.reply().await
    }

    /// The next reply.
    pub(crate) async fn reply(&mut self) -> Reply {
        let reply = tokio::time::timeout(AMPLE, self.try_reply());
        reply.await.expect("a reply in time").expect("a reply")
    }

    /// The next reply, or nothing when the server has closed the connection.
    pub(crate) async fn try_reply(&mut self) -> Option<Reply> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.stream.read_line(&mut head).await.ok()? == 0 {
                return None;
            }
        }
        let status = head.split(' ').nth(1)?.parse().ok()?;
        let body = String::new();
        let mut reply = Reply { status, head, body };
        let length = reply
            .header("content-length")
            .unwrap_or("0")
            .parse()
            .unwrap();
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).await.ok()?;
        reply.body = String::from_utf8(body).unwrap();
        Some(reply)
    }

    /// Waits until the server has closed the connection, and returns what it still said.
    pub(crate) async fn until_closed(&mut self) -> String {
        let mut said = Vec::new();
        let end = tokio::time::timeout(AMPLE, self.stream.read_to_end(&mut said)).await;
        let _ = end.expect("the server closes the connection");
        String::from_utf8_lossy(&said).into_owned()
    }
}

pub(crate) fn get_head(path: &str) -> String {
    format!(
        "GET /computeMetadata/v1/{path} HTTP/1.1\r\nHost: metadata\r\n\
         Metadata-Flavor: Google\r\n\r\n"
    )
}

/// The path of a hanging GET.
pub(crate) fn wait(key: &str, etag: &str) -> String {
    format!("{key}?wait_for_change=true&last_etag={etag}")
}
