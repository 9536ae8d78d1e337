//! A blocking client that costs next to nothing.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

/// Nothing that is measured takes as long: 16 MiB to an emulated guest need half a minute.
const DEADLINE: Duration = Duration::from_secs(180);

/// No id of a client that was here before, the lab's others included.
static SYNC_IDS: AtomicU64 = AtomicU64::new(7_000_000_000);

/// How much one read takes, and what the buffer grows by at least.
const CHUNK: usize = 1 << 20;

/// Replies that an agent owes to a client before this one.
const MOST_STALE_REPLIES: usize = 100;

/// A connection, and the room for one reply. The room is kept, so that its pages are in memory when
/// the clock runs.
pub(super) struct Client {
    stream: UnixStream,
    room: Vec<u8>,
}

impl Client {
    /// Connects and waits for the answer to a `guest-sync`.
    pub(super) fn connect(socket: &Path) -> Result<Self> {
        let stream = UnixStream::connect(socket)
            .with_context(|| format!("cannot connect to {}", socket.display()))?;
        stream
            .set_read_timeout(Some(DEADLINE))
            .and_then(|()| stream.set_write_timeout(Some(DEADLINE)))
            .context("cannot set a deadline")?;
        let room = vec![0; 2 * CHUNK];
        let mut client = Self { stream, room };
        client.sync()?;
        Ok(client)
    }

    fn sync(&mut self) -> Result<()> {
        let id = SYNC_IDS.fetch_add(1, Ordering::Relaxed);
        let request = format!("{{\"execute\":\"guest-sync\",\"arguments\":{{\"id\":{id}}}}}\n");
        self.send(&[request.as_bytes()])?;
        for _ in 0..MOST_STALE_REPLIES {
            let reply: Value = serde_json::from_slice(self.line()?).context("not JSON")?;
            if reply["return"] == id {
                return Ok(());
            }
        }
        bail!("no answer to guest-sync")
    }

    /// Sends one request and returns the line that answers it, with its newline.
    pub(super) fn call(&mut self, request: &[u8]) -> Result<&[u8]> {
        self.call_in_parts(&[request])
    }

    /// The same for a request in several parts, which are sent one after the other.
    pub(super) fn call_in_parts(&mut self, parts: &[&[u8]]) -> Result<&[u8]> {
        self.send(parts)?;
        let line = self.line()?;
        ensure!(
            line.starts_with(b"{\"return\""),
            "refused: {}",
            String::from_utf8_lossy(&line[..line.len().min(300)])
        );
        Ok(line)
    }

    /// What one request returns, decoded.
    pub(super) fn value(&mut self, request: &[u8]) -> Result<Value> {
        returned(self.call(request)?)
    }

    /// Sends one request and counts the bytes of the line that answers it. They stay in the
    /// processor's cache, so that writing them down is not what is measured.
    pub(super) fn call_counting(&mut self, request: &[u8]) -> Result<usize> {
        self.send(&[request])?;
        let mut total = 0;
        loop {
            let chunk = &mut self.room[..CHUNK];
            let count = self.stream.read(chunk).context("no answer")?;
            ensure!(count > 0, "the agent closed the connection");
            total += count;
            if self.room[count - 1] == b'\n' {
                return Ok(total);
            }
        }
    }

    fn send(&mut self, parts: &[&[u8]]) -> Result<()> {
        for part in parts {
            self.stream.write_all(part).context("cannot send")?;
        }
        Ok(())
    }

    /// One line. Nothing was asked after it, so its newline is the last byte of what has come, and
    /// there is no need to search for it.
    fn line(&mut self) -> Result<&[u8]> {
        let mut end = 0;
        loop {
            if self.room.len() - end < CHUNK {
                self.room.resize(2 * self.room.len(), 0);
            }
            let room = &mut self.room[end..end + CHUNK];
            let count = self.stream.read(room).context("no answer")?;
            ensure!(count > 0, "the agent closed the connection");
            end += count;
            if self.room[end - 1] == b'\n' {
                return Ok(&self.room[..end]);
            }
        }
    }
}

/// The member `return` of a reply.
pub(super) fn returned(reply: &[u8]) -> Result<Value> {
    let mut reply: Value = serde_json::from_slice(reply).context("not JSON")?;
    Ok(reply["return"].take())
}
