//! How long and how much a download may take.

use std::time::Duration;

/// The limits of a download.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DownloadLimits {
    /// Until a connection stands, TLS included.
    pub connect: Duration,
    /// Nothing may come for so long.
    pub stall: Duration,
    /// One try, redirects and body included.
    pub whole: Duration,
    /// Bytes.
    pub size: u64,
    /// How often it is tried.
    pub tries: u32,
    /// The first pause between two tries.
    pub pause: Duration,
}

impl Default for DownloadLimits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            stall: Duration::from_secs(30),
            whole: Duration::from_secs(600),
            size: 1 << 30,
            tries: 3,
            pause: Duration::from_secs(1),
        }
    }
}
