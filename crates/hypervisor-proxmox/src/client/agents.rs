//! Who may ask an agent, and when: a node has three workers for everybody, and an agent that is
//! dead holds one for three seconds.
//!
//! ```text
//! the guest's turn ─► one of the node's two places ─► still not resting? ─► the call
//!   (in order)            (in order)                    (`pve::Breaker`)      └─► told to the breaker
//! ```
//!
//! Turn and place are given back when the answer is there, also where the caller has left.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use conditions::NodeName;
use pve::{Breaker, Failure};
use serde_json::Value;
use tokio::sync::{OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};

use super::ClientError;

/// The agent calls that are under way at one node.
const PLACES: usize = 2;

/// How long to wait for a place. Somebody who has waited as long waits for agents that are dead.
const PATIENCE: Duration = Duration::from_secs(180);

/// Whether an agent that was silent a moment ago is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// No: what was learned then is the answer.
    Usual,
    /// Yes.
    Fresh,
}

/// Why an agent has no answer.
#[derive(Debug)]
pub(crate) enum AgentError {
    /// It was silent a moment ago and was not asked.
    Resting {
        /// What was said then.
        words: String,
        /// How long ago.
        ago: Duration,
    },
    /// The call failed.
    Client(ClientError),
}

impl From<AgentError> for ClientError {
    fn from(error: AgentError) -> Self {
        match error {
            AgentError::Resting { words, ago } => {
                let seconds = ago.as_secs();
                Failure::AgentSilent(format!("{words} (asked {seconds} s ago)")).into()
            }
            AgentError::Client(error) => error,
        }
    }
}

/// The agents of a cluster.
#[derive(Debug)]
pub(super) struct Agents {
    begun: Instant,
    nodes: Mutex<HashMap<NodeName, Arc<Semaphore>>>,
    lines: Mutex<HashMap<u32, Arc<Line>>>,
}

#[derive(Debug, Default)]
struct Line {
    turn: Arc<tokio::sync::Mutex<()>>,
    breaker: Mutex<Breaker>,
}

/// The right to ask one agent now.
#[derive(Debug)]
pub(super) struct Turn {
    line: Arc<Line>,
    begun: Instant,
    _turn: OwnedMutexGuard<()>,
    _place: Option<OwnedSemaphorePermit>,
}

impl Agents {
    pub(super) fn new() -> Self {
        Self {
            begun: Instant::now(),
            nodes: Mutex::default(),
            lines: Mutex::default(),
        }
    }

    /// Waits until the guest's agent may be asked.
    pub(super) async fn turn(
        &self,
        node: &NodeName,
        vmid: u32,
        freshness: Freshness,
    ) -> Result<Turn, AgentError> {
        let line = Arc::clone(locked(&self.lines).entry(vmid).or_default());
        self.check(&line, freshness)?;
        let turn = timeout(PATIENCE, self.wait(node, line)).await;
        let turn = turn.map_err(|_| AgentError::Client(busy(node)))?;
        // Whoever had the turn before may have learned that it is silent.
        self.check(&turn.line, freshness)?;
        Ok(turn)
    }

    async fn wait(&self, node: &NodeName, line: Arc<Line>) -> Turn {
        let turn = Arc::clone(&line.turn).lock_owned().await;
        let places = self.places(node);
        Turn {
            line,
            begun: self.begun,
            _turn: turn,
            // Nobody closes the semaphore.
            _place: places.acquire_owned().await.ok(),
        }
    }

    fn places(&self, node: &NodeName) -> Arc<Semaphore> {
        let mut nodes = locked(&self.nodes);
        let places = nodes
            .entry(node.clone())
            .or_insert_with(|| Arc::new(Semaphore::new(PLACES)));
        Arc::clone(places)
    }

    fn check(&self, line: &Line, freshness: Freshness) -> Result<(), AgentError> {
        if freshness == Freshness::Fresh {
            return Ok(());
        }
        match locked(&line.breaker).resting(self.begun.elapsed()) {
            Some(resting) => Err(AgentError::Resting {
                words: resting.words.to_owned(),
                ago: resting.ago,
            }),
            None => Ok(()),
        }
    }
}

impl Turn {
    /// Ends the turn with what was learned.
    pub(super) fn end(self, result: &Result<Value, ClientError>) {
        let mut breaker = locked(&self.line.breaker);
        match result {
            Ok(_) | Err(ClientError::Api(Failure::NotRunning(_))) => breaker.answered(),
            Err(ClientError::Api(Failure::AgentSilent(words))) => {
                breaker.silent(self.begun.elapsed(), words.clone());
            }
            Err(error @ ClientError::TimedOut { .. }) => {
                breaker.silent(self.begun.elapsed(), error.to_string());
            }
            // What says nothing of the agent changes nothing.
            Err(_) => {}
        }
    }
}

fn busy(node: &NodeName) -> ClientError {
    let seconds = PATIENCE.as_secs();
    ClientError::Busy(format!(
        "node {node} had no place for an agent call within {seconds} s: {PLACES} are made at once, \
         and each dead agent takes three seconds; try again, or ask fewer guests"
    ))
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
