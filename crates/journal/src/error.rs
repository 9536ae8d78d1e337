//! What can go wrong with the journal.

use std::io;
use std::path::{Path, PathBuf};

use conditions::MachineId;
use thiserror::Error;

use crate::{CampaignId, CorruptRun, RunId, RunStatus, StepId};

/// Why the journal could not be opened, read or written.
#[derive(Debug, Error)]
pub enum JournalError {
    /// The state directory or a file in it cannot be used.
    #[error("the journal cannot {action} {}: {source}; check that directory's owner and space, or name another state directory", path.display())]
    Io {
        /// What was tried (`create`, `open`).
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The file is not a readable database. It was left as it is.
    #[error("the journal {} is damaged ({detail}); it was left as it is: restore it from a backup, or move it away to begin an empty one (open runs and pinned host keys are in it)", path.display())]
    Corrupt {
        /// The database.
        path: PathBuf,
        /// SQLite's words.
        detail: String,
    },
    /// The file is a database of some other program. It was left as it is.
    #[error("{} is an SQLite database, but not a journal of hospes; it was left as it is: name another state directory", path.display())]
    Foreign {
        /// The database.
        path: PathBuf,
    },
    /// A later hospes wrote it.
    #[error("the journal {} has version {found}, and this hospes knows versions up to {known}; use the hospes that wrote it, or a newer one", path.display())]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The newest version known here.
        known: i64,
    },
    /// Another controller was writing for longer than is waited.
    #[error("the journal {} is busy: another hospes was writing to it for over {} s; try again", path.display(), waited_s)]
    Busy {
        /// The database.
        path: PathBuf,
        /// How long was waited, in seconds.
        waited_s: u64,
    },
    /// SQLite refused; the disk may be full or read-only.
    #[error("the journal {} could not be used: {source}", path.display())]
    Sqlite {
        /// The database.
        path: PathBuf,
        /// SQLite's answer.
        source: rusqlite::Error,
    },
    /// There is no such run.
    #[error("there is no run {0} in this journal (`hospes runs list` shows them)")]
    UnknownRun(RunId),
    /// There is no such campaign.
    #[error("there is no campaign {0} in this journal (`hospes patch status` shows them)")]
    UnknownCampaign(CampaignId),
    /// The campaign has ended: nothing more is recorded about it.
    #[error("campaign {0} has ended")]
    CampaignEnded(CampaignId),
    /// The lock that was shown is another campaign's, or from another state directory.
    #[error("the lock held is not the one of campaign {0} in this journal")]
    WrongCampaignLock(CampaignId),
    /// The same turn of a member has a run already.
    #[error("{member} has run {run} in turn {turn} of campaign {campaign} already")]
    AlreadyTried {
        /// The campaign.
        campaign: CampaignId,
        /// Who.
        member: String,
        /// The number of the turn.
        turn: u32,
        /// Its run.
        run: RunId,
    },
    /// What the journal holds about one campaign cannot be read.
    #[error(
        "campaign {campaign} is damaged in the journal ({reason}); it was left as it is: look at its guests, then begin another one"
    )]
    CorruptCampaign {
        /// Which.
        campaign: CampaignId,
        /// What is wrong with it.
        reason: String,
    },
    /// There is no such step, or it has its result already.
    #[error("step {} of the journal is not waiting for a result", .0.0)]
    NotWaiting(StepId),
    /// The lock that was shown is another machine's, or from another state directory.
    #[error("run {run} is about {stored}, but the lock held is for {}", held.titled())]
    WrongLock {
        /// The run.
        run: RunId,
        /// Its guest or node, as stored.
        stored: String,
        /// The machine of the lock.
        held: MachineId,
    },
    /// A lock on the right machine, but taken in another state directory.
    #[error("the lock on {} was taken in another state directory than the journal's", .0.titled())]
    ForeignLock(MachineId),
    /// The run's status does not allow it.
    #[error("run {run} is {status}, so it cannot {action}")]
    WrongStatus {
        /// The run.
        run: RunId,
        /// Its status.
        status: RunStatus,
        /// What was asked (`take another step`, `be resumed`, `end`).
        action: &'static str,
    },
    /// A run ends with any status but *active*.
    #[error("run {0} cannot end as active")]
    NotAnEnd(RunId),
    /// What the journal holds about one run cannot be read.
    #[error(transparent)]
    CorruptRun(#[from] CorruptRun),
    /// The text is not an SSH public key line.
    #[error("not an SSH public key (`ssh-ed25519 AAAA...`): {0}")]
    InvalidKey(String),
    /// Replacing pins with nothing would trust the next key that comes along.
    #[error("no host key was given for {}; its pinned keys stay", .0.titled())]
    NoKeys(MachineId),
    /// A stored host key of this machine cannot be read, so none of its keys can be relied on.
    #[error(
        "a stored host key of {} is damaged ({detail}); pin it anew with `hospes trust {machine}`",
        machine.titled()
    )]
    CorruptKey {
        /// The machine.
        machine: MachineId,
        /// What is wrong with it.
        detail: String,
    },
    /// The lock on the metadata store is another store's.
    #[error("the lock on the metadata store was taken in another state directory")]
    ForeignMetadataLock,
    /// The number of the metadata store is no number of one.
    #[error(
        "the number of the metadata store is damaged in the journal; restore the journal from a backup"
    )]
    CorruptStoreId,
}

impl JournalError {
    /// An answer of the system about `path`.
    pub(crate) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io {
            action,
            path: path.to_owned(),
            source,
        }
    }

    /// An answer of SQLite about the database at `path`, by who must act on it.
    pub(crate) fn sqlite(path: &Path, source: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{DatabaseBusy, DatabaseCorrupt, DatabaseLocked, NotADatabase};
        let path = path.to_owned();
        match source.sqlite_error_code() {
            Some(DatabaseCorrupt | NotADatabase) => Self::Corrupt {
                path,
                detail: source.to_string(),
            },
            Some(DatabaseBusy | DatabaseLocked) => Self::Busy {
                path,
                waited_s: crate::store::BUSY_TIMEOUT.as_secs(),
            },
            _ => Self::Sqlite { path, source },
        }
    }
}
