//! The pid file: one agent at a time.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, fcntl_lock};

use crate::{Error, Result};

/// How often another agent may take its file away between our opening and locking it.
const ATTEMPTS: usize = 10;

/// A locked file with the agent's process id; removed when dropped.
///
/// The lock is that of lockf(3), as in QEMU's agent, so that the two keep each other out. It
/// belongs to the process: take it after the last fork.
#[derive(Debug)]
pub struct PidFile {
    path: PathBuf,
    _locked: File,
}

impl PidFile {
    /// Makes the file, locks it and writes the process id.
    ///
    /// # Errors
    /// `Cannot lock pid file` when another process holds it.
    pub fn create(path: &Path) -> Result<Self> {
        let mut locked = lock_at(path).map_err(|error| Error::os("Cannot lock pid file", error))?;
        let written = locked
            .set_len(0)
            .and_then(|()| locked.write_all(format!("{}\n", std::process::id()).as_bytes()));
        let file = Self {
            path: path.to_owned(),
            _locked: locked,
        };
        written.map_err(|error| Error::os("Failed to write pid file", error))?;
        Ok(file)
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        // Before the lock goes with the descriptor; a file that stays harms nobody.
        let _ = fs::remove_file(&self.path);
    }
}

/// The file at `path`, ours. An agent that ends removes its file while the next one may have it
/// open already: a lock on a removed file locks nobody out.
fn lock_at(path: &Path) -> io::Result<File> {
    for _ in 0..ATTEMPTS {
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)?;
        fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive)?;
        let ours = file.metadata()?;
        if fs::metadata(path)
            .is_ok_and(|there| (there.dev(), there.ino()) == (ours.dev(), ours.ino()))
        {
            return Ok(file);
        }
    }
    Err(io::ErrorKind::WouldBlock.into())
}
