//! The agent channel of one guest.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use thiserror::Error;

/// A conversation with one guest's agent. Dropping it frees the channel for other clients.
#[async_trait]
pub trait AgentChannel: Send + Sync {
    /// Sends one command (`guest-ping`) with its arguments (an object, or null for none) and
    /// waits at most `deadline` for its answer. An answer that comes later is dropped, never
    /// taken for another's.
    async fn call(
        &self,
        command: &str,
        arguments: Value,
        deadline: Duration,
    ) -> Result<Value, ChannelError>;
}

/// Why a command got no answer, or not a good one.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ChannelError {
    /// There is nothing to connect to.
    #[error("the agent's socket cannot be reached: {0}")]
    NoSocket(String),
    /// The machine has no agent channel configured.
    #[error("no agent channel is configured for this guest: {0}")]
    NotConfigured(String),
    /// Another client has the channel, which takes one at a time.
    #[error("another client holds the agent's socket: {0}")]
    Held(String),
    /// Nobody answered in time: stopped, frozen, hung, or busy.
    #[error("the agent did not answer {command} within {}", humantime(*.after))]
    TimedOut {
        /// The command that was asked.
        command: String,
        /// How long was waited.
        after: Duration,
    },
    /// The connection ended before the answer.
    #[error("the agent's connection ended before {command} was answered")]
    Closed {
        /// The command that was asked.
        command: String,
    },
    /// The answer is not the protocol, or over the size limit.
    #[error("the agent's answer to {command} is not the protocol: {detail}")]
    Garbage {
        /// The command that was asked.
        command: String,
        /// What was wrong with it.
        detail: String,
    },
    /// The agent answered with an error.
    #[error("the agent refused {command}: {description} ({class})")]
    Agent {
        /// The command that was asked.
        command: String,
        /// `CommandNotFound` or `GenericError`, as the agent said it.
        class: String,
        /// The agent's words.
        description: String,
    },
}

/// Seconds with at most one decimal, for messages.
fn humantime(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}
