//! The download of a script into a file.
//!
//! ```text
//! Downloader ── tries ─► attempt ── redirects ─► way: proxy? TLS? ─► body into the emptied file
//!                           └─ url · proxy · authorities: what the environment and servers say
//! ```

mod attempt;
mod authorities;
mod downloader;
mod error;
mod forward;
mod limits;
mod proxy;
mod url;
mod way;

pub use downloader::Downloader;
pub use error::{DownloadError, DownloadFailure};
pub use limits::DownloadLimits;
