//! The certificate that an endpoint shows, before anybody logs in.

use std::time::Duration;

use pve::{Call, Endpoint, Method, Trust};
use reqwest::header::HeaderMap;
use tokio::time::timeout;

use super::ClientError;
use super::transport::{SendError, Transport};

/// What an endpoint has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presented {
    /// A certificate that is trusted.
    Trusted,
    /// One that is not.
    Untrusted {
        /// Its SHA-256 fingerprint, `AB:CD:..`.
        fingerprint: String,
        /// What is wrong with it.
        why: String,
    },
}

/// Looks at the certificate of `endpoint`. Nothing secret is sent, and to an untrusted one nothing at
/// all.
///
/// # Errors
/// It cannot be reached, or it does not speak TLS.
pub async fn presented(
    endpoint: &Endpoint,
    trust: Trust,
    within: Duration,
) -> Result<Presented, ClientError> {
    // It is answered without a login, and at once.
    let call = Call::new(Method::Get, &["access", "ticket"]);
    let (transport, headers) = (Transport::new(&trust, within).await?, HeaderMap::new());
    let sent = timeout(within, transport.send(endpoint, &call, &headers));
    let sent = sent.await.map_err(|_| ClientError::TimedOut {
        endpoint: endpoint.to_string(),
        after: within,
    })?;
    match sent {
        Err(SendError::Untrusted(rejected)) => Ok(Presented::Untrusted {
            fingerprint: rejected.presented,
            why: rejected.why,
        }),
        Err(SendError::NotSent(why)) => Err(ClientError::Unreachable(format!(
            "{endpoint} cannot be reached over HTTPS: {why}"
        ))),
        // Whatever it said, or did not say, it was said behind a certificate that is trusted.
        Ok(_) | Err(SendError::Lost(_) | SendError::Garbage(_)) => Ok(Presented::Trusted),
    }
}
