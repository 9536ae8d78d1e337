//! Snapshots that were asked for: none is forgotten before it is gone, whenever a controller dies.

mod store;

use std::path::Path;

use journal::{Journal, JournalError, NewSnapshot, RunId, RunStatus};
use rusqlite::Connection;
use serde_json::json;
use store::{at, guest, lock, new_run};
use tempfile::tempdir;

fn snapshot(name: &str, run: RunId, expires: Option<u64>) -> NewSnapshot {
    NewSnapshot {
        guest: guest("web1"),
        name: name.to_owned(),
        run,
        expires: expires.map(at),
    }
}

/// A journal with one run, as a controller left it that died.
fn begun(dir: &Path) -> RunId {
    let journal = Journal::open(dir).expect("a journal");
    let held = lock(&journal, "web1");
    journal.begin(&new_run("web1", 1), &held).expect("a run")
}

fn names(journal: &Journal) -> Vec<String> {
    let listed = journal.snapshots().expect("a list").into_iter();
    listed.map(|snapshot| snapshot.name).collect()
}

#[test]
fn a_snapshot_is_known_from_before_it_is_asked_for_until_it_is_gone() {
    let dir = tempdir().unwrap();
    let run = begun(dir.path());
    // Each step is another controller's: the one before was killed after it.
    let open = || Journal::open(dir.path()).unwrap();
    open()
        .intend_snapshot(&snapshot("hospes-a", run, Some(50)), at(10))
        .unwrap();
    assert_eq!(names(&open()), ["hospes-a"]);
    // A resumed run asks again: the first moment and expiry stand.
    open()
        .intend_snapshot(&snapshot("hospes-a", run, Some(90)), at(40))
        .unwrap();
    open()
        .intend_snapshot(&snapshot("hospes-b", run, None), at(5))
        .unwrap();
    let listed = open().snapshots().unwrap();
    let seen: Vec<_> = listed
        .iter()
        .map(|one| {
            (
                one.guest.as_str(),
                one.name.as_str(),
                one.run,
                one.asked,
                one.expires,
            )
        })
        .collect();
    let wanted = [
        ("web1", "hospes-b", run, at(5), None),
        ("web1", "hospes-a", run, at(10), Some(at(50))),
    ];
    assert_eq!(seen, wanted, "oldest first");
    open().forget_snapshot("web2", "hospes-a").unwrap();
    assert_eq!(names(&open()).len(), 2, "another guest's");
    open().forget_snapshot("web1", "hospes-a").unwrap();
    open().forget_snapshot("web1", "hospes-a").unwrap();
    assert_eq!(names(&open()), ["hospes-b"]);
}

#[test]
fn what_cannot_be_recorded_is_told_before_it_is_asked_for() {
    let dir = tempdir().unwrap();
    let run = begun(dir.path());
    let journal = Journal::open(dir.path()).unwrap();
    let unknown = snapshot("hospes-a", RunId(99), None);
    assert!(journal.intend_snapshot(&unknown, at(1)).is_err());
    let connection = Connection::open(dir.path().join("hospes.db")).unwrap();
    let full = "CREATE TRIGGER full BEFORE INSERT ON snapshots
                BEGIN SELECT RAISE(ABORT, 'disk full'); END";
    connection.execute_batch(full).unwrap();
    let told = journal.intend_snapshot(&snapshot("hospes-a", run, None), at(1));
    assert!(told.unwrap_err().to_string().contains("disk full"));
    assert_eq!(names(&journal), [""; 0]);
}

#[test]
fn a_damaged_row_hides_no_other() {
    let dir = tempdir().unwrap();
    let run = begun(dir.path());
    let journal = Journal::open(dir.path()).unwrap();
    for name in ["hospes-a", "hospes-b"] {
        journal
            .intend_snapshot(&snapshot(name, run, Some(7)), at(1))
            .unwrap();
    }
    let connection = Connection::open(dir.path().join("hospes.db")).unwrap();
    let damage = "UPDATE snapshots SET guest = CAST(x'ff' AS TEXT), expires_ms = -7
                  WHERE name = 'hospes-a'";
    connection.execute_batch(damage).unwrap();
    let listed = journal.snapshots().unwrap();
    assert_eq!(listed.len(), 2);
    let damaged = listed.iter().find(|one| one.name == "hospes-a").unwrap();
    assert_eq!(
        (damaged.guest.as_str(), damaged.expires),
        ("\u{fffd}", Some(at(0)))
    );
}

#[test]
fn the_state_of_an_active_run_is_saved_between_its_steps_and_of_no_other() {
    let dir = tempdir().unwrap();
    let run = begun(dir.path());
    let journal = Journal::open(dir.path()).unwrap();
    let state = json!({ "phase": "checking", "seen": 3 });
    let held = lock(&journal, "web1");
    journal.save(run, &held, &state, at(5)).unwrap();
    let record = journal.run(run).unwrap().unwrap();
    assert_eq!(
        (record.state, record.summary.changed),
        (state.clone(), at(5))
    );
    let others = lock(&journal, "web2");
    let told = journal.save(run, &others, &json!({}), at(6));
    assert!(
        matches!(told, Err(JournalError::WrongLock { .. })),
        "{told:?}"
    );
    for status in [RunStatus::Resumable, RunStatus::Done] {
        journal.finish(run, &held, "", status, at(7)).unwrap();
        let told = journal.save(run, &held, &json!({}), at(8));
        assert!(
            matches!(told, Err(JournalError::WrongStatus { .. })),
            "{told:?}"
        );
    }
    assert_eq!(journal.run(run).unwrap().unwrap().state, state);
}
