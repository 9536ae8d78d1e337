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
    #[error("{what}: {}", reason(source))]
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

/// The kernel's words alone, as strerror(3) has them, without Rust's ` (os error 2)`: clients
/// read them.
#[must_use]
pub fn reason(error: &io::Error) -> String {
    let mut text = error.to_string();
    if error.raw_os_error().is_some()
        && let Some(end) = text.rfind(" (os error ")
    {
        text.truncate(end);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_ends_in_the_kernels_words_alone() {
        let missing = || io::Error::from_raw_os_error(2);
        let told = Error::os("failed to open /p", missing()).to_string();
        let words = told.strip_prefix("failed to open /p: ").unwrap();
        assert_eq!(missing().to_string(), format!("{words} (os error 2)"));
        let other = io::Error::other("a thing (os error 2)");
        assert_eq!(reason(&other), "a thing (os error 2)");
    }
}
