//! What is at a path where hosts are waited for.

use std::io;
use std::path::Path;

use super::port::{is_no_port, is_refused, open};

/// What is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A device that is read and written like a line.
    Device,
    /// A socket.
    Socket,
    /// Something else.
    Other,
}

/// Looks at a path, by opening it.
///
/// # Errors
/// There is nothing.
pub fn place(path: &Path) -> io::Result<Place> {
    match open(path) {
        Ok(_) => Ok(Place::Device),
        Err(error) if is_refused(&error) => Ok(match path.metadata() {
            Ok(_) => Place::Other,
            Err(_) => Place::Device,
        }),
        Err(error) if is_no_port(&error) => Ok(Place::Other),
        Err(error) => Err(error),
    }
}
