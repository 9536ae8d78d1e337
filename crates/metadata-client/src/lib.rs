//! The guest's end of the metadata protocol, and the download of scripts. Blocking.
//!
//! ```text
//! Client ── get · get_recursive · put ──┐              GCE_METADATA_HOST, else
//! KeyWatch ── next_reply: hanging GET ──┴─► line ─────► 169.254.169.254, else fd20:ce::254
//!    ▲ Canceller, from another thread        plain HTTP, no proxy, no look-up of names
//!
//! Downloader ── fetch ─► hops ─► http, https, redirects ─► a file
//!                        proxies of the environment, CA certificates of the system
//! ```
//!
//! Nothing waits without a deadline and nothing is kept without a limit. Requests for metadata set
//! up no TLS; CA certificates are read when the first `https` URL is met.

mod address;
mod client;
mod download;
mod failure;
mod limits;
mod line;
mod literal;
mod retry;
mod strict;
mod watch;

pub use address::InvalidAddress;
pub use client::Client;
pub use download::{DownloadError, DownloadFailure, DownloadLimits, Downloader};
pub use limits::Limits;
pub use line::Reply;
pub use retry::retry;
pub use watch::{Canceller, KeyWatch};

/// Who asks.
const USER_AGENT: &str = concat!("hospes-agent/", env!("CARGO_PKG_VERSION"));
