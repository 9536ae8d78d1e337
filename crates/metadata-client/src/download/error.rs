//! Why a download failed, in one line without secrets.

use std::time::Duration;

use thiserror::Error;

/// A download that failed. Neither the query nor the user of the URL is kept: in signed URLs they
/// are the key.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{url} cannot be downloaded: {reason}")]
pub struct DownloadError {
    /// The URL, without what may be secret, and where it led.
    pub url: String,
    /// Why.
    pub reason: DownloadFailure,
}

/// Why.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DownloadFailure {
    /// Nothing that can be asked for.
    #[error("it is no http or https URL")]
    NotAUrl,
    /// An HTTP status other than 200.
    #[error("the server answers {0}")]
    Status(u16),
    /// It took too long.
    #[error("the server took longer than {0:.0?}")]
    TimedOut(Duration),
    /// There is no connection.
    #[error("no connection to {0}: {1}")]
    Unreachable(String, String),
    /// The body ended early.
    #[error("the connection broke off after {0} bytes")]
    BrokenOff(u64),
    /// More bytes than allowed.
    #[error("it is longer than the {0} bytes that are allowed")]
    TooLarge(u64),
    /// A redirect that is not followed.
    #[error("the server redirects {0}")]
    Redirect(&'static str),
    /// The server is not who it should be.
    #[error("{0}")]
    Certificate(String),
    /// There is nothing to judge certificates by.
    #[error(
        "there are no CA certificates ({0}): install ca-certificates, or name a file in SSL_CERT_FILE"
    )]
    NoAuthorities(String),
    /// The environment names a proxy that cannot be used.
    #[error("the environment variable {0} names no http proxy: write http://HOST:PORT")]
    Proxy(&'static str),
    /// One of the two does not keep to HTTP or TLS.
    #[error("server and client do not understand each other: {0}")]
    Garbage(String),
    /// The file cannot be written.
    #[error("the file cannot be written: {0}")]
    File(String),
}

impl DownloadFailure {
    /// Another try may succeed.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Status(status) => matches!(*status, 408 | 429 | 500..),
            Self::TimedOut(_) | Self::Unreachable(..) | Self::BrokenOff(_) => true,
            Self::NotAUrl
            | Self::TooLarge(_)
            | Self::Redirect(_)
            | Self::Certificate(_)
            | Self::NoAuthorities(_)
            | Self::Proxy(_)
            | Self::Garbage(_)
            | Self::File(_) => false,
        }
    }
}
