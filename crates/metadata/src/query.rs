//! The parameters of a request: always in the query, never in headers.

use std::fmt;
use std::time::Duration;

use thiserror::Error;

/// What a request asks for beside the key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// Answer when the value is another than that of `last_etag`.
    pub wait_for_change: bool,
    /// The `ETag` of the last reply. Without it, a hanging GET waits for the next change.
    pub last_etag: Option<String>,
    /// How long a hanging GET may hang (`timeout_sec`); then the present value is the answer.
    pub timeout: Option<Duration>,
    /// A directory with all that is below it, as JSON.
    pub recursive: bool,
    /// The form of the reply.
    pub alt: Option<Alt>,
}

/// The form of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alt {
    /// `alt=json`.
    Json,
    /// `alt=text`.
    Text,
}

/// A parameter that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is no {1}")]
pub struct QueryError(pub String, pub &'static str);

impl fmt::Display for Query {
    /// With its question mark; nothing when nothing is asked for.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parameters = [
            self.wait_for_change
                .then(|| "wait_for_change=true".to_owned()),
            self.last_etag
                .as_ref()
                .map(|etag| format!("last_etag={etag}")),
            self.timeout
                .map(|timeout| format!("timeout_sec={}", timeout.as_secs())),
            self.recursive.then(|| "recursive=true".to_owned()),
            self.alt.map(|alt| match alt {
                Alt::Json => "alt=json".to_owned(),
                Alt::Text => "alt=text".to_owned(),
            }),
        ];
        let written: Vec<String> = parameters.into_iter().flatten().collect();
        if written.is_empty() {
            return Ok(());
        }
        write!(f, "?{}", written.join("&"))
    }
}
