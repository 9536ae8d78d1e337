//! What can go wrong with a call.

use std::time::Duration;

use pve::Failure;
use thiserror::Error;

/// Why a call has no answer, or not a good one.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ClientError {
    /// The API answered that it did not work.
    #[error(transparent)]
    Api(#[from] Failure),
    /// No endpoint could be reached: nothing was asked.
    #[error("{0}")]
    Unreachable(String),
    /// The request was sent and its answer is not known; whether it had an effect is not known.
    #[error("{0}")]
    Lost(String),
    /// Nobody answered in time; whether the call had an effect is not known.
    #[error("no answer from {endpoint} within {after:.1?}")]
    TimedOut {
        /// Who was asked.
        endpoint: String,
        /// How long was waited.
        after: Duration,
    },
    /// The certificate is not one that is trusted. Nothing was asked.
    #[error("{0}")]
    Certificate(String),
    /// The secret could not be had. Nothing was asked; the text does not hold it.
    #[error("{0}")]
    Secret(String),
    /// Other agent calls had the node's places for too long. Nothing was asked.
    #[error("{0}")]
    Busy(String),
}
