//! The endpoints of a cluster, asked in turn.
//!
//! ```text
//! next endpoint ─► not reached ─────────────────────────► the next one
//!    ▲             595, or another loss behind a proxy     │
//!    │             of a call that may be repeated ─────────┤
//!    └─────────────────────────────────────────────────────┘
//!                  an answer ─► it; this endpoint is the first from now on
//!                  a certificate that is not trusted ─► the end, whatever others would show
//!                  lost, or too late ─► the end; another endpoint is the first from now on
//! ```

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use pve::{Answer, Call, ClusterSettings, Endpoint, Failure, Method, Trust};
use reqwest::header::HeaderMap;
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout_at};

use super::ClientError;
use super::transport::{SendError, Transport};
use super::trust::Rejected;

/// The way to a cluster.
#[derive(Debug)]
pub(super) struct Wire {
    settings: ClusterSettings,
    transport: OnceCell<Transport>,
    first: AtomicUsize,
}

/// What a proxy says when it could not connect to the node behind it: nothing was done there. 596,
/// 599 and the gateway errors may also come after the request was sent.
const NOT_CONNECTED: u16 = 595;

/// The other statuses with which a proxy says that it has no answer of the node behind it.
const NO_ANSWER: [u16; 7] = [502, 503, 504, 596, 597, 598, 599];

/// Calls that only read, though they are POSTs.
const READING_POSTS: [&str; 2] = ["/agent/ping", "/agent/fsfreeze-status"];

/// Whether a call that is made twice does no more than once.
pub(super) fn is_repeatable(call: &Call) -> bool {
    match call.method {
        Method::Get => true,
        Method::Post => READING_POSTS.iter().any(|it| call.path.ends_with(it)),
        Method::Put | Method::Delete => false,
    }
}

/// What came of asking one endpoint.
enum Round {
    Answered(Answer),
    /// Another one may be asked; this is what to say if there is none.
    Next(Elsewhere),
}

enum Elsewhere {
    NotReached(String),
    NoNode(Answer),
}

impl Wire {
    pub(super) const fn new(settings: ClusterSettings) -> Self {
        Self {
            settings,
            transport: OnceCell::const_new(),
            first: AtomicUsize::new(0),
        }
    }

    pub(super) const fn settings(&self) -> &ClusterSettings {
        &self.settings
    }

    /// Sends a call to the first endpoint that can be reached, and waits until `end`.
    pub(super) async fn send(
        &self,
        call: &Call,
        headers: &HeaderMap,
        end: Instant,
    ) -> Result<Answer, ClientError> {
        let make = || Transport::new(&self.settings.trust, connect(&self.settings));
        let transport = self.transport.get_or_try_init(make).await?;
        let begun = Instant::now();
        let mut reasons = Vec::new();
        let mut no_node = None;
        for (index, endpoint) in self.in_turn() {
            let sent = transport.send(endpoint, call, headers);
            let sent = timeout_at(end, sent).await;
            let sent = sent.map_err(|_| ClientError::TimedOut {
                endpoint: endpoint.to_string(),
                after: begun.elapsed(),
            });
            match sent.and_then(|sent| self.judge(call, endpoint, sent)) {
                Ok(Round::Answered(answer)) => {
                    self.first.store(index, Ordering::Relaxed);
                    return Ok(answer);
                }
                Ok(Round::Next(Elsewhere::NotReached(reason))) => reasons.push(reason),
                Ok(Round::Next(Elsewhere::NoNode(answer))) => no_node = Some(answer),
                Err(error) => {
                    if matches!(error, ClientError::Lost(_) | ClientError::TimedOut { .. }) {
                        self.first.store(index + 1, Ordering::Relaxed);
                    }
                    return Err(error);
                }
            }
        }
        no_node.ok_or_else(|| self.unreachable(&reasons))
    }

    /// The endpoints, the one that worked last first.
    fn in_turn(&self) -> impl Iterator<Item = (usize, &Endpoint)> {
        let endpoints = &self.settings.endpoints;
        let first = self.first.load(Ordering::Relaxed) % endpoints.len().max(1);
        let numbered = endpoints.iter().enumerate();
        numbered.cycle().skip(first).take(endpoints.len())
    }

    fn judge(
        &self,
        call: &Call,
        endpoint: &Endpoint,
        sent: Result<Answer, SendError>,
    ) -> Result<Round, ClientError> {
        match sent {
            Ok(answer) if answer.status == NOT_CONNECTED => {
                Ok(Round::Next(Elsewhere::NoNode(answer)))
            }
            Ok(answer) if NO_ANSWER.contains(&answer.status) => match is_repeatable(call) {
                true => Ok(Round::Next(Elsewhere::NoNode(answer))),
                false => {
                    let why = format!("{} {}", answer.status, answer.reason);
                    Err(lost(call, endpoint, &why))
                }
            },
            Ok(answer) => Ok(Round::Answered(answer)),
            Err(SendError::NotSent(why)) => {
                let reason = format!("{endpoint}: {why}");
                Ok(Round::Next(Elsewhere::NotReached(reason)))
            }
            Err(SendError::Untrusted(rejected)) => Err(self.untrusted(endpoint, &rejected)),
            Err(SendError::Lost(why)) => Err(lost(call, endpoint, &why)),
            Err(SendError::Garbage(why)) => Err(Failure::Garbage(why).into()),
        }
    }

    fn unreachable(&self, reasons: &[String]) -> ClientError {
        let name = &self.settings.name;
        let reasons = reasons.join("; ");
        ClientError::Unreachable(format!(
            "cluster {name} cannot be reached ({reasons}); check its endpoints and the network"
        ))
    }

    fn untrusted(&self, endpoint: &Endpoint, rejected: &Rejected) -> ClientError {
        let name = &self.settings.name;
        let Rejected { presented, why } = rejected;
        let what = match self.settings.trust {
            Trust::Pinned(_) => "is not the pinned one",
            Trust::Authorities(_) | Trust::System => "is not trusted",
        };
        ClientError::Certificate(format!(
            "the certificate of {endpoint} {what}: its SHA-256 fingerprint is {presented}, {why}; \
             compare it with what `pvenode cert info` shows on the node's console, and if it is \
             the same, set it as `fingerprint` in [cluster.{name}]"
        ))
    }
}

/// How long one connection may take: shorter where many endpoints share a deadline.
fn connect(settings: &ClusterSettings) -> Duration {
    let endpoints = u32::try_from(settings.endpoints.len()).unwrap_or(u32::MAX);
    let share = settings.call / endpoints.saturating_add(1);
    share.clamp(Duration::from_millis(500), Duration::from_secs(5))
}

fn lost(call: &Call, endpoint: &Endpoint, why: &str) -> ClientError {
    let method = call.method.as_str();
    let path = &call.path;
    ClientError::Lost(format!(
        "the answer of {endpoint} to {method} {path} is lost ({why}); whether it had an effect is \
         not known"
    ))
}
