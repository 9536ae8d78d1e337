//! The journal, shared by the tasks of one controller.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use conditions::{MachineId, Timestamp};
use journal::{Journal, JournalError, KeySource};

/// One open journal.
pub(crate) struct Store(Mutex<Journal>);

impl Store {
    pub(crate) fn open(state_dir: &Path) -> Result<Self, JournalError> {
        Ok(Self(Mutex::new(Journal::open(state_dir)?)))
    }

    /// The journal, for calls that take milliseconds.
    pub(crate) fn journal(&self) -> MutexGuard<'_, Journal> {
        // Every call is one transaction: a panic in another task left nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The keys trusted for `machine`, as `algorithm base64`.
    pub(crate) fn pinned(&self, machine: impl Into<MachineId>) -> Result<Vec<String>, String> {
        let pinned = self
            .journal()
            .pinned(machine)
            .map_err(|error| error.to_string())?;
        Ok(pinned.into_iter().map(|key| key.key).collect())
    }

    /// Trusts exactly these keys for `machine` from now on.
    pub(crate) fn pin(
        &self,
        machine: impl Into<MachineId>,
        keys: &[String],
        source: KeySource,
        at: Timestamp,
    ) -> Result<(), String> {
        self.journal()
            .replace_pins(machine, keys, source, at)
            .map_err(|error| error.to_string())
    }
}
