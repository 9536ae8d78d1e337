//! Going to the background (`-d`).

use crate::{Error, Result};

/// Windows has services instead.
///
/// # Errors
/// Always: [`Error::Unsupported`]. `prepare` is not called.
pub fn daemonize<T>(_prepare: impl FnOnce() -> Result<T>) -> Result<T> {
    Err(Error::Unsupported(
        "Windows runs the agent in the background as a service: hospes-agent service install",
    ))
}
