//! Why a request was not answered.

use std::time::Duration;

use thiserror::Error;

/// What became of a request that has no value to show. Each kind has its own consequence, so none
/// may hide behind another.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Failure {
    /// An HTTP status other than 200: 404 no such key, 403 disabled, 429 too often, 5xx.
    #[error("the metadata server answers {0}")]
    Status(u16),
    /// No answer in time.
    #[error("the metadata server did not answer within {0:.0?}")]
    TimedOut(Duration),
    /// Nobody listens there.
    #[error("the metadata server refuses connections")]
    Refused,
    /// There is no way to it, or the connection broke.
    #[error("the metadata server cannot be reached: {0}")]
    Unreachable(String),
    /// What came is not the protocol: no `Metadata-Flavor: Google`, no HTTP, not UTF-8, not JSON.
    #[error("that is no metadata server's answer: {0}")]
    Garbage(String),
    /// More bytes than a reply may have.
    #[error("the metadata server's answer is longer than {0} bytes")]
    TooLarge(u64),
    /// The caller gave up waiting.
    #[error("the request was given up")]
    Cancelled,
}

impl Failure {
    /// There is no such key.
    #[must_use]
    pub const fn is_not_found(&self) -> bool {
        matches!(self, Self::Status(404))
    }

    /// Another try may succeed.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Status(status) => *status == 429 || *status >= 500,
            Self::TimedOut(_) | Self::Refused | Self::Unreachable(_) => true,
            Self::Garbage(_) | Self::TooLarge(_) | Self::Cancelled => false,
        }
    }
}
