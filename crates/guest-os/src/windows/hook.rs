//! The fsfreeze hook: without a freeze there is none.

use std::convert::Infallible;
use std::path::Path;
use std::time::Duration;

use crate::{Error, Result};

/// What the hook is told, as its only argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// File systems are about to be frozen.
    Freeze,
    /// They were thawed.
    Thaw,
}

/// A hook that runs: there is none.
#[derive(Debug)]
pub struct Hook(Infallible);

/// Ends a hook from another thread.
#[derive(Debug, Clone)]
pub struct Stopper(Infallible);

/// Starts the hook.
///
/// # Errors
/// Always: [`Error::Unsupported`].
pub fn start(_hook: &Path, _action: Action) -> Result<Hook> {
    Err(Error::Unsupported("freeze hooks, on Windows"))
}

impl Hook {
    /// What ends it from another thread.
    #[must_use]
    pub const fn stopper(&self) -> Stopper {
        match self.0 {}
    }

    /// Waits until the hook ends.
    ///
    /// # Errors
    /// None: there is no hook.
    pub const fn wait(self, _deadline: Duration) -> Result<()> {
        match self.0 {}
    }
}

impl Stopper {
    /// Kills the hook.
    pub const fn stop(&self) {
        match self.0 {}
    }
}
