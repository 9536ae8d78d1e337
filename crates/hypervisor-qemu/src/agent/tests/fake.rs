//! A peer that does what its script says.

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use qga::{Answer, Reply, Request, RequestDecoder, RequestEvent, RequestLimits};
use serde_json::json;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;

use super::*;

/// Listens on a socket of its own; each connection runs the script.
pub(super) struct FakeAgent {
    directory: TempDir,
    task: JoinHandle<()>,
    written: Arc<AtomicUsize>,
}

impl FakeAgent {
    pub(super) fn start<S, F>(script: S) -> Self
    where
        S: Fn(Peer) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let directory = TempDir::new().unwrap();
        let listener = UnixListener::bind(directory.path().join("fake.sock")).unwrap();
        let written = Arc::new(AtomicUsize::new(0));
        let counter = written.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                script(Peer::new(stream, counter.clone())).await;
            }
        });
        Self {
            directory,
            task,
            written,
        }
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.directory.path().join("fake.sock")
    }

    pub(super) fn client(&self) -> AgentClient {
        AgentClient::new(self.socket())
    }

    /// Bytes that the peers could get rid of so far.
    pub(super) fn written(&self) -> usize {
        self.written.load(Ordering::Relaxed)
    }
}

impl Drop for FakeAgent {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One connection, seen from the agent.
pub(super) struct Peer {
    stream: UnixStream,
    decoder: RequestDecoder,
    unread: Vec<u8>,
    written: Arc<AtomicUsize>,
}

impl Peer {
    fn new(stream: UnixStream, written: Arc<AtomicUsize>) -> Self {
        let decoder = RequestDecoder::new(RequestLimits::default());
        Self {
            stream,
            decoder,
            unread: Vec::new(),
            written,
        }
    }

    /// The next request; `None` when the client is gone.
    pub(super) async fn request(&mut self) -> Option<Request> {
        loop {
            let mut input = self.unread.as_slice();
            let event = self.decoder.next_event(&mut input);
            self.unread = input.to_vec();
            match event {
                Some(RequestEvent::Request(request)) => return Some(request),
                Some(RequestEvent::Rejected(_)) => {}
                None => {
                    let count = self.stream.read_buf(&mut self.unread).await.ok()?;
                    if count == 0 {
                        return None;
                    }
                }
            }
        }
    }

    /// The next request that is no synchronisation; those are answered as they should be.
    pub(super) async fn command(&mut self) -> Option<Request> {
        loop {
            let request = self.request().await?;
            if request.execute != "guest-sync-delimited" {
                return Some(request);
            }
            self.say(&synced(&request)).await?;
        }
    }

    /// `None` when the client is gone.
    pub(super) async fn say(&mut self, bytes: &[u8]) -> Option<()> {
        self.stream.write_all(bytes).await.ok()?;
        self.written.fetch_add(bytes.len(), Ordering::Relaxed);
        Some(())
    }
}

/// The reply that returns the request's name.
pub(super) fn answer(request: &Request) -> Vec<u8> {
    let answer = Answer::Return(json!(request.execute));
    Reply {
        answer,
        id: request.id.clone(),
    }
    .encode()
}

fn synced(request: &Request) -> Vec<u8> {
    let id = request
        .arguments
        .as_ref()
        .and_then(|arguments| arguments.get("id"))
        .cloned();
    let answer = Answer::Return(id.unwrap_or_default());
    Reply {
        answer,
        id: request.id.clone(),
    }
    .encode_delimited()
}
