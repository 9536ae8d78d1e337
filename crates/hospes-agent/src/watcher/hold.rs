//! A runner's hold on the stop that it works for: a lock, which the system lets go of with the
//! process, however that ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

/// Held to the end of the process.
#[derive(Debug)]
pub(crate) struct Hold {
    /// Locked: by it, others see that the runner is there.
    _request: File,
    turn: File,
}

impl Hold {
    /// Takes hold of a request; `None`: another runner has it. `turn` is the same file for every
    /// request.
    pub(super) fn take(request: &Path, turn: &Path) -> io::Result<Option<Self>> {
        let request = open(request)?;
        if !is_free(&request)? {
            return Ok(None);
        }
        let turn = open(turn)?;
        Ok(Some(Self {
            _request: request,
            turn,
        }))
    }

    /// Waits until the scripts of stops that began before have ended: systemd starts no unit twice
    /// at a time, and where there is none we do not either.
    ///
    /// # Errors
    /// When the system has no lock for it.
    pub(crate) fn wait_for_turn(&self) -> io::Result<()> {
        self.turn.lock()
    }
}

/// Whether a runner has hold of the request.
pub(super) fn is_held(request: &Path) -> io::Result<bool> {
    Ok(!is_free(&open(request)?)?)
}

/// Waits until no runner has hold of the request any more.
pub(super) fn wait_until_free(request: &Path) -> io::Result<()> {
    open(request)?.lock()
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let options = options.read(true).write(true).create(true).truncate(false);
    options.open(path)
}

fn is_free(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_held_by_one_and_free_after_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let (request, turn) = (folder.path().join("a"), folder.path().join("turn"));
        assert!(!is_held(&request).unwrap());
        let hold = Hold::take(&request, &turn).unwrap().unwrap();
        hold.wait_for_turn().unwrap();
        assert!(is_held(&request).unwrap());
        assert!(Hold::take(&request, &turn).unwrap().is_none());
        let other = Hold::take(&folder.path().join("b"), &turn)
            .unwrap()
            .unwrap();
        let waiting = std::thread::spawn(move || other.wait_for_turn());
        drop(hold);
        waiting.join().unwrap().unwrap();
        wait_until_free(&request).unwrap();
        assert!(!is_held(&request).unwrap());
    }
}
