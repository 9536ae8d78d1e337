//! Calls to one cluster's API.

use std::time::Duration;

use pve::{Call, ClusterSettings, Failure};
use serde_json::Value;
use thiserror::Error;

/// A client of one cluster.
#[derive(Debug)]
pub struct Client {
    settings: ClusterSettings,
}

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
}

impl Client {
    /// A client that has not connected yet.
    #[must_use]
    pub const fn new(settings: ClusterSettings) -> Self {
        Self { settings }
    }

    /// The cluster's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.settings.name
    }

    /// Makes one call and returns the `data` of its answer.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn call(&self, _call: &Call) -> Result<Value, ClientError> {
        Err(ClientError::Unreachable("no endpoint".to_owned()))
    }
}
