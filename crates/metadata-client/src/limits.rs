//! How long a request may take, and how much it may bring.

use std::time::Duration;

/// The limits of requests for metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Until a connection stands; for each of the two addresses.
    pub connect: Duration,
    /// From the first step of a request to the last byte of its reply; for a hanging GET beside
    /// the time that it may hang, and for its body once it is answered.
    pub whole: Duration,
    /// How long a hanging GET asks the server to hang.
    pub hang: Duration,
    /// Bytes of a reply.
    pub reply: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            whole: Duration::from_secs(10),
            hang: Duration::from_secs(60),
            reply: 1 << 20,
        }
    }
}
