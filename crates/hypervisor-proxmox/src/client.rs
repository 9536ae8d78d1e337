//! Calls to one cluster's API.
//!
//! ```text
//! call ─────────► credentials ─► wire ─► transport (HTTPS, one endpoint) ─► Answer ─► data
//! agent_call ─► agents ─┘  ▲       └─► endpoints in turn
//! follow ─► call           └─ 401
//! ```
//!
//! A call that may have had an effect is made once. A read whose answer is lost is made once more.

mod agents;
mod credentials;
mod error;
mod presented;
mod secret;
mod tasks;
mod transport;
mod trust;
mod wire;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use conditions::NodeName;
use pve::{Call, ClusterSettings};
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout};

use self::agents::Agents;
use self::credentials::Keeper;
use self::wire::{Wire, is_repeatable};

pub(crate) use agents::{AgentError, Freshness};
pub use error::ClientError;
pub use presented::{Presented, presented};
pub use tasks::Followed;

/// How long to wait before a read whose answer was lost is made again.
const BACKOFF: Duration = Duration::from_millis(250);

/// A client of one cluster, shared by all that ask it: what is bounded is bounded for all of them
/// together.
pub struct Client {
    shared: Arc<Shared>,
}

struct Shared {
    wire: Wire,
    keeper: Keeper,
    agents: Agents,
    reads_whole_files: AtomicBool,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({})", self.name())
    }
}

impl Client {
    /// A client that has not connected yet.
    #[must_use]
    pub fn new(settings: ClusterSettings) -> Self {
        let shared = Shared {
            wire: Wire::new(settings),
            keeper: Keeper::new(),
            agents: Agents::new(),
            reads_whole_files: AtomicBool::new(false),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// The cluster's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.shared.wire.settings().name
    }

    /// Makes one call and returns the `data` of its answer.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn call(&self, call: &Call) -> Result<Value, ClientError> {
        self.shared.call(call, self.usual()).await
    }

    /// Makes one call that a guest's agent has to answer: one at a time a guest, two a node, and
    /// none to an agent that was silent a moment ago; then the failure is the one of that time. The
    /// wait for the others comes on top of the call's own deadline.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn agent_call(
        &self,
        node: &NodeName,
        vmid: u32,
        call: &Call,
    ) -> Result<Value, ClientError> {
        let asked = self.ask_agent(node, vmid, call, Freshness::Usual, self.usual());
        Ok(asked.await?)
    }

    /// The same, but the agent is asked even if it was silent a moment ago: for what is done right
    /// before a shutdown, where only the present counts.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn fresh_agent_call(
        &self,
        node: &NodeName,
        vmid: u32,
        call: &Call,
    ) -> Result<Value, ClientError> {
        let asked = self.ask_agent(node, vmid, call, Freshness::Fresh, self.usual());
        Ok(asked.await?)
    }

    /// The deadline of a call for which nothing else is said.
    fn usual(&self) -> Duration {
        self.shared.wire.settings().call
    }

    /// Makes a call to an agent and waits at most `deadline` for its answer, once it may be asked.
    /// The node works on a call whose caller has left: so the call goes on, and keeps its place.
    pub(crate) async fn ask_agent(
        &self,
        node: &NodeName,
        vmid: u32,
        call: &Call,
        freshness: Freshness,
        deadline: Duration,
    ) -> Result<Value, AgentError> {
        let turn = self.shared.agents.turn(node, vmid, freshness).await?;
        let shared = Arc::clone(&self.shared);
        let call = call.clone();
        let longest = deadline.max(self.usual());
        let asked = tokio::spawn(async move {
            let result = shared.call(&call, longest).await;
            turn.end(&result);
            result
        });
        match timeout(deadline, asked).await {
            Ok(Ok(result)) => result.map_err(AgentError::Client),
            Ok(Err(error)) => Err(AgentError::Client(ClientError::Lost(error.to_string()))),
            Err(_) => Err(AgentError::Client(ClientError::TimedOut {
                endpoint: format!("the agent of {vmid} on {node}"),
                after: deadline,
            })),
        }
    }

    /// Whether this cluster was seen to know no reading of parts of files.
    pub(crate) fn reads_whole_files(&self) -> bool {
        self.shared.reads_whole_files.load(Ordering::Relaxed)
    }

    /// Takes in that it knows none.
    pub(crate) fn read_whole_files(&self) {
        self.shared.reads_whole_files.store(true, Ordering::Relaxed);
    }
}

impl Shared {
    async fn call(&self, call: &Call, deadline: Duration) -> Result<Value, ClientError> {
        let mut may_repeat = is_repeatable(call);
        let mut may_renew = true;
        let mut pass = self.keeper.pass(&self.wire).await?;
        let end = Instant::now() + deadline;
        loop {
            let headers = pass.headers(call.method);
            match self.wire.send(call, &headers, end).await {
                Ok(answer) if answer.status == 401 => {
                    self.keeper.refused(&self.wire, &pass, &answer).await?;
                    if !may_renew {
                        return Ok(answer.data()?);
                    }
                    may_renew = false;
                    pass = self.keeper.pass(&self.wire).await?;
                }
                Ok(answer) => {
                    self.keeper.accepted(&pass).await;
                    return Ok(answer.data()?);
                }
                Err(ClientError::Lost(_)) if may_repeat => {
                    may_repeat = false;
                    sleep(BACKOFF).await;
                }
                Err(error) => return Err(error),
            }
        }
    }
}
