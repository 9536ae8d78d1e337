//! The pid file: one agent at a time.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::windows::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use windows_sys::Win32::Storage::FileSystem::FILE_SHARE_READ;

use crate::{Error, Result};

/// A file with the agent's process id that nobody else can open for writing; removed when dropped.
#[derive(Debug)]
pub struct PidFile {
    path: PathBuf,
    locked: Option<File>,
}

impl PidFile {
    /// Makes the file, shares it with readers only and writes the process id.
    ///
    /// # Errors
    /// `Cannot lock pid file` when another process holds it.
    pub fn create(path: &Path) -> Result<Self> {
        let opened = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .share_mode(FILE_SHARE_READ)
            .open(path);
        let mut locked = opened.map_err(|error| Error::os("Cannot lock pid file", error))?;
        let written = locked.write_all(format!("{}\n", std::process::id()).as_bytes());
        let file = Self {
            path: path.to_owned(),
            locked: Some(locked),
        };
        written.map_err(|error| Error::os("Failed to write pid file", error))?;
        Ok(file)
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        // An open file cannot be removed. If the next agent has it by now, neither can that one's.
        self.locked = None;
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holds_it_everybody_reads_it_and_it_goes_with_its_holder() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pid");
        fs::write(&path, "a number that is longer than a process id\n").unwrap();
        let held = PidFile::create(&path).unwrap();
        let text = format!("{}\n", std::process::id());
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
        let refused = PidFile::create(&path).unwrap_err().to_string();
        assert!(refused.starts_with("Cannot lock pid file: "), "{refused}");
        drop(held);
        assert!(!path.exists());
        PidFile::create(&path).unwrap();
    }
}
