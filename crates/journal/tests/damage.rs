//! Damaged, foreign and later files: told, and left as they are.

mod store;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use journal::{Journal, JournalError, KeySource, RunFilter, RunStatus};
use rusqlite::Connection;
use store::{at, guest, lock, new_run};
use tempfile::tempdir;

#[test]
fn directory_and_database_are_their_owners_only() {
    let dir = tempdir().unwrap();
    let state_dir = dir.path().join("deep/state");
    let journal = Journal::open(&state_dir).unwrap();
    let held = lock(&journal, "web1");
    journal.begin(&new_run("web1", 1), &held).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&state_dir), 0o700);
    assert_eq!(mode(&state_dir.join("locks")), 0o700);
    for file in ["hospes.db", "hospes.db-wal", "locks/web1.lock"] {
        assert_eq!(mode(&state_dir.join(file)), 0o600, "{file}");
    }
}

#[test]
fn a_file_that_is_no_database_is_named_and_left_alone() {
    for content in ["short", &"not a database\n".repeat(1000)] {
        let dir = tempdir().unwrap();
        let file = dir.path().join("hospes.db");
        fs::write(&file, content).unwrap();
        let error = Journal::open(dir.path()).unwrap_err();
        assert!(matches!(error, JournalError::Corrupt { .. }), "{error:?}");
        assert!(
            error.to_string().contains(file.to_str().unwrap()),
            "{error}"
        );
        assert_eq!(fs::read_to_string(&file).unwrap(), content);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}

#[test]
fn pages_that_were_overwritten_are_told_as_damage() {
    let dir = tempdir().unwrap();
    let journal = Journal::open(dir.path()).unwrap();
    let held = lock(&journal, "web1");
    for ms in 0..50 {
        journal.begin(&new_run("web1", ms), &held).unwrap();
    }
    drop((held, journal));
    let file = dir.path().join("hospes.db");
    let mut bytes = fs::read(&file).unwrap();
    bytes[4096..].fill(0x5a);
    fs::write(&file, &bytes).unwrap();
    let told = Journal::open(dir.path())
        .and_then(|journal| journal.runs(100, &RunFilter::default()).map(drop));
    assert!(
        matches!(told, Err(JournalError::Corrupt { .. })),
        "{told:?}"
    );
    assert_eq!(fs::read(&file).unwrap(), bytes);
}

#[test]
fn another_programs_database_is_refused() {
    let dir = tempdir().unwrap();
    let other = Connection::open(dir.path().join("hospes.db")).unwrap();
    other
        .execute_batch("CREATE TABLE bookmarks (url TEXT)")
        .unwrap();
    let error = Journal::open(dir.path()).unwrap_err();
    assert!(matches!(error, JournalError::Foreign { .. }), "{error:?}");
}

#[test]
fn a_later_version_is_refused_and_left_alone() {
    let dir = tempdir().unwrap();
    let path = Journal::open(dir.path()).unwrap().path().to_owned();
    let later = Connection::open(&path).unwrap();
    later.pragma_update(None, "user_version", 99).unwrap();
    let error = Journal::open(dir.path()).unwrap_err();
    let told = error.to_string().replace(path.to_str().unwrap(), "FILE");
    insta::assert_snapshot!(told, @"the journal FILE has version 99, and this hospes knows versions up to 8; use the hospes that wrote it, or a newer one");
    let version: i64 = later
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap();
    assert_eq!(version, 99);
}

#[test]
fn a_damaged_run_is_told_and_hides_no_other() {
    for (column, value, reason) in [
        ("state", "'{\"phase\": '", "its state is not JSON"),
        ("options", "''", "its options is not JSON"),
        ("status", "'asleep'", "its status is `asleep`"),
        ("guest", "'../etc'", "is neither a guest"),
        ("state", "CAST(x'ff' AS TEXT)", "its state is not JSON"),
    ] {
        let dir = tempdir().unwrap();
        let journal = Journal::open(dir.path()).unwrap();
        let (web1, web2) = (lock(&journal, "web1"), lock(&journal, "web2"));
        let damaged = journal.begin(&new_run("web1", 1), &web1).unwrap();
        let whole = journal.begin(&new_run("web2", 2), &web2).unwrap();
        Connection::open(journal.path())
            .unwrap()
            .execute(
                &format!("UPDATE runs SET {column} = {value} WHERE id = 1"),
                [],
            )
            .unwrap();

        let listed = journal.runs(10, &RunFilter::default()).unwrap();
        assert_eq!(listed[0].as_ref().unwrap().id, whole);
        let corrupt = listed[1].as_ref().unwrap_err();
        assert_eq!(
            (corrupt.run, corrupt.operation.as_str()),
            (damaged, "restart")
        );
        assert!(corrupt.reason.contains(reason), "{corrupt}");
        let told = journal.run(damaged).unwrap_err();
        assert!(matches!(told, JournalError::CorruptRun(ref same) if same == corrupt));
        assert!(journal.run(whole).unwrap().is_some());
    }
}

#[test]
fn a_run_with_a_damaged_state_blocks_until_it_is_abandoned() {
    let dir = tempdir().unwrap();
    let journal = Journal::open(dir.path()).unwrap();
    let held = lock(&journal, "web1");
    let run = journal.begin(&new_run("web1", 1), &held).unwrap();
    let other = Connection::open(journal.path()).unwrap();
    other.execute("UPDATE runs SET state = 'x'", []).unwrap();
    let told = journal.open_run(guest("web1")).unwrap_err().to_string();
    assert!(told.contains("r1 (restart of web1) is damaged"), "{told}");
    journal
        .finish(run, &held, "given up", RunStatus::Abandoned, at(2))
        .unwrap();
    assert_eq!(journal.open_run(guest("web1")).unwrap(), None);
    let kept: String = other
        .query_row("SELECT state FROM runs", [], |row| row.get(0))
        .unwrap();
    assert_eq!(kept, "x");
}

#[test]
fn a_damaged_host_key_trusts_nothing_until_it_is_replaced() {
    let dir = tempdir().unwrap();
    let journal = Journal::open(dir.path()).unwrap();
    let web1 = guest("web1");
    journal
        .pin(&web1, "ssh-ed25519 AAAAold", KeySource::Channel, at(1))
        .unwrap();
    Connection::open(journal.path())
        .unwrap()
        .execute("UPDATE host_keys SET key = 'ssh-ed25519'", [])
        .unwrap();
    let told = journal.pinned(&web1).unwrap_err();
    assert!(told.to_string().contains("hospes trust web1"), "{told}");
    journal
        .replace_pins(&web1, &["ssh-ed25519 AAAAnew"], KeySource::Operator, at(2))
        .unwrap();
    let keys: Vec<_> = journal
        .pinned(&web1)
        .unwrap()
        .into_iter()
        .map(|pin| pin.key)
        .collect();
    assert_eq!(keys, ["ssh-ed25519 AAAAnew"]);
}

#[test]
fn a_journal_that_others_keep_busy_is_told_after_a_bounded_wait() {
    let dir = tempdir().unwrap();
    let journal = Journal::open(dir.path()).unwrap();
    let held = lock(&journal, "web1");
    let run = journal.begin(&new_run("web1", 1), &held).unwrap();
    let other = Connection::open(journal.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let told = journal.note(run, "waiting", at(2));
    assert!(
        matches!(told, Err(JournalError::Busy { waited_s: 5, .. })),
        "{told:?}"
    );
    assert!(journal.run(run).unwrap().is_some(), "readers never wait");
    other.execute_batch("ROLLBACK").unwrap();
    journal.note(run, "went on", at(3)).unwrap();
}
