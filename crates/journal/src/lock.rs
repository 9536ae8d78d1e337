//! Exclusion: one controller operates on a guest at a time.
//!
//! The kernel holds the lock for as long as the file is open, and lets go of it when the
//! controller ends in any way, SIGKILL included; a controller that is merely stopped keeps it.
//! The file is never deleted: a second controller could otherwise lock a file that has no name.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use conditions::{GuestId, Timestamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::store::create_directory;
use crate::{Journal, JournalError};

/// Longer texts in a lock file are not read.
const HOLDER_LIMIT: u64 = 4096;
/// Longer commands are cut.
const COMMAND_LIMIT: usize = 512;

/// The right to operate on one guest, held until it is dropped or the process ends.
#[derive(Debug)]
pub struct GuestLock {
    guest: GuestId,
    state_dir: PathBuf,
    file: File,
}

/// Who holds a lock, as the refusal of the next one tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The controller's process id.
    pub pid: u32,
    /// What it was asked to do (`hospes restart web1`).
    pub command: String,
    /// Since when it holds the lock.
    pub since: Timestamp,
}

/// Why a guest could not be locked.
#[derive(Debug, Error)]
pub enum LockError {
    /// Another controller operates on it.
    #[error(
        "guest {guest} is in use: {holder} operates on it; wait until it has ended, then try again"
    )]
    Held {
        /// The guest.
        guest: GuestId,
        /// The other controller (`hospes restart web1 (process 4711, since ...)`).
        holder: String,
    },
    /// The lock's file cannot be used.
    #[error("guest {guest} cannot be locked with {}: {source}", path.display())]
    Io {
        /// The guest.
        guest: GuestId,
        /// The lock's file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The directory of the locks cannot be made.
    #[error(transparent)]
    Directory(#[from] JournalError),
}

impl GuestLock {
    /// Locks `guest` among all controllers that share `journal`'s state directory; never waits.
    ///
    /// # Errors
    /// [`LockError::Held`] names the controller that has it.
    pub fn acquire(journal: &Journal, guest: &GuestId, holder: &Holder) -> Result<Self, LockError> {
        let directory = journal.state_dir().join("locks");
        create_directory(&directory)?;
        let path = directory.join(format!("{guest}.lock"));
        let failed = |source| LockError::Io {
            guest: guest.clone(),
            path: path.clone(),
            source,
        };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = holder_of(&mut file);
                return Err(LockError::Held {
                    guest: guest.clone(),
                    holder,
                });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        describe(&mut file, holder).map_err(failed)?;
        Ok(Self {
            guest: guest.clone(),
            state_dir: journal.state_dir().to_owned(),
            file,
        })
    }

    /// The guest that is locked.
    #[must_use]
    pub const fn guest(&self) -> &GuestId {
        &self.guest
    }

    pub(crate) fn state_dir(&self) -> &std::path::Path {
        &self.state_dir
    }
}

impl Drop for GuestLock {
    /// Empties the file, so that the next holder is not mistaken for this one in the moment
    /// before it has written its name. Unlocks it expressly: merely closed, the lock would live on
    /// in a child process that another thread has forked and that has not reached its `exec`.
    fn drop(&mut self) {
        let _ = self.file.set_len(0);
        let _ = self.file.unlock();
    }
}

fn describe(file: &mut File, holder: &Holder) -> io::Result<()> {
    let command = holder.command.chars().take(COMMAND_LIMIT).collect();
    let text = serde_json::to_vec(&Holder {
        command,
        ..holder.clone()
    })?;
    file.set_len(0)?;
    file.write_all(&text)
}

/// The holder's description, or what can be said without one.
fn holder_of(file: &mut File) -> String {
    let mut text = Vec::new();
    let read = file.take(HOLDER_LIMIT).read_to_end(&mut text);
    match read
        .ok()
        .and_then(|_| serde_json::from_slice::<Holder>(&text).ok())
    {
        Some(Holder {
            pid,
            command,
            since,
        }) => {
            let command: String = command.chars().filter(|c| !c.is_control()).collect();
            format!("{command} (process {pid}, since {since})")
        }
        None => "another controller (it has not said which)".to_owned(),
    }
}
