//! One logged-in connection, with the jump hosts that carry it.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use lifecycle::ports::ShellError;
use russh::client::{self, Config, Handle, Msg};
use russh::keys::{Algorithm, EcdsaCurve, HashAlg};
use russh::{Channel, ChannelStream, Disconnect, Preferred, SshId, cipher, kex};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::budget::Budget;
use crate::dial::{CONNECT, dial};
use crate::host_key::HostKeyJudge;
use crate::login;
use crate::target::{Stop, Target};
use crate::transport::{
    Ear, HandshakeError, Heard, Introduction, Lifeline, Severable, protocol_reason,
};

const HANDSHAKE: &str = "handshake";

/// How much a server may send ahead of what was consumed, for each command.
const WINDOW: u32 = 256 * 1024;

/// A connection on which nothing came for this long is probed; it ends after four silent ones.
const KEEPALIVE: Duration = Duration::from_secs(10);

/// A live connection. Dropping it ends its task and closes its socket.
pub(crate) struct Connection {
    handle: Handle<Ear>,
    heard: Arc<Heard>,
    _lifeline: Lifeline,
    _carrier: Option<Box<Connection>>,
}

impl Connection {
    /// Goes from machine to machine until the guest.
    pub(crate) async fn open(
        target: &Target,
        judge: &dyn HostKeyJudge,
        budget: Budget,
    ) -> Result<Self, ShellError> {
        let mut reached: Option<Box<Self>> = None;
        for stop in target.stops() {
            let connect = budget.at_most(target.connect_timeout);
            let stream: Box<dyn Stream> = match &reached {
                None => Box::new(dial(stop, connect).await?),
                Some(jump) => Box::new(connect.wait(CONNECT, jump.tunnel(stop)).await??),
            };
            let login = budget.at_most(target.login_timeout);
            reached = Some(Box::new(
                Self::over(stream, stop, judge, login, reached).await?,
            ));
        }
        Ok(*reached.expect("a target has at least itself as a stop"))
    }

    async fn over(
        stream: Box<dyn Stream>,
        stop: Stop<'_>,
        judge: &dyn HostKeyJudge,
        budget: Budget,
        carrier: Option<Box<Self>>,
    ) -> Result<Self, ShellError> {
        let (stream, lifeline) = Severable::new(stream);
        let heard = Arc::new(Heard::default());
        let (ear, introduced) = Ear::new(Arc::clone(&heard));
        let config = config(&judge.preferred_algorithms(stop.host, stop.port));
        let shaken = client::connect_stream(config, stream, ear);
        let judged = judge_when_introduced(introduced, stop, judge);
        let mut handle = budget
            .wait(HANDSHAKE, handshake(shaken, judged))
            .await?
            .map_err(|error| handshake_error(stop, error))?;
        budget
            .wait("login", login::log_in(&mut handle, stop, &heard))
            .await??;
        tracing::debug!(
            host = stop.host,
            port = stop.port,
            user = stop.user,
            "logged in"
        );
        Ok(Self {
            handle,
            heard,
            _lifeline: lifeline,
            _carrier: carrier,
        })
    }

    /// Opens a channel for one command.
    pub(crate) async fn session(&self) -> Result<Channel<Msg>, russh::Error> {
        self.handle.channel_open_session().await
    }

    /// Whether the connection is known to have ended.
    pub(crate) fn is_closed(&self) -> bool {
        self.handle.is_closed()
    }

    /// Why the connection ended, as far as that is known.
    pub(crate) fn ending(&self) -> String {
        self.heard
            .ending
            .get()
            .cloned()
            .unwrap_or_else(|| "the server closed it".to_owned())
    }

    /// Says goodbye, as long as that takes no time.
    pub(crate) async fn close(mut self) {
        let goodbye = async {
            let said = self.handle.disconnect(Disconnect::ByApplication, "", "");
            if said.await.is_ok() {
                let _ = (&mut self.handle).await;
            }
        };
        let _ = tokio::time::timeout(Duration::from_secs(1), goodbye).await;
    }

    async fn tunnel(&self, next: Stop<'_>) -> Result<ChannelStream<Msg>, ShellError> {
        let opened = self
            .handle
            .channel_open_direct_tcpip(next.host, u32::from(next.port), "127.0.0.1", 0)
            .await;
        match opened {
            Ok(channel) => Ok(channel.into_stream()),
            Err(error) => Err(ShellError::Unreachable(format!(
                "{} cannot be reached from the jump host: {} (is it up, and does the jump host \
                 have AllowTcpForwarding?)",
                next.address(),
                protocol_reason(&error)
            ))),
        }
    }
}

/// A TCP connection, or a channel of a jump host.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// Drives the handshake, and the verdict on the host key that it waits for.
async fn handshake(
    shaken: impl Future<Output = Result<Handle<Ear>, HandshakeError>>,
    judged: impl Future<Output = ()>,
) -> Result<Handle<Ear>, HandshakeError> {
    tokio::pin!(shaken);
    tokio::select! {
        biased;
        outcome = &mut shaken => outcome,
        () = judged => shaken.await,
    }
}

async fn judge_when_introduced(
    introduced: tokio::sync::oneshot::Receiver<Introduction>,
    stop: Stop<'_>,
    judge: &dyn HostKeyJudge,
) {
    if let Ok(Introduction { key, verdict }) = introduced.await {
        let _ = verdict.send(judge.judge(stop.host, stop.port, &key).await);
    }
}

fn handshake_error(stop: Stop<'_>, error: HandshakeError) -> ShellError {
    match error {
        HandshakeError::HostKey(refusal) => ShellError::HostKey(refusal),
        HandshakeError::Protocol(russh::Error::UnknownKey) => ShellError::HostKey(format!(
            "{} presented a host key that cannot be judged",
            stop.address()
        )),
        HandshakeError::Protocol(russh::Error::Version) => ShellError::Unreachable(format!(
            "{} answers, but not with SSH (is the port right?)",
            stop.address()
        )),
        HandshakeError::Protocol(error) => ShellError::Unreachable(format!(
            "the SSH handshake with {} failed: {}",
            stop.address(),
            protocol_reason(&error)
        )),
    }
}

fn config(trusted: &[String]) -> Arc<Config> {
    Arc::new(Config {
        client_id: SshId::Standard(Cow::Borrowed(concat!(
            "SSH-2.0-hospes_",
            env!("CARGO_PKG_VERSION")
        ))),
        window_size: WINDOW,
        channel_buffer_size: 16,
        keepalive_interval: Some(KEEPALIVE),
        preferred: Preferred {
            kex: Cow::Borrowed(KEY_EXCHANGES),
            key: Cow::Owned(host_key_algorithms(trusted)),
            cipher: Cow::Borrowed(CIPHERS),
            ..Preferred::DEFAULT
        },
        ..Config::default()
    })
}

/// The cheapest first. A guest that runs under emulation has no AES instructions.
const CIPHERS: &[cipher::Name] = &[
    cipher::CHACHA20_POLY1305,
    cipher::AES_128_GCM,
    cipher::AES_256_GCM,
    cipher::AES_128_CTR,
    cipher::AES_192_CTR,
    cipher::AES_256_CTR,
];

/// The cheapest first; the NIST curves are what a server in FIPS mode offers.
const KEY_EXCHANGES: &[kex::Name] = &[
    kex::CURVE25519,
    kex::CURVE25519_PRE_RFC_8731,
    kex::MLKEM768X25519_SHA256,
    kex::ECDH_SHA2_NISTP256,
    kex::ECDH_SHA2_NISTP384,
    kex::ECDH_SHA2_NISTP521,
    kex::DH_G14_SHA256,
    kex::DH_G16_SHA512,
    kex::DH_GEX_SHA256,
    kex::EXTENSION_SUPPORT_AS_CLIENT,
    kex::EXTENSION_OPENSSH_STRICT_KEX_AS_CLIENT,
];

/// Without SHA-1 signatures. An RSA key signs with SHA-2 (RFC 8332).
const HOST_KEYS: [Algorithm; 6] = [
    Algorithm::Ed25519,
    Algorithm::Ecdsa {
        curve: EcdsaCurve::NistP256,
    },
    Algorithm::Ecdsa {
        curve: EcdsaCurve::NistP384,
    },
    Algorithm::Ecdsa {
        curve: EcdsaCurve::NistP521,
    },
    Algorithm::Rsa {
        hash: Some(HashAlg::Sha512),
    },
    Algorithm::Rsa {
        hash: Some(HashAlg::Sha256),
    },
];

/// The algorithms of trusted keys first, in their order, then the others.
fn host_key_algorithms(trusted: &[String]) -> Vec<Algorithm> {
    let is_of = |algorithm: &Algorithm, name: &str| match algorithm {
        Algorithm::Rsa { .. } => name == "ssh-rsa",
        other => other.as_str() == name,
    };
    let mut ordered = HOST_KEYS.to_vec();
    ordered.sort_by_key(|algorithm| {
        trusted
            .iter()
            .position(|name| is_of(algorithm, name))
            .unwrap_or(trusted.len())
    });
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trusted_algorithms_are_asked_for_first() {
        let trusted = ["ssh-rsa".to_owned(), "ecdsa-sha2-nistp384".to_owned()];
        let names: Vec<String> = host_key_algorithms(&trusted)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            names,
            [
                "rsa-sha2-512",
                "rsa-sha2-256",
                "ecdsa-sha2-nistp384",
                "ssh-ed25519",
                "ecdsa-sha2-nistp256",
                "ecdsa-sha2-nistp521"
            ]
        );
    }
}
