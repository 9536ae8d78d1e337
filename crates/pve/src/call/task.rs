//! Tasks: what a POST has started, on the node that runs it.

use super::{Call, Method};
use crate::Upid;

/// The lines of a task's log that are read.
const LINES: &str = "50";

fn of(upid: &Upid, what: &str) -> Call {
    let segments = ["nodes", upid.node().as_str(), "tasks", upid.as_str(), what];
    Call::new(Method::Get, &segments)
}

/// Whether it has ended, and how.
#[must_use]
pub fn status(upid: &Upid) -> Call {
    of(upid, "status")
}

/// What it has written.
#[must_use]
pub fn log(upid: &Upid) -> Call {
    of(upid, "log").with("limit", LINES)
}
