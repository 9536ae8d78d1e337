//! Files through the agent: how fast their contents pass.

use std::time::{Duration, Instant};

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

    fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        self.bytes.chunks(self.piece)
    }

    /// Reads the file `path`, which has this content, and compares it. Returns how long the lines
    /// of the replies were.
    pub(super) fn check(&self, client: &mut Client, path: &str) -> Result<Vec<usize>> {
        let handle = open(client, path, "r")?;
        let request = self.read_request(handle);
        let check = |piece| {
            let line = client.call(request.as_bytes())?;
            check_payload(&returned(line)?, piece)?;
            Ok(line.len())
        };
        let lines = self.pieces().map(check).collect::<Result<_>>()?;
        close(client, handle)?;
        Ok(lines)
    }

    /// Reads it once more; returns bytes of the file a second. `lines` is what [`Self::check`] saw:
    /// a line as long as that has as much of the file.
    pub(super) fn read(&self, client: &mut Client, path: &str, lines: &[usize]) -> Result<f64> {
        let handle = open(client, path, "r")?;
        let request = self.read_request(handle);
        let mut took = Duration::ZERO;
        for line in lines {
            let begun = Instant::now();
            let length = client.call_counting(request.as_bytes())?;
            took += begun.elapsed();
            ensure!(length == *line, "a reply of {length} bytes, {line} before");
        }
        close(client, handle)?;
        Ok(self.bytes.len() as f64 / took.as_secs_f64())
    }

    /// Makes the file `path` with this content; returns bytes of it a second.
    pub(super) fn write(&self, client: &mut Client, path: &str) -> Result<f64> {
        let handle = open(client, path, "w")?;
        let mut took = Duration::ZERO;
        for piece in self.pieces() {
            let (head, tail) = around_payload(handle, piece.len());
            let payload = STANDARD.encode(piece);
            let parts = [head.as_bytes(), payload.as_bytes(), tail.as_bytes()];
            let begun = Instant::now();
            let reply = client.call_in_parts(&parts)?;
            took += begun.elapsed();
            let written = returned(reply)?;
            ensure!(written["count"] == piece.len(), "it wrote {written}");
        }
        close(client, handle)?;
        Ok(self.bytes.len() as f64 / took.as_secs_f64())
    }

    fn read_request(&self, handle: i64) -> String {
        let arguments = json!({"handle": handle, "count": self.piece});
        request("guest-file-read", arguments)
    }
}

fn check_payload(reply: &Value, piece: &[u8]) -> Result<()> {
    ensure!(reply["count"] == piece.len(), "it read {}", reply["count"]);
    let payload = reply["buf-b64"].as_str().context("a read without data")?;
    let decoded = STANDARD.decode(payload).context("not base64")?;
    ensure!(decoded == piece, "it read something else");
    Ok(())
}

/// `guest-file-write` before and after its data.
fn around_payload(handle: i64, count: usize) -> (String, String) {
    let head = format!(
        "{{\"execute\":\"guest-file-write\",\"arguments\":{{\"handle\":{handle},\"buf-b64\":\""
    );
    (head, format!("\",\"count\":{count}}}}}\n"))
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
