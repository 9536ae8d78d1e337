//! The routing tables: `guest-network-get-route` is a command of Linux.

use qga::results::network::Route;

use crate::{Error, Result};

/// The routes.
///
/// # Errors
/// Always: [`Error::Unsupported`].
pub fn routes() -> Result<Vec<Route>> {
    Err(Error::Unsupported("guest-network-get-route is for Linux"))
}
