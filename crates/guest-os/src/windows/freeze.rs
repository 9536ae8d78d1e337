//! Stopping all writing to file systems: on Windows a provider of the Volume Shadow Copy Service
//! would do it, and this agent has none.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use crate::{Error, Result};

/// What is said of everything that would freeze.
pub(super) const NO_PROVIDER: Error = Error::Unsupported("this agent has no VSS provider");

/// File systems that are frozen: there are never any.
#[derive(Debug)]
pub enum Frozen {}

/// Freezes nothing.
///
/// # Errors
/// Always: [`Error::Unsupported`].
pub fn freeze(_mountpoints: &[impl AsRef<Path>], _stop: &AtomicBool) -> Result<Frozen> {
    Err(NO_PROVIDER)
}

impl Frozen {
    /// How many file systems it holds frozen.
    #[must_use]
    pub fn count(&self) -> i64 {
        match *self {}
    }

    /// Thaws them.
    ///
    /// # Errors
    /// Never.
    pub fn thaw(&mut self) -> Result<i64> {
        match *self {}
    }
}

/// Thaws whatever is frozen at these mount points: nothing is.
#[must_use]
pub fn thaw_any(_mountpoints: &[impl AsRef<Path>]) -> i64 {
    0
}
