//! Opening the store.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use crate::JournalError;
use crate::schema::{self, Found, VERSION};

/// How long a call waits while another controller writes.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The database's name in the state directory.
const FILE_NAME: &str = "hospes.db";

/// One store of runs, host keys and locks. Calls are short and block; share it by reference.
#[derive(Debug)]
pub struct Journal {
    state_dir: PathBuf,
    path: PathBuf,
    connection: Mutex<Connection>,
}

impl Journal {
    /// Opens the journal in `state_dir`; creates both where they are missing (0700, the database
    /// 0600) and migrates an older journal.
    ///
    /// # Errors
    /// The directory cannot be used; the file is damaged, another program's, or of a later
    /// version (it is left as it is); another controller kept it busy.
    pub fn open(state_dir: &Path) -> Result<Self, JournalError> {
        create_directory(state_dir)?;
        let state_dir = fs::canonicalize(state_dir)
            .map_err(|source| JournalError::io("open", state_dir, source))?;
        let path = state_dir.join(FILE_NAME);
        create_private(&path, &state_dir)?;
        let mut connection =
            connect(&path).map_err(|source| JournalError::sqlite(&path, source))?;
        let found = schema::migrate(&mut connection)
            .and_then(|found| settle_for_writing(&connection, found));
        match found.map_err(|source| JournalError::sqlite(&path, source))? {
            Found::Current => Ok(Self {
                state_dir,
                path,
                connection: Mutex::new(connection),
            }),
            Found::Newer(found) => Err(JournalError::Newer {
                path,
                found,
                known: VERSION,
            }),
            Found::Foreign => Err(JournalError::Foreign { path }),
        }
    }

    /// The state directory, absolute.
    #[must_use]
    pub fn state_dir(&self) -> &Path {
        &self.state_dir
    }

    /// The database file, absolute.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Runs `body` in one transaction that is on disk when this returns.
    pub(crate) fn write<T>(
        &self,
        body: impl FnOnce(&Transaction<'_>) -> Result<T, Failure>,
    ) -> Result<T, JournalError> {
        self.transact(TransactionBehavior::Immediate, body)
    }

    /// Runs `body` on one unchanging view of the database.
    pub(crate) fn read<T>(
        &self,
        body: impl FnOnce(&Transaction<'_>) -> Result<T, Failure>,
    ) -> Result<T, JournalError> {
        self.transact(TransactionBehavior::Deferred, body)
    }

    fn transact<T>(
        &self,
        behavior: TransactionBehavior,
        body: impl FnOnce(&Transaction<'_>) -> Result<T, Failure>,
    ) -> Result<T, JournalError> {
        let mut connection = self.connection();
        let outcome = connection
            .transaction_with_behavior(behavior)
            .map_err(Failure::from)
            .and_then(|transaction| {
                let value = body(&transaction)?;
                transaction.commit()?;
                Ok(value)
            });
        outcome.map_err(|failure| match failure {
            Failure::Sqlite(source) => JournalError::sqlite(&self.path, source),
            Failure::Journal(error) => *error,
        })
    }

    /// A panic elsewhere rolled its transaction back, so the connection is good to use.
    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why the body of a transaction gave up: SQLite's answer, or the journal's own.
pub(crate) enum Failure {
    /// To be told with the path of the database.
    Sqlite(rusqlite::Error),
    /// Complete as it is.
    Journal(Box<JournalError>),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        Self::Journal(Box::new(error))
    }
}

/// Makes the directory and the missing ones above it, for their owner only.
pub(crate) fn create_directory(path: &Path) -> Result<(), JournalError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|source| JournalError::io("create", path, source))
}

/// Makes the database's file for its owner only, before SQLite would make it by the umask; its
/// log files take over the mode.
fn create_private(path: &Path, directory: &Path) -> Result<(), JournalError> {
    match OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
    {
        Ok(_) => File::open(directory)
            .and_then(|directory| directory.sync_all())
            .map_err(|source| JournalError::io("sync", directory, source)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(source) => Err(JournalError::io("create", path, source)),
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    Ok(connection)
}

/// Write-ahead logging, so that readers never wait; and synced at each commit, so that an intent
/// is on the disk before its effect happens. Only of what is known to be our own file.
fn settle_for_writing(connection: &Connection, found: Found) -> rusqlite::Result<Found> {
    if found == Found::Current {
        write_ahead(connection)?;
        connection.pragma_update(None, "synchronous", "FULL")?;
    }
    Ok(found)
}

/// SQLite answers *busy* at once, without its timeout, when two controllers switch the mode of
/// one new database at the same time.
fn write_ahead(connection: &Connection) -> rusqlite::Result<()> {
    let begun = Instant::now();
    loop {
        let switched = connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()));
        match switched {
            Err(error) if is_busy(&error) && begun.elapsed() < BUSY_TIMEOUT => {
                thread::sleep(Duration::from_millis(10));
            }
            settled => return settled,
        }
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy)
}
