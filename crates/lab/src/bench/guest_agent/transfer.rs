//! Files through the agent: how fast their contents pass.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::client::{Client, returned};

/// Content and how it is cut.
#[derive(Debug)]
pub(super) struct Content {
    bytes: Vec<u8>,
    piece: usize,
}

/// Reads a file piece by piece, again and again.
pub(super) struct Reader {
    client: Client,
    handle: i64,
    request: String,
    /// The lengths of the file's pieces and of the replies with them, newline included. A reply as
    /// long as the one that was compared has as much of the file.
    replies: Vec<(usize, usize)>,
    next: usize,
}

/// Writes a file piece by piece, again and again.
pub(super) struct Writer<'a> {
    client: Client,
    path: String,
    content: &'a Content,
    open: Option<i64>,
    next: usize,
}

impl Content {
    /// It repeats after 251 bytes, no power of two, so that a piece out of place is found.
    pub(super) fn new(length: usize, piece: usize) -> Self {
        let bytes = (0..=250).cycle().take(length).collect();
        Self { bytes, piece }
    }

    /// Of one piece.
    pub(super) fn whole(bytes: Vec<u8>) -> Self {
        let piece = bytes.len();
        Self { bytes, piece }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// A reader of the file `path`, which has this content: all of it is read and compared.
    pub(super) fn reader(&self, mut client: Client, path: &str) -> Result<Reader> {
        let handle = open(&mut client, path, "r")?;
        let arguments = json!({"handle": handle, "count": self.piece});
        let request = request("guest-file-read", arguments);
        let mut replies = Vec::new();
        for piece in self.bytes.chunks(self.piece) {
            let line = client.call(request.as_bytes())?;
            check_payload(&returned(line)?, piece)?;
            replies.push((piece.len(), line.len()));
        }
        Ok(Reader {
            client,
            handle,
            request,
            next: replies.len(),
            replies,
        })
    }

    /// A writer that gives the file `path` this content.
    pub(super) fn writer(&self, client: Client, path: &str) -> Writer<'_> {
        Writer {
            client,
            path: path.to_owned(),
            content: self,
            open: None,
            next: 0,
        }
    }
}

impl Reader {
    /// Reads the next piece, after the last the first; returns bytes of the file a second.
    pub(super) fn read(&mut self) -> Result<f64> {
        if self.next == self.replies.len() {
            let arguments = json!({"handle": self.handle, "offset": 0, "whence": "set"});
            self.client
                .call(request("guest-file-seek", arguments).as_bytes())?;
            self.next = 0;
        }
        let (piece, expected) = self.replies[self.next];
        self.next += 1;
        let begun = Instant::now();
        let length = self.client.call_counting(self.request.as_bytes())?;
        let took = begun.elapsed();
        ensure!(
            length == expected,
            "a reply of {length} bytes, {expected} before"
        );
        Ok(piece as f64 / took.as_secs_f64())
    }

    pub(super) fn into_client(self) -> Client {
        self.client
    }
}

impl Writer<'_> {
    /// Writes the next piece, after the last the first into an empty file; returns bytes of the
    /// file a second.
    pub(super) fn write(&mut self) -> Result<f64> {
        let handle = match self.open {
            Some(handle) => handle,
            None => open(&mut self.client, &self.path, "w")?,
        };
        let (from, bytes) = (self.next * self.content.piece, &self.content.bytes);
        let piece = &bytes[from..bytes.len().min(from + self.content.piece)];
        let rate = write_piece(&mut self.client, handle, piece)?;
        if from + piece.len() == bytes.len() {
            close(&mut self.client, handle)?;
            (self.open, self.next) = (None, 0);
        } else {
            (self.open, self.next) = (Some(handle), self.next + 1);
        }
        Ok(rate)
    }

    pub(super) fn into_client(self) -> Client {
        self.client
    }
}

fn write_piece(client: &mut Client, handle: i64, piece: &[u8]) -> Result<f64> {
    let head = format!(
        "{{\"execute\":\"guest-file-write\",\"arguments\":{{\"handle\":{handle},\"buf-b64\":\""
    );
    let tail = format!("\",\"count\":{}}}}}\n", piece.len());
    let payload = STANDARD.encode(piece);
    let parts = [head.as_bytes(), payload.as_bytes(), tail.as_bytes()];
    let begun = Instant::now();
    let reply = client.call_in_parts(&parts)?;
    let took = begun.elapsed();
    let written = returned(reply)?;
    ensure!(written["count"] == piece.len(), "it wrote {written}");
    Ok(piece.len() as f64 / took.as_secs_f64())
}

fn check_payload(reply: &Value, piece: &[u8]) -> Result<()> {
    ensure!(reply["count"] == piece.len(), "it read {}", reply["count"]);
    let payload = reply["buf-b64"].as_str().context("a read without data")?;
    let decoded = STANDARD.decode(payload).context("not base64")?;
    ensure!(decoded == piece, "it read something else");
    Ok(())
}

fn open(client: &mut Client, path: &str, mode: &str) -> Result<i64> {
    let request = request("guest-file-open", json!({"path": path, "mode": mode}));
    let handle = client.value(request.as_bytes())?;
    handle.as_i64().context("guest-file-open without a handle")
}

fn close(client: &mut Client, handle: i64) -> Result<()> {
    let request = request("guest-file-close", json!({"handle": handle}));
    client.call(request.as_bytes()).map(|_| ())
}

fn request(command: &str, arguments: Value) -> String {
    format!("{}\n", json!({"execute": command, "arguments": arguments}))
}
