//! The tables, and how an older journal becomes a current one.

use rusqlite::{Connection, Transaction, TransactionBehavior};

/// Marks the file as hospes' own (`PRAGMA application_id`): the letters `hosp`.
const APPLICATION_ID: i64 = 0x686f_7370;

/// What a database file turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// A journal of the current version, after any migration.
    Current,
    /// A journal of this later version; untouched.
    Newer(i64),
    /// Some other program's database; untouched.
    Foreign,
}

/// One entry a version: entry 0 makes version 1 out of an empty file. Entries are only ever added.
pub(crate) const MIGRATIONS: [&str; 8] = [
    RUNS, NOTES, HOST_KEYS, METADATA, WORDS, ADDRESSES, CAMPAIGNS, SNAPSHOTS,
];

/// The version that this program reads and writes.
pub(crate) const VERSION: i64 = MIGRATIONS.len() as i64;

const RUNS: &str = "
    CREATE TABLE runs (
        id         INTEGER PRIMARY KEY AUTOINCREMENT,
        operation  TEXT NOT NULL,
        guest      TEXT NOT NULL,
        operator   TEXT NOT NULL,
        options    TEXT NOT NULL,
        state      TEXT NOT NULL,
        status     TEXT NOT NULL,
        outcome    TEXT,
        began_ms   INTEGER NOT NULL,
        changed_ms INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX runs_by_guest ON runs (guest, id);
    CREATE INDEX runs_open ON runs (guest, id) WHERE status IN ('active', 'resumable');
    CREATE TABLE steps (
        id            INTEGER PRIMARY KEY AUTOINCREMENT,
        run           INTEGER NOT NULL REFERENCES runs (id),
        effect        TEXT NOT NULL,
        detail        TEXT NOT NULL,
        intended_ms   INTEGER NOT NULL,
        outcome       TEXT,
        result_detail TEXT,
        result_ms     INTEGER
    ) STRICT;
    CREATE INDEX steps_by_run ON steps (run, id);
";

const NOTES: &str = "
    CREATE TABLE notes (
        id    INTEGER PRIMARY KEY AUTOINCREMENT,
        run   INTEGER NOT NULL REFERENCES runs (id),
        text  TEXT NOT NULL,
        at_ms INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX notes_by_run ON notes (run, id);
";

const HOST_KEYS: &str = "
    CREATE TABLE host_keys (
        id          INTEGER PRIMARY KEY AUTOINCREMENT,
        guest       TEXT NOT NULL,
        key         TEXT NOT NULL,
        source      TEXT NOT NULL,
        pinned_ms   INTEGER NOT NULL,
        replaced_ms INTEGER
    ) STRICT;
    CREATE UNIQUE INDEX host_keys_pinned ON host_keys (guest, key) WHERE replaced_ms IS NULL;
";

const METADATA: &str = "
    CREATE TABLE metadata (
        scope    TEXT NOT NULL,
        key      TEXT NOT NULL,
        value    TEXT,
        revision INTEGER NOT NULL,
        PRIMARY KEY (scope, key)
    ) STRICT;
    CREATE TABLE metadata_store (id INTEGER NOT NULL) STRICT;
    INSERT INTO metadata_store (id) VALUES (random() & 4294967295);
";

const WORDS: &str = "
    CREATE TABLE words (
        run   INTEGER PRIMARY KEY REFERENCES runs (id),
        word  TEXT NOT NULL,
        at_ms INTEGER NOT NULL
    ) STRICT;
";

const ADDRESSES: &str = "
    CREATE TABLE addresses (
        guest   TEXT PRIMARY KEY,
        address TEXT NOT NULL,
        seen_ms INTEGER NOT NULL
    ) STRICT;
";

const CAMPAIGNS: &str = "
    CREATE TABLE campaigns (
        id         INTEGER PRIMARY KEY AUTOINCREMENT,
        name       TEXT NOT NULL,
        operator   TEXT NOT NULL,
        document   TEXT NOT NULL,
        head       TEXT NOT NULL,
        summary    TEXT,
        began_ms   INTEGER NOT NULL,
        changed_ms INTEGER NOT NULL,
        ended_ms   INTEGER
    ) STRICT;
    CREATE INDEX campaigns_open ON campaigns (id) WHERE ended_ms IS NULL;
    CREATE TABLE turns (
        campaign INTEGER NOT NULL REFERENCES campaigns (id),
        member   TEXT NOT NULL,
        turn     TEXT NOT NULL,
        PRIMARY KEY (campaign, member)
    ) STRICT;
    CREATE TABLE tries (
        campaign INTEGER NOT NULL REFERENCES campaigns (id),
        member   TEXT NOT NULL,
        turn     INTEGER NOT NULL,
        run      INTEGER NOT NULL REFERENCES runs (id),
        PRIMARY KEY (campaign, member, turn)
    ) STRICT;
    CREATE TABLE campaign_words (
        id       INTEGER PRIMARY KEY AUTOINCREMENT,
        campaign INTEGER NOT NULL REFERENCES campaigns (id),
        word     TEXT NOT NULL,
        is_heard INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX campaign_words_unheard ON campaign_words (campaign, id) WHERE NOT is_heard;
    CREATE TABLE campaign_notes (
        id       INTEGER PRIMARY KEY AUTOINCREMENT,
        campaign INTEGER NOT NULL REFERENCES campaigns (id),
        member   TEXT,
        text     TEXT NOT NULL,
        at_ms    INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX campaign_notes_by_campaign ON campaign_notes (campaign, id);
";

const SNAPSHOTS: &str = "
    CREATE TABLE snapshots (
        guest      TEXT NOT NULL,
        name       TEXT NOT NULL,
        run        INTEGER NOT NULL REFERENCES runs (id),
        asked_ms   INTEGER NOT NULL,
        expires_ms INTEGER,
        PRIMARY KEY (guest, name)
    ) STRICT;
";

/// Brings the database to [`VERSION`] in one transaction, or leaves it untouched.
pub(crate) fn migrate(connection: &mut Connection) -> rusqlite::Result<Found> {
    // One unchanging view: a journal that another controller is making must not look half made.
    let view = connection.transaction()?;
    if let Some(settled) = settled(&view)? {
        return Ok(settled);
    }
    view.commit()?;
    let transaction = Transaction::new(connection, TransactionBehavior::Immediate)?;
    // Another controller may have migrated it while this one waited for the write lock.
    if let Some(settled) = settled(&transaction)? {
        return Ok(settled);
    }
    let from = usize::try_from(version(&transaction)?).unwrap_or(0);
    for migration in &MIGRATIONS[from..] {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()?;
    Ok(Found::Current)
}

/// What the database is, unless it needs migrating.
fn settled(connection: &Connection) -> rusqlite::Result<Option<Found>> {
    let application_id: i64 =
        connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let empty: bool = connection.query_row(
        "SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)",
        [],
        |row| row.get(0),
    )?;
    if application_id != APPLICATION_ID && !(application_id == 0 && empty) {
        return Ok(Some(Found::Foreign));
    }
    Ok(match version(connection)? {
        found if found > VERSION => Some(Found::Newer(found)),
        found if found < 0 => Some(Found::Foreign),
        VERSION => Some(Found::Current),
        _ => None,
    })
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use conditions::Timestamp;
    use tempfile::tempdir;

    use super::*;
    use crate::{Journal, KeySource, RunId};

    /// A journal as a hospes of `version` left it in `dir`, with one run in it.
    fn journal_of_version(dir: &Path, version: usize) -> Connection {
        let connection = Connection::open(dir.join("hospes.db")).unwrap();
        for migration in &MIGRATIONS[..version] {
            connection.execute_batch(migration).unwrap();
        }
        connection
            .pragma_update(None, "application_id", APPLICATION_ID)
            .unwrap();
        connection
            .pragma_update(None, "user_version", version as i64)
            .unwrap();
        connection
            .execute_batch(
                "INSERT INTO runs VALUES
                 (7, 'restart', 'web1', 'eva', '{}', '{}', 'active', NULL, 1, 1)",
            )
            .unwrap();
        connection
    }

    #[test]
    fn every_older_version_is_migrated_and_keeps_its_runs() {
        for older in 1..MIGRATIONS.len() {
            let dir = tempdir().unwrap();
            drop(journal_of_version(dir.path(), older));
            let journal = Journal::open(dir.path()).unwrap();
            let (web1, at) = ("web1".parse().unwrap(), Timestamp::from_millis(2));
            assert_eq!(
                journal.open_run(&web1).unwrap().unwrap().summary.id,
                RunId(7),
                "{older}"
            );
            journal.note(RunId(7), "after the migration", at).unwrap();
            journal
                .pin(&web1, "ssh-ed25519 AAAA", KeySource::Channel, at)
                .unwrap();
            journal.say(RunId(7), "abort", "cancelled", at).unwrap();
            assert_eq!(journal.metadata_records().unwrap(), []);
            journal.metadata_store_id().unwrap();
            assert_eq!(journal.known_address(&web1).unwrap(), None);
            assert_eq!(journal.campaigns(9).unwrap(), []);
            assert_eq!(journal.snapshots().unwrap(), []);
            drop(journal);
            let connection = Connection::open(dir.path().join("hospes.db")).unwrap();
            assert_eq!(version(&connection).unwrap(), VERSION);
        }
    }

    #[test]
    fn a_migration_that_fails_leaves_the_old_version() {
        let dir = tempdir().unwrap();
        let mut connection = journal_of_version(dir.path(), 1);
        connection
            .execute_batch("CREATE TABLE host_keys (x)")
            .unwrap();
        assert!(migrate(&mut connection).is_err());
        assert_eq!(version(&connection).unwrap(), 1);
        let sql = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'notes')";
        let notes: bool = connection.query_row(sql, [], |row| row.get(0)).unwrap();
        assert!(!notes, "half a migration stayed");
    }

    #[test]
    fn another_programs_database_is_not_taken_over() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch("CREATE TABLE bookmarks (url TEXT)")
            .unwrap();
        assert_eq!(migrate(&mut connection).unwrap(), Found::Foreign);
        assert_eq!(version(&connection).unwrap(), 0);
    }
}
