//! Plan files and documents on the disk.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use plan::{Document, PlanFile};
use thiserror::Error;

/// A longer plan file is refused by its reader.
const FILE_LIMIT: u64 = (1 << 20) + 1;
/// A longer plan document is, too.
const DOCUMENT_LIMIT: u64 = (64 << 20) + 1;

/// Why there is no plan file.
#[derive(Debug, Error)]
pub(crate) enum Misplanned {
    /// It cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    /// It says something wrong.
    #[error("{}", toml_file::told(Some(.path), &.mistaken.mistakes, .mistaken.more))]
    Mistaken {
        path: PathBuf,
        mistaken: plan::Mistaken,
    },
}

/// The plan file at `path`.
pub(super) fn plan_file(path: &Path) -> Result<PlanFile, Misplanned> {
    let bytes = read(path, FILE_LIMIT)?;
    PlanFile::read(&bytes).map_err(|mistaken| Misplanned::Mistaken {
        path: path.to_owned(),
        mistaken,
    })
}

/// The plan document at `path`.
pub(super) fn document(path: &Path) -> Result<Document> {
    let bytes = read(path, DOCUMENT_LIMIT)?;
    Document::read(&bytes).with_context(|| path.display().to_string())
}

fn read(path: &Path, limit: u64) -> Result<Vec<u8>, Misplanned> {
    let mut bytes = Vec::new();
    let file = File::open(path);
    let read = file.and_then(|file| file.take(limit).read_to_end(&mut bytes));
    match read {
        Ok(_) => Ok(bytes),
        Err(source) => Err(Misplanned::Unreadable {
            path: path.to_owned(),
            source,
        }),
    }
}

/// Puts `bytes` at `path`, for its owner only: all of them, or what was there stays.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let new = path.with_file_name(name);
    let written = write_new(&new, bytes).and_then(|()| fs::rename(&new, path));
    if written.is_err() {
        // What is half written is of no use; that it was not there is fine.
        drop(fs::remove_file(&new));
    }
    written.with_context(|| format!("{} cannot be written", path.display()))
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_is_its_owners_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("plan.json");
        write(&path, b"one").unwrap();
        write(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_cannot_be_written_leaves_what_was_there_and_names_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("plan.json");
        fs::create_dir(&path).unwrap();
        let error = write(&path, b"x").unwrap_err();
        assert!(error.to_string().contains("plan.json"), "{error}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
