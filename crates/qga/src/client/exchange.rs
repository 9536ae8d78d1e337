//! One call on the stream: its ids, where it stands, and how it can fail.

use std::time::Instant;

use serde_json::Value;
use thiserror::Error;

use super::decoder::Garbage;
use crate::commands::Command;
use crate::message::{AgentError, DELIMITER, Request};

/// A number that no other call on this channel has used, by this client or an earlier one: drawn
/// at random by the caller once and counted up from there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CallId(u64);

impl CallId {
    /// The id made of the lower 52 bits of `number`: twice it still is exact in an agent that
    /// keeps numbers as doubles.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number & ((1 << 52) - 1))
    }

    /// What the call's synchronisation is known by. Never equal to any call's [`Self::request`],
    /// so that a repeated answer to one is not taken for the other's.
    pub(super) const fn sync(self) -> u64 {
        self.0 * 2
    }

    pub(super) const fn request(self) -> u64 {
        self.0 * 2 + 1
    }
}

/// What an unfinished call waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The answer to `guest-sync-delimited`. The command itself has not been sent.
    Synchronising,
    /// The answer to the command.
    Answering,
}

/// Why a call got no answer, or not a good one.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CallError {
    /// Nothing that could be the answer came in time.
    #[error("no answer in time ({0:?})")]
    TimedOut(Step),
    /// What came is not the protocol.
    #[error("{detail}")]
    Garbage {
        /// What was waited for.
        step: Step,
        /// What came, as text for people.
        detail: String,
    },
    /// The answer is over the size limit.
    #[error("its answer is over the limit of {limit_bytes} bytes: {garbage}")]
    TooLarge {
        /// The limit.
        limit_bytes: usize,
        /// Its beginning.
        garbage: Garbage,
    },
    /// The agent answered with an error.
    #[error("{error}")]
    Agent {
        /// What was asked when it came.
        step: Step,
        /// What it said.
        error: AgentError,
    },
}

/// What the agent does with a request's `id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IdSupport {
    /// It puts it into the reply, or this is not known yet.
    Echoed,
    /// It ignores it or refuses requests that have one.
    Missing,
}

/// A call on its way.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) id: CallId,
    /// `None` once it was sent, and for a synchronisation alone.
    pub(super) command: Option<Command>,
    pub(super) deadline: Instant,
    pub(super) step: Step,
    pub(super) ids: IdSupport,
    /// Bytes that came since this step began.
    pub(super) received: usize,
    /// The first thing that came and could not be placed, and how many there were.
    pub(super) noise: Option<(String, u64)>,
}

impl Exchange {
    pub(super) fn note(&mut self, what: impl FnOnce() -> String) {
        match &mut self.noise {
            Some((_, count)) => *count += 1,
            None => self.noise = Some((what(), 1)),
        }
    }

    /// How it ends when the deadline passes.
    pub(super) fn overdue(self) -> CallError {
        match self.noise {
            None => CallError::TimedOut(self.step),
            Some((first, 1)) => CallError::Garbage {
                step: self.step,
                detail: first,
            },
            Some((first, count)) => {
                let detail = format!("{first} (the first of {count})");
                CallError::Garbage {
                    step: self.step,
                    detail,
                }
            }
        }
    }

    /// `guest-sync-delimited`. The delimiter in front resets the agent's parser, which may still
    /// hold half a request of an earlier client.
    pub(super) fn sync_bytes(&self) -> Vec<u8> {
        let id = self.id.sync();
        let request = Request {
            execute: "guest-sync-delimited".to_owned(),
            arguments: Some(serde_json::json!({ "id": id })),
            id: (self.ids == IdSupport::Echoed).then(|| Value::from(id)),
        };
        let mut bytes = vec![DELIMITER];
        bytes.extend(request.encode());
        bytes
    }

    /// The command, once.
    pub(super) fn command_bytes(&mut self) -> Option<Vec<u8>> {
        let command = self.command.take()?;
        let id = (self.ids == IdSupport::Echoed).then(|| Value::from(self.id.request()));
        Some(command.into_request(id).encode())
    }
}
