//! Telling a guest, through its metadata, that it will be stopped.

use async_trait::async_trait;
use conditions::GuestId;
use metadata::stop::{Report, StopRequest};
use thiserror::Error;

/// Where a guest reads that it will be stopped, and reports that it is prepared. A call that is
/// made twice does no more than once, and what is written for one request never touches another's.
#[async_trait]
pub trait StopNotice: Send + Sync {
    /// Whether somebody in the guest watches for a stop.
    async fn presence(&self, guest: &GuestId) -> Result<Presence, NoticeError>;

    /// Writes `PENDING_STOP` with all that belongs to it as one change. A report of an earlier
    /// request goes, one of this request stays.
    async fn announce(&self, guest: &GuestId, request: &StopRequest) -> Result<(), NoticeError>;

    /// What stands of the request with this identity, and what the guest reported of it.
    async fn standing(&self, guest: &GuestId, request: &str) -> Result<Standing, NoticeError>;

    /// Writes `STOPPING`, if this request stands.
    async fn stopping(&self, guest: &GuestId, request: &str) -> Result<(), NoticeError>;

    /// Writes `NONE`, if this request stands. The report stays to be read.
    async fn withdraw(&self, guest: &GuestId, request: &str) -> Result<(), NoticeError>;
}

/// Whether somebody in a guest watches for a stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence {
    /// A watcher waits for the stop state to change.
    Watching,
    /// Nobody does.
    Absent {
        /// What was seen instead, for people.
        why: String,
    },
}

/// What stands of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// It is announced: the stop state is not `NONE`, and it is this request's.
    pub announced: bool,
    /// What the guest reported of it.
    pub report: Option<Report>,
}

/// Why a guest could not be told, or its answer not be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NoticeError {
    /// The metadata store cannot be read or written; nothing changed.
    #[error("{0}")]
    Unreachable(String),
    /// It did not answer in time; whether the call had an effect is not known.
    #[error("{0}")]
    TimedOut(String),
    /// It refused the change.
    #[error("{0}")]
    Refused(String),
}
