//! The stream under a connection, and the client's ear on it.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use russh::client::{DisconnectReason, Handler, Session};
use russh::keys::PublicKeyOrCertificate;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::oneshot;

use crate::host_key::PresentedKey;

/// Held by the owner of a connection. Dropping it ends the connection's task, in whatever phase
/// it is: russh's task else waits for a silent peer for ever when a handshake is abandoned.
pub(crate) type Lifeline = oneshot::Sender<Infallible>;

/// A stream that fails once its [`Lifeline`] is gone.
pub(crate) struct Severable<S> {
    stream: S,
    lifeline: oneshot::Receiver<Infallible>,
    severed: bool,
}

impl<S: Unpin> Severable<S> {
    pub(crate) fn new(stream: S) -> (Self, Lifeline) {
        let (held, lifeline) = oneshot::channel();
        (
            Self {
                stream,
                lifeline,
                severed: false,
            },
            held,
        )
    }

    fn alive(&mut self, cx: &mut Context<'_>) -> io::Result<Pin<&mut S>> {
        self.severed = self.severed || Pin::new(&mut self.lifeline).poll(cx).is_ready();
        if self.severed {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        Ok(Pin::new(&mut self.stream))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Severable<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.alive(cx)?.poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Severable<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.alive(cx)?.poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.alive(cx)?.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.alive(cx)?.poll_shutdown(cx)
    }
}

/// What was heard on a connection besides answers.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// What the server said before the login (RFC 4252, 5.4). PAM gives its reasons here: the
    /// system boots, the account has expired.
    pub(crate) banner: OnceLock<String>,
    /// Why the connection ended.
    pub(crate) ending: OnceLock<String>,
}

/// The machine's host key, waiting for a verdict.
pub(crate) struct Introduction {
    pub(crate) key: PresentedKey,
    pub(crate) verdict: oneshot::Sender<Result<(), String>>,
}

/// What russh tells about a connection.
pub(crate) struct Ear {
    introduce: Option<oneshot::Sender<Introduction>>,
    heard: Arc<Heard>,
}

impl Ear {
    /// The key is sent to the one who connects, so that judging stops when connecting is
    /// abandoned.
    pub(crate) fn new(heard: Arc<Heard>) -> (Self, oneshot::Receiver<Introduction>) {
        let (introduce, introduced) = oneshot::channel();
        (
            Self {
                introduce: Some(introduce),
                heard,
            },
            introduced,
        )
    }
}

/// Why a handshake failed.
#[derive(Debug)]
pub(crate) enum HandshakeError {
    HostKey(String),
    Protocol(russh::Error),
}

impl From<russh::Error> for HandshakeError {
    fn from(error: russh::Error) -> Self {
        Self::Protocol(error)
    }
}

impl Handler for Ear {
    type Error = HandshakeError;

    async fn check_server_key(
        &mut self,
        presented: &PublicKeyOrCertificate,
    ) -> Result<bool, HandshakeError> {
        let key = match presented {
            PublicKeyOrCertificate::PublicKey { key, .. } => PresentedKey::of(key),
            PublicKeyOrCertificate::Certificate(_) => None,
        };
        let (Some(key), Some(introduce)) = (key, self.introduce.take()) else {
            return Ok(false);
        };
        let (verdict, decided) = oneshot::channel();
        if introduce.send(Introduction { key, verdict }).is_err() {
            return Ok(false);
        }
        match decided.await {
            Ok(Ok(())) => Ok(true),
            Ok(Err(refusal)) => Err(HandshakeError::HostKey(refusal)),
            Err(_) => Ok(false),
        }
    }

    async fn auth_banner(
        &mut self,
        banner: &str,
        _session: &mut Session,
    ) -> Result<(), HandshakeError> {
        let _ = self.heard.banner.set(printable(banner));
        Ok(())
    }

    async fn disconnected(
        &mut self,
        reason: DisconnectReason<HandshakeError>,
    ) -> Result<(), HandshakeError> {
        let reason = match reason {
            DisconnectReason::ReceivedDisconnect(info) => {
                format!("the server ended it: {}", printable(&info.message))
            }
            DisconnectReason::Error(HandshakeError::Protocol(error)) => protocol_reason(&error),
            DisconnectReason::Error(HandshakeError::HostKey(refusal)) => refusal,
        };
        tracing::debug!(reason, "ssh connection ended");
        let _ = self.heard.ending.set(reason);
        Ok(())
    }
}

/// A protocol error in words of the field.
pub(crate) fn protocol_reason(error: &russh::Error) -> String {
    match error {
        russh::Error::Disconnect | russh::Error::HUP => "the server closed it".to_owned(),
        russh::Error::IO(e) if e.kind() == io::ErrorKind::UnexpectedEof => {
            "the server closed it".to_owned()
        }
        russh::Error::KeepaliveTimeout => "the server stopped answering".to_owned(),
        russh::Error::NoCommonAlgo { kind, ours, theirs } => format!(
            "no {kind:?} algorithm in common; the server offers {}, wanted is one of {}",
            printable(&theirs.join(", ")),
            ours.join(", ")
        ),
        other => printable(&other.to_string()),
    }
}

/// At most 300 characters of what the other side says, without control characters.
pub(crate) fn printable(text: &str) -> String {
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    text.chars()
        .take(300)
        .map(clean)
        .collect::<String>()
        .trim()
        .to_owned()
}
