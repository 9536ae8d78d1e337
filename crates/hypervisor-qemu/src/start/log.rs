//! What a guest's command prints.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use conditions::GuestId;

/// The most bytes at the end of a log that are looked through for the last lines.
const TAIL: u64 = 4096;

/// How many lines a message quotes.
const LINES: usize = 8;

/// The log of one guest, and where this start begins in it.
#[derive(Debug)]
pub(super) struct Log {
    path: PathBuf,
    file: File,
    begins: u64,
}

impl Log {
    /// Opens `<directory>/<guest>.log` for appending, readable to its owner alone: a command may
    /// print what it was given.
    pub(super) fn open(directory: &Path, id: &GuestId) -> Result<Self, String> {
        let path = directory.join(format!("{id}.log"));
        let opened = fs::create_dir_all(directory).and_then(|()| {
            let mut options = OpenOptions::new();
            let file = options.create(true).append(true).mode(0o600).open(&path)?;
            let begins = file.metadata()?.len();
            Ok((file, begins))
        });
        match opened {
            Ok((file, begins)) => Ok(Self { path, file, begins }),
            Err(error) => {
                let path = path.display();
                Err(format!(
                    "{id} was not started: its log {path} cannot be written: {error}"
                ))
            }
        }
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Standard output and standard error of a command that writes here.
    pub(super) fn streams(&self) -> io::Result<(Stdio, Stdio)> {
        Ok((self.file.try_clone()?.into(), self.file.try_clone()?.into()))
    }

    /// The last lines since this start, for the end of a message.
    pub(super) fn last_words(&self) -> String {
        let path = self.path.display();
        match self.tail() {
            Ok(lines) if lines.is_empty() => format!("It printed nothing to {path}"),
            Ok(lines) => format!(
                "It said last (all of it is in {path}):\n  {}",
                lines.join("\n  ")
            ),
            Err(error) => format!("Its log {path} cannot be read: {error}"),
        }
    }

    fn tail(&self) -> io::Result<Vec<String>> {
        let mut file = File::open(&self.path)?;
        let end = file.metadata()?.len();
        file.seek(SeekFrom::Start(self.begins.max(end.saturating_sub(TAIL))))?;
        let mut bytes = Vec::new();
        file.take(TAIL).read_to_end(&mut bytes)?;
        let text = String::from_utf8_lossy(&bytes);
        let plain = |line: &str| line.chars().filter(|c| !c.is_control()).collect::<String>();
        let lines: Vec<_> = text
            .lines()
            .map(plain)
            .filter(|line| !line.trim().is_empty())
            .collect();
        Ok(lines[lines.len().saturating_sub(LINES)..].to_vec())
    }
}
