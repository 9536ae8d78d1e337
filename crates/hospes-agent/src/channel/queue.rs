//! The requests of one session that are carried out beside the reader, one after the other.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use qga::{AgentError, Call, Ticket};
use serde_json::Value;

use super::Outgoing;
use super::outbox::Outbox;
use crate::agent::Agent;
use crate::execute;

/// A worker that has nothing to do for so long ends; a client that sends command after command
/// is not made to wait for a new thread each time.
const LINGERS: Duration = Duration::from_millis(500);
/// Requests that may wait behind a long one.
const MOST_WAITING: usize = 64;
/// How long the reader waits for room, once, before requests are refused: a client that sends many
/// short commands at once is not to blame, but a sync behind a long one must be read.
const ROOM_WITHIN: Duration = Duration::from_millis(100);
/// Bytes of data that they may hold.
const MOST_BYTES: usize = 96 << 20;

/// One request that waits for its turn.
pub(super) struct Job {
    pub(super) ticket: Ticket,
    pub(super) call: Call,
    pub(super) id: Option<Value>,
}

pub(super) struct Queue {
    agent: Arc<Agent>,
    outbox: Arc<Outbox>,
    origin: Arc<str>,
    state: Mutex<State>,
    more: Condvar,
    room: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Job>,
    worker: Worker,
    /// There was no room in time, and nothing has begun since.
    is_stuck: bool,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Worker {
    #[default]
    None,
    Busy,
    Lingers,
}

impl Queue {
    pub(super) fn new(agent: &Arc<Agent>, outbox: &Arc<Outbox>, origin: &Arc<str>) -> Arc<Self> {
        Arc::new(Self {
            agent: Arc::clone(agent),
            outbox: Arc::clone(outbox),
            origin: Arc::clone(origin),
            state: Mutex::default(),
            more: Condvar::new(),
            room: Condvar::new(),
        })
    }

    /// Whether a request waits or is being carried out.
    pub(super) fn is_at_work(&self) -> bool {
        let state = self.lock();
        state.worker == Worker::Busy || !state.waiting.is_empty()
    }

    /// Puts a request at the end, and sees to it that somebody carries it out.
    pub(super) fn push(self: &Arc<Self>, job: Job) {
        let refused = {
            let mut state = self.with_room_for(&job.call);
            if state.has_room_for(&job.call) {
                state.waiting.push_back(job);
                self.see_to_a_worker(&mut state)
            } else {
                Some((job, "too many requests wait for earlier ones".to_owned()))
            }
        };
        if let Some((job, why)) = refused {
            let reply = Outgoing::error(AgentError::generic(why), job.id);
            self.outbox.settle(job.ticket, Some(reply));
        }
    }

    /// The state when there is room, or when there was none for too long.
    fn with_room_for(&self, call: &Call) -> MutexGuard<'_, State> {
        let state = self.lock();
        let is_full = |state: &mut State| !state.is_stuck && !state.has_room_for(call);
        let waited = self.room.wait_timeout_while(state, ROOM_WITHIN, is_full);
        let (mut state, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        state.is_stuck |= waited.timed_out();
        state
    }

    /// Returns a request that nobody can carry out, and why.
    fn see_to_a_worker(self: &Arc<Self>, state: &mut State) -> Option<(Job, String)> {
        match state.worker {
            Worker::Busy => None,
            Worker::Lingers => {
                self.more.notify_one();
                None
            }
            Worker::None => {
                let queue = Arc::clone(self);
                let worker = thread::Builder::new().name("worker".to_owned());
                let error = worker.spawn(move || queue.work()).err();
                if error.is_none() {
                    state.worker = Worker::Busy;
                }
                let job = error.as_ref().and_then(|_| state.waiting.pop_back());
                job.zip(error.map(|error| format!("no thread could be started: {error}")))
            }
        }
    }

    fn work(&self) {
        while let Some(job) = self.next() {
            let reply = execute::call(&self.agent, job.call, job.id, &self.origin);
            self.outbox.settle(job.ticket, reply);
        }
    }

    fn next(&self) -> Option<Job> {
        let mut state = self.lock();
        if state.waiting.is_empty() {
            state.worker = Worker::Lingers;
            let idle = |state: &mut State| state.waiting.is_empty();
            let waited = self.more.wait_timeout_while(state, LINGERS, idle);
            (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
        let job = state.waiting.pop_front();
        state.is_stuck = false;
        self.room.notify_one();
        state.worker = if job.is_some() {
            Worker::Busy
        } else {
            Worker::None
        };
        job
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn has_room_for(&self, call: &Call) -> bool {
        let held: usize = self.waiting.iter().map(|job| weight(&job.call)).sum();
        self.waiting.len() < MOST_WAITING
            && (self.waiting.is_empty() || held + weight(call) <= MOST_BYTES)
    }
}

/// Bytes of data in a request.
fn weight(call: &Call) -> usize {
    match call {
        Call::FileWrite { base64, .. } => base64.len(),
        Call::Exec(exec) => exec.input.as_ref().map_or(0, Vec::len),
        _ => 0,
    }
}
