//! A connection that is given up when the guest is too slow.
//!
//! ```text
//!          first byte            head complete           reply ready
//! idle ───────────────► head ──────────────────► at work ────────────► reply ──► idle
//!   └─ limits.idle        └─ request_within         (no limit here)      └─ reply_within
//! ```
//!
//! A body has its limit where it is read, and a hanging GET lasts as long as it may, or until the
//! guest has gone: hyper looks for that only while it holds nothing of a next request.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use crate::Limits;

/// Bytes of next requests that are taken, beside those that hyper holds, while a GET hangs. Who
/// sends more is not heard to the end.
const AHEAD: usize = 8 << 10;

/// What the connection's requests tell its stream.
#[derive(Debug, Default)]
pub(super) struct Progress {
    requests: AtomicU32,
    is_at_work: AtomicBool,
    is_hanging: AtomicBool,
}

/// A request is being worked on until this is dropped.
pub(super) struct AtWork<'a>(&'a Progress);

/// A stream with time limits.
pub(super) struct Paced<S> {
    stream: S,
    limits: Arc<Limits>,
    progress: Arc<Progress>,
    /// The request whose first bytes have come.
    head_of: Option<u32>,
    is_reply_stuck: bool,
    wait: Wait,
    timer: Pin<Box<Sleep>>,
    /// What came while a GET hung, and was not read yet.
    ahead: Vec<u8>,
}

/// What is waited for, and after how many requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wait {
    Idle(u32),
    Head(u32),
    Reply(u32),
}

impl Progress {
    pub(super) fn begin(&self) -> AtWork<'_> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.is_at_work.store(true, Ordering::Relaxed);
        AtWork(self)
    }
}

impl AtWork<'_> {
    /// From now on it waits for a change.
    pub(super) fn hangs(&self) {
        self.0.is_hanging.store(true, Ordering::Relaxed);
    }
}

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        self.0.is_hanging.store(false, Ordering::Relaxed);
        self.0.is_at_work.store(false, Ordering::Relaxed);
    }
}

impl<S> Paced<S> {
    pub(super) fn new(stream: S, limits: Arc<Limits>, progress: Arc<Progress>) -> Self {
        let timer = Box::pin(tokio::time::sleep(limits.request_within));
        Self {
            stream,
            limits,
            progress,
            // Who connects has something to say.
            head_of: Some(0),
            is_reply_stuck: false,
            wait: Wait::Head(0),
            timer,
            ahead: Vec::new(),
        }
    }

    fn requests(&self) -> u32 {
        self.progress.requests.load(Ordering::Relaxed)
    }

    fn is_at_work(&self) -> bool {
        self.progress.is_at_work.load(Ordering::Relaxed)
    }

    /// Nothing came.
    fn poll_read_in_time(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_at_work() || self.is_reply_stuck {
            return Poll::Pending;
        }
        let requests = self.requests();
        let wait = if self.head_of == Some(requests) {
            Wait::Head(requests)
        } else {
            Wait::Idle(requests)
        };
        self.poll_in_time(wait, cx)
    }

    fn poll_in_time(&mut self, wait: Wait, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.wait != wait {
            self.wait = wait;
            let within = match wait {
                Wait::Idle(_) => self.limits.idle,
                Wait::Head(_) => self.limits.request_within,
                Wait::Reply(_) => self.limits.reply_within,
            };
            self.timer.as_mut().reset(Instant::now() + within);
        }
        let is_over = self.timer.as_mut().poll(cx);
        is_over.map(|()| Err(io::ErrorKind::TimedOut.into()))
    }

    /// A reply that is not taken is given up in the end, however often a little of it is.
    fn poll_write_in_time(
        &mut self,
        written: Poll<io::Result<usize>>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        self.is_reply_stuck = written.is_pending();
        if written.is_ready() {
            return written;
        }
        let wait = Wait::Reply(self.requests());
        self.poll_in_time(wait, cx).map_ok(|()| 0)
    }
}

impl<S: AsyncRead + Unpin> Paced<S> {
    /// Reads ahead, since the end of what a guest sends is behind all that it has sent.
    fn look_for_the_end(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let mut block = [0; 1024];
        loop {
            let mut buffer = ReadBuf::new(&mut block);
            match Pin::new(&mut self.stream).poll_read(cx, &mut buffer) {
                Poll::Pending => return Ok(()),
                Poll::Ready(read) => read?,
            }
            let come = buffer.filled();
            if come.is_empty() || self.ahead.len() + come.len() > AHEAD {
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
            self.ahead.extend_from_slice(come);
        }
    }

    fn poll_read_stream(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.ahead.is_empty() {
            return Pin::new(&mut self.stream).poll_read(cx, buffer);
        }
        let count = self.ahead.len().min(buffer.remaining());
        buffer.put_slice(&self.ahead[..count]);
        self.ahead.drain(..count);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let read = this.poll_read_stream(cx, buffer);
        if read.is_pending() {
            return this.poll_read_in_time(cx);
        }
        if buffer.filled().len() > before && !this.is_at_work() {
            this.head_of = Some(this.requests());
        }
        read
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(cx, bytes);
        this.poll_write_in_time(written, cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write_vectored(cx, parts);
        this.poll_write_in_time(written, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        // What hyper calls whenever it is woken.
        if this.progress.is_hanging.load(Ordering::Relaxed) {
            this.look_for_the_end(cx)?;
        }
        Pin::new(&mut this.stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    use super::*;

    const IDLE: Duration = Duration::from_secs(90);
    const HEAD: Duration = Duration::from_secs(10);
    const REPLY: Duration = Duration::from_secs(30);

    fn pair() -> (Paced<DuplexStream>, DuplexStream, Arc<Progress>) {
        let (server, guest) = duplex(64);
        let progress = Arc::new(Progress::default());
        let limits = Limits {
            idle: IDLE,
            request_within: HEAD,
            reply_within: REPLY,
            ..Limits::default()
        };
        let paced = Paced::new(server, Arc::new(limits), progress.clone());
        (paced, guest, progress)
    }

    /// Reads until an error, and tells after how long it came.
    async fn given_up_after(paced: &mut Paced<DuplexStream>) -> Duration {
        let begun = Instant::now();
        let mut buffer = [0; 16];
        loop {
            match paced.read(&mut buffer).await {
                Ok(_) => {}
                Err(error) => {
                    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
                    return begun.elapsed();
                }
            }
        }
    }

    fn about(seen: Duration, wanted: Duration) {
        assert!(
            seen >= wanted && seen < wanted + Duration::from_secs(1),
            "{seen:?}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_trickles_in_is_given_up_in_time() {
        let (mut paced, mut guest, _) = pair();
        let trickle = tokio::spawn(async move {
            while guest.write_all(b"X").await.is_ok() {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
        about(given_up_after(&mut paced).await, HEAD);
        trickle.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn who_connects_and_says_nothing_is_given_up_like_a_slow_head() {
        let (mut paced, _guest, _) = pair();
        about(given_up_after(&mut paced).await, HEAD);
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_request_a_connection_may_rest_and_then_gets_the_time_of_a_head() {
        let (mut paced, mut guest, progress) = pair();
        for _ in 0..2 {
            guest.write_all(b"GET").await.unwrap();
            paced.read_exact(&mut [0; 3]).await.unwrap();
            drop(progress.begin());
        }
        about(given_up_after(&mut paced).await, IDLE);
        guest.write_all(b"GE").await.unwrap();
        about(given_up_after(&mut paced).await, HEAD);
    }

    #[tokio::test(start_paused = true)]
    async fn a_hanging_get_is_not_given_up() {
        let (mut paced, _guest, progress) = pair();
        let _work = progress.begin();
        let hour = Duration::from_secs(3600);
        let read = tokio::time::timeout(hour, paced.read(&mut [0; 16])).await;
        assert!(read.is_err(), "{read:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_reply_that_is_taken_byte_by_byte_is_given_up_in_time() {
        let (mut paced, mut guest, progress) = pair();
        drop(progress.begin());
        let sips = tokio::spawn(async move {
            while guest.read_u8().await.is_ok() {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
        let begun = Instant::now();
        let error = paced.write_all(&[0; 4096]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        about(begun.elapsed(), REPLY);
        sips.abort();
    }
}
