//! One call after another on one connection.
//!
//! ```text
//!             start                   0xFF {"return": sync id}           reply with our id
//! unsynced ──────────► Synchronising ──────────────────────────► Answering ─────────────► synced
//!    ▲                      │ deadline, too much noise              ▲ │ deadline, too large  │
//!    └──────────────────────┴───────────────────────────────────────┼─┘                      │
//!                                                                   └────────── start ───────┘
//! ```
//!
//! Everything before the delimited reply is discarded: answers to calls that were given up, and
//! to clients before us. After it only a reply with the call's own id completes the call. An agent
//! that does not echo ids (one before QEMU 3) is synchronised with before every call instead, and the
//! one reply after that is the answer, as requests are answered in order.

use std::time::Instant;

use serde_json::Value;

use super::decoder::{GarbageReason, ReplyDecoder, ReplyEvent, ReplyLimits};
use super::exchange::{CallError, CallId, Exchange, IdSupport, Step};
use crate::commands::Command;
use crate::message::{Answer, Reply};

/// A client's side of one connection. A new connection needs a new session.
#[derive(Debug)]
pub struct ClientSession {
    limits: ReplyLimits,
    decoder: ReplyDecoder,
    exchange: Option<Exchange>,
    synced: bool,
    ids: IdSupport,
    output: Vec<u8>,
    outcome: Option<Result<Value, CallError>>,
}

/// A step that received this many times the line limit without its answer is amid babble.
const BABBLE_FACTOR: usize = 4;

impl ClientSession {
    /// A session on a fresh connection: the first call synchronises.
    #[must_use]
    pub const fn new(limits: ReplyLimits) -> Self {
        Self {
            limits,
            decoder: ReplyDecoder::new(limits),
            exchange: None,
            synced: false,
            ids: IdSupport::Echoed,
            output: Vec::new(),
            outcome: None,
        }
    }

    /// Begins a call, which ends by `deadline`. A call that was under way is given up: its answer
    /// will be discarded. `id` must be fresh.
    pub fn start(&mut self, command: Command, id: CallId, deadline: Instant) {
        self.begin(Some(command), id, deadline);
    }

    /// Begins a synchronisation alone, synced or not; its outcome is null. After it the agent is
    /// known to live at that moment, and [`Self::start`] sends its command at once.
    pub fn start_sync(&mut self, id: CallId, deadline: Instant) {
        self.synced = false;
        self.begin(None, id, deadline);
    }

    /// Gives up the call that is under way, if one is; its answer will be discarded.
    pub fn abandon(&mut self) {
        if self.exchange.take().is_some() {
            self.synced = false;
        }
        self.output = Vec::new();
        self.outcome = None;
    }

    /// Bytes to send.
    pub fn poll_output(&mut self) -> Option<Vec<u8>> {
        (!self.output.is_empty()).then(|| std::mem::take(&mut self.output))
    }

    /// Takes bytes that came from the agent, in or outside a call.
    pub fn handle_bytes(&mut self, mut bytes: &[u8]) {
        if let Some(exchange) = &mut self.exchange {
            exchange.received = exchange.received.saturating_add(bytes.len());
        }
        while let Some(event) = self.decoder.next_event(&mut bytes) {
            self.handle_event(event);
        }
        self.end_when_babbling();
    }

    /// When [`Self::handle_timeout`] wants to be called.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.exchange.as_ref().map(|exchange| exchange.deadline)
    }

    /// Ends the call if its deadline has passed.
    pub fn handle_timeout(&mut self, now: Instant) {
        if let Some(exchange) = self.exchange.take_if(|exchange| exchange.deadline <= now) {
            self.fail(exchange.overdue());
        }
    }

    /// The outcome of the call, once.
    pub fn poll_outcome(&mut self) -> Option<Result<Value, CallError>> {
        self.outcome.take()
    }

    /// What the call under way waits for.
    #[must_use]
    pub fn step(&self) -> Option<Step> {
        self.exchange.as_ref().map(|exchange| exchange.step)
    }

    /// Whether the agent has answered a synchronisation and nothing went wrong since.
    #[must_use]
    pub const fn is_synced(&self) -> bool {
        self.synced
    }

    fn begin(&mut self, command: Option<Command>, id: CallId, deadline: Instant) {
        self.abandon();
        let mut exchange = Exchange {
            id,
            command,
            deadline,
            step: Step::Synchronising,
            ids: self.ids,
            received: 0,
            noise: None,
        };
        if self.synced {
            exchange.step = Step::Answering;
            self.output = exchange.command_bytes().unwrap_or_default();
        } else {
            self.output = exchange.sync_bytes();
        }
        self.exchange = Some(exchange);
    }

    fn handle_event(&mut self, event: ReplyEvent) {
        // Outside a call everything is an answer to a call that was given up, or noise.
        let Some(exchange) = self.exchange.take() else {
            return;
        };
        match exchange.step {
            Step::Synchronising => self.synchronise(exchange, event),
            Step::Answering => self.answer(exchange, event),
        }
    }

    fn synchronise(&mut self, mut exchange: Exchange, event: ReplyEvent) {
        let (reply, delimited) = match event {
            ReplyEvent::Reply { reply, delimited } => (reply, delimited),
            ReplyEvent::Garbage(garbage) => {
                exchange.note(|| garbage.to_string());
                self.exchange = Some(exchange);
                return;
            }
        };
        let sync_id = exchange.id.sync();
        let is_ours = has_id(&reply, sync_id);
        match reply.answer {
            Answer::Return(value) if delimited && value.as_u64() == Some(sync_id) => {
                exchange.ids = if is_ours {
                    IdSupport::Echoed
                } else {
                    IdSupport::Missing
                };
                return self.synchronised(exchange);
            }
            Answer::Error(error) if is_ours => {
                return self.fail(CallError::Agent {
                    step: Step::Synchronising,
                    error,
                });
            }
            // Some old agents refuse an `id` beside `execute`, and say so without it.
            Answer::Error(error)
                if exchange.ids == IdSupport::Echoed
                    && error.desc.contains("'id' is unexpected") =>
            {
                exchange.ids = IdSupport::Missing;
                self.output = exchange.sync_bytes();
            }
            _ => {}
        }
        self.exchange = Some(exchange);
    }

    fn synchronised(&mut self, mut exchange: Exchange) {
        self.synced = true;
        self.ids = exchange.ids;
        exchange.step = Step::Answering;
        // What came before were answers to others, and counts for nothing.
        (exchange.received, exchange.noise) = (0, None);
        match exchange.command_bytes() {
            Some(bytes) => {
                self.output = bytes;
                self.exchange = Some(exchange);
            }
            None => self.outcome = Some(Ok(Value::Null)),
        }
    }

    fn answer(&mut self, mut exchange: Exchange, event: ReplyEvent) {
        match event {
            ReplyEvent::Reply { reply, delimited } => {
                if is_answer(&exchange, &reply, delimited) {
                    return self.complete(exchange.ids, reply.answer);
                }
                note_unplaced(&mut exchange, &reply);
            }
            ReplyEvent::Garbage(garbage) => {
                let too_large = matches!(
                    garbage.reason,
                    GarbageReason::TooLong | GarbageReason::TooManyValues
                );
                if too_large {
                    let limit_bytes = self.limits.line_bytes;
                    return self.fail(CallError::TooLarge {
                        limit_bytes,
                        garbage,
                    });
                }
                exchange.note(|| garbage.to_string());
            }
        }
        self.exchange = Some(exchange);
    }

    fn complete(&mut self, ids: IdSupport, answer: Answer) {
        self.synced = ids == IdSupport::Echoed;
        self.outcome = Some(match answer {
            Answer::Return(value) => Ok(value),
            Answer::Error(error) => Err(CallError::Agent {
                step: Step::Answering,
                error,
            }),
        });
    }

    fn end_when_babbling(&mut self) {
        let limit = self.limits.line_bytes.saturating_mul(BABBLE_FACTOR);
        let babbling = |exchange: &mut Exchange| exchange.received > limit;
        if let Some(mut exchange) = self.exchange.take_if(babbling) {
            let received = exchange.received;
            exchange.note(|| format!("{received} bytes without an answer among them"));
            self.fail(exchange.overdue());
        }
    }

    /// Ends the call. Its answer may still come, so the next one synchronises first.
    fn fail(&mut self, error: CallError) {
        self.synced = false;
        self.output = Vec::new();
        self.outcome = Some(Err(error));
    }
}

fn is_answer(exchange: &Exchange, reply: &Reply, delimited: bool) -> bool {
    match exchange.ids {
        IdSupport::Echoed => has_id(reply, exchange.id.request()),
        IdSupport::Missing => reply.id.is_none() && !delimited,
    }
}

/// An agent that could not read our request says so without an id. That is worth telling when no
/// better answer comes; other replies are late ones, which are nobody's business any more.
fn note_unplaced(exchange: &mut Exchange, reply: &Reply) {
    if let (Answer::Error(error), None) = (&reply.answer, &reply.id) {
        exchange.note(|| format!("an error without the request's id: {error}"));
    }
}

fn has_id(reply: &Reply, id: u64) -> bool {
    reply.id.as_ref().and_then(Value::as_u64) == Some(id)
}

#[cfg(test)]
mod tests;
