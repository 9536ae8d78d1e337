//! Exclusion: one controller operates on a machine and drives a campaign at a time, and one process
//! owns the metadata store.
//!
//! The kernel holds the lock for as long as the file is open, and lets go of it when the
//! controller ends in any way, SIGKILL included; a controller that is merely stopped keeps it.
//! The file is never deleted: a second controller could otherwise lock a file that has no name.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use conditions::{MachineId, Timestamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::store::create_directory;
use crate::{CampaignId, Journal, JournalError};

/// Longer texts in a lock file are not read.
const HOLDER_LIMIT: u64 = 4096;
/// Longer commands are cut.
const COMMAND_LIMIT: usize = 512;

/// The right to operate on one guest or node, held until it is dropped or the process ends.
#[derive(Debug)]
pub struct MachineLock {
    machine: MachineId,
    state_dir: PathBuf,
    _file: LockFile,
}

/// The right to change the metadata store: a running server has it, else a controller for a moment.
#[derive(Debug)]
pub struct MetadataLock {
    state_dir: PathBuf,
    _file: LockFile,
}

/// The right to drive one campaign, held until it is dropped or the process ends.
#[derive(Debug)]
pub struct CampaignLock {
    campaign: CampaignId,
    state_dir: PathBuf,
    _file: LockFile,
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

/// Why a machine could not be locked.
#[derive(Debug, Error)]
pub enum LockError {
    /// Another controller operates on it.
    #[error(
        "{} is in use: {holder} operates on it; wait until it has ended, then try again",
        machine.titled()
    )]
    Held {
        /// The machine.
        machine: MachineId,
        /// The other controller (`hospes restart web1 (process 4711, since ...)`).
        holder: String,
    },
    /// The lock's file cannot be used.
    #[error("{} cannot be locked with {}: {source}", machine.titled(), path.display())]
    Io {
        /// The machine.
        machine: MachineId,
        /// The lock's file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The directory of the locks cannot be made.
    #[error(transparent)]
    Directory(#[from] JournalError),
}

/// Why a campaign could not be locked.
#[derive(Debug, Error)]
pub enum CampaignLockError {
    /// Another controller drives it.
    #[error(
        "campaign {campaign} is driven by {holder}; `hospes patch status {campaign}` follows it"
    )]
    Held {
        /// The campaign.
        campaign: CampaignId,
        /// The other controller (`hospes patch apply (process 4711, since ...)`).
        holder: String,
    },
    /// The lock's file cannot be used.
    #[error("campaign {campaign} cannot be locked with {}: {source}", path.display())]
    Io {
        /// The campaign.
        campaign: CampaignId,
        /// The lock's file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The directory of the locks cannot be made, or the journal cannot be written.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// Why the metadata store could not be taken.
#[derive(Debug, Error)]
pub enum MetadataLockError {
    /// A server or another controller has it.
    #[error(
        "the metadata store is in use: {holder} has it; wait until it has ended, then try again"
    )]
    Held {
        /// Who (`hospes metadata serve (process 4711, since ...)`).
        holder: String,
    },
    /// The lock's file cannot be used.
    #[error("the metadata store cannot be locked with {}: {source}; check that directory's owner and space", path.display())]
    Io {
        /// The lock's file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
}

impl MachineLock {
    /// Locks `machine` among all controllers that share `journal`'s state directory; never waits.
    ///
    /// # Errors
    /// [`LockError::Held`] names the controller that has it.
    pub fn acquire(
        journal: &Journal,
        machine: impl Into<MachineId>,
        holder: &Holder,
    ) -> Result<Self, LockError> {
        let machine = machine.into();
        let directory = journal.state_dir().join("locks");
        create_directory(&directory)?;
        let path = directory.join(format!("{}.lock", file_name(&machine)));
        match LockFile::take(&path, holder) {
            Ok(file) => Ok(Self {
                machine,
                state_dir: journal.state_dir().to_owned(),
                _file: file,
            }),
            Err(NotTaken::Held(holder)) => Err(LockError::Held { machine, holder }),
            Err(NotTaken::Io(source)) => Err(LockError::Io {
                machine,
                path,
                source,
            }),
        }
    }

    /// The machine that is locked.
    #[must_use]
    pub const fn machine(&self) -> &MachineId {
        &self.machine
    }

    pub(crate) fn state_dir(&self) -> &Path {
        &self.state_dir
    }
}

impl CampaignLock {
    /// Locks `campaign` among all controllers that share `journal`'s state directory; never waits.
    ///
    /// # Errors
    /// [`CampaignLockError::Held`] names the controller that has it.
    pub fn acquire(
        journal: &Journal,
        campaign: CampaignId,
        holder: &Holder,
    ) -> Result<Self, CampaignLockError> {
        create_directory(&journal.state_dir().join("locks"))?;
        let path = Self::path(journal, campaign);
        match LockFile::take(&path, holder) {
            Ok(file) => Ok(Self {
                campaign,
                state_dir: journal.state_dir().to_owned(),
                _file: file,
            }),
            Err(NotTaken::Held(holder)) => Err(CampaignLockError::Held { campaign, holder }),
            Err(NotTaken::Io(source)) => Err(CampaignLockError::Io {
                campaign,
                path,
                source,
            }),
        }
    }

    /// Who has locked `campaign`, if somebody has. Looking keeps nobody else from looking, and who
    /// wants the lock only for a moment.
    ///
    /// # Errors
    /// The lock's file cannot be used.
    pub fn holder(
        journal: &Journal,
        campaign: CampaignId,
    ) -> Result<Option<String>, CampaignLockError> {
        let path = Self::path(journal, campaign);
        LockFile::look(&path).map_err(|source| CampaignLockError::Io {
            campaign,
            path,
            source,
        })
    }

    fn path(journal: &Journal, campaign: CampaignId) -> PathBuf {
        let directory = journal.state_dir().join("locks");
        directory.join(format!("campaign {campaign}.lock"))
    }

    /// The campaign that is locked.
    #[must_use]
    pub const fn campaign(&self) -> CampaignId {
        self.campaign
    }

    pub(crate) fn state_dir(&self) -> &Path {
        &self.state_dir
    }
}

impl MetadataLock {
    /// Takes the metadata store of `journal`'s state directory; never waits.
    ///
    /// # Errors
    /// [`MetadataLockError::Held`] names who has it.
    pub fn acquire(journal: &Journal, holder: &Holder) -> Result<Self, MetadataLockError> {
        let path = journal.state_dir().join("metadata.lock");
        match LockFile::take(&path, holder) {
            Ok(file) => Ok(Self {
                state_dir: journal.state_dir().to_owned(),
                _file: file,
            }),
            Err(NotTaken::Held(holder)) => Err(MetadataLockError::Held { holder }),
            Err(NotTaken::Io(source)) => Err(MetadataLockError::Io { path, source }),
        }
    }

    pub(crate) fn state_dir(&self) -> &Path {
        &self.state_dir
    }
}

/// A guest's name as it is; of a node's, what no guest's name has is written as `%HEX`.
fn file_name(machine: &MachineId) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let name = machine.to_string();
    let each = name.chars().map(|c| match is_plain(c) {
        true => c.to_string(),
        false => format!("%{:X}", u32::from(c)),
    });
    each.collect()
}

/// A file that is locked, and says by whom.
#[derive(Debug)]
struct LockFile(File);

enum NotTaken {
    /// By whom.
    Held(String),
    Io(io::Error),
}

impl LockFile {
    fn take(path: &Path, holder: &Holder) -> Result<Self, NotTaken> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(NotTaken::Io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(NotTaken::Held(holder_of(&mut file))),
            Err(TryLockError::Error(source)) => return Err(NotTaken::Io(source)),
        }
        describe(&mut file, holder).map_err(NotTaken::Io)?;
        Ok(Self(file))
    }

    /// Who holds it, if somebody does.
    fn look(path: &Path) -> io::Result<Option<String>> {
        let mut file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        match file.try_lock_shared() {
            Ok(()) => file.unlock().map(|()| None),
            Err(TryLockError::WouldBlock) => Ok(Some(holder_of(&mut file))),
            Err(TryLockError::Error(source)) => Err(source),
        }
    }
}

impl Drop for LockFile {
    /// Empties the file, so that the next holder is not mistaken for this one in the moment
    /// before it has written its name. Unlocks it expressly: merely closed, the lock would live on
    /// in a child process that another thread has forked and that has not reached its `exec`.
    fn drop(&mut self) {
        let _ = self.0.set_len(0);
        let _ = self.0.unlock();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_of_a_guest_has_its_name_and_that_of_a_node_is_no_guests() {
        for (machine, name) in [
            ("web1.lab-2_a", "web1.lab-2_a"),
            ("node:home/pve1", "node%3Ahome%2Fpve1"),
            ("node:pve\u{e9}", "node%3Apve%E9"),
        ] {
            let machine: MachineId = machine.parse().unwrap();
            assert_eq!(file_name(&machine), name);
            assert_eq!(
                name.parse::<conditions::GuestId>().is_ok(),
                machine.guest().is_some()
            );
        }
    }
}
