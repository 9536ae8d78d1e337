//! What a guest gets.

use super::{ChangeError, Hang};
use crate::control::Change;

/// What Compute Engine calls the type of values and listings.
pub(super) const TEXT: &str = "application/text";
pub(super) const JSON: &str = "application/json";

/// What becomes of a request.
#[derive(Debug)]
pub enum Response {
    /// The answer.
    Now(Reply),
    /// The answer comes later: [`Hang::recheck`] after each change of the service,
    /// [`Hang::timed_out`] when [`Hang::timeout`] is over.
    Hang(Hang),
    /// The guest sets a guest attribute: plan, keep and restore it in the scope of that guest, then
    /// answer [`Reply::stored`], or the [`Reply::refused`] of what `plan` says.
    Put(Change),
}

/// An HTTP reply. Every one carries `Metadata-Flavor: Google`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: &'static str,
    /// `ETag`, of values and directories.
    pub etag: Option<String>,
    /// `Location`, of status 301.
    pub location: Option<String>,
    /// The body.
    pub body: String,
}

impl Reply {
    /// A failure, with one line for people.
    #[must_use]
    pub fn failure(status: u16, text: &str) -> Self {
        Self {
            status,
            content_type: "text/plain; charset=utf-8",
            etag: None,
            location: None,
            body: format!("{text}\n"),
        }
    }

    /// To a PUT that was kept.
    #[must_use]
    pub fn stored() -> Self {
        Self::shown(TEXT, String::new())
    }

    /// To a PUT that was not.
    #[must_use]
    pub fn refused(reason: &ChangeError) -> Self {
        let status = match reason {
            ChangeError::NoSuchGuest(_) => 404,
            ChangeError::NotChangeable { .. } => 405,
            ChangeError::ValueTooLarge { .. } => 413,
            ChangeError::NameTooLong(_)
            | ChangeError::Form { .. }
            | ChangeError::TooMany { .. }
            | ChangeError::Full { .. } => 400,
        };
        Self::failure(status, &reason.to_string())
    }

    pub(super) const fn shown(content_type: &'static str, body: String) -> Self {
        Self {
            status: 200,
            content_type,
            etag: None,
            location: None,
            body,
        }
    }

    pub(super) fn not_found() -> Self {
        Self::failure(404, "there is no such metadata key")
    }

    pub(super) fn moved(location: String) -> Self {
        Self {
            location: Some(location),
            ..Self::failure(301, "a directory's path ends with a slash")
        }
    }
}
