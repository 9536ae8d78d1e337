//! What an operating system refuses.

use std::fmt::Display;
use std::io;

use thiserror::Error as ThisError;

/// The result of a call to the operating system.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a call to the operating system brought nothing.
#[derive(Debug, ThisError)]
pub enum Error {
    /// This machine or kernel does not have it.
    #[error("this feature or command is not currently supported: {0}")]
    Unsupported(&'static str),
    /// The caller asked for what does not exist or makes no sense.
    #[error("{0}")]
    Invalid(String),
    /// The kernel refused.
    #[error("{what}: {source}")]
    Os {
        /// What was tried, with its object (`failed to open file '/p' (mode: 'r')`).
        what: String,
        /// The kernel's word.
        source: io::Error,
    },
}

impl Error {
    /// The kernel's refusal of `what`.
    pub fn os(what: impl Display, source: impl Into<io::Error>) -> Self {
        Self::Os {
            what: what.to_string(),
            source: source.into(),
        }
    }
}
