//! Where values outlive the server.

use metadata::control::Record;

/// Keeps values.
pub trait Shelf: Send + Sync + 'static {
    /// Keeps all of `records` or none. They are on disk when it returns. May block.
    ///
    /// # Errors
    /// Nothing was kept, and why.
    fn keep(&self, records: &[Record]) -> Result<(), String>;
}
