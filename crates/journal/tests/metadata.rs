//! The metadata store: what is kept, what is read after it, and what is set aside.

mod store;

use journal::{CorruptReason, Journal, JournalError, MetadataLock};
use metadata::control::{Record, Scope};
use rusqlite::Connection;
use store::holder;
use tempfile::tempdir;

fn record(scope: &Scope, key: &str, value: Option<&str>, revision: u64) -> Record {
    Record {
        scope: scope.clone(),
        key: key.parse().expect("a key"),
        value: value.map(str::to_owned),
        revision,
    }
}

fn web1() -> Scope {
    Scope::Guest("web1".to_owned())
}

fn owner(journal: &Journal) -> MetadataLock {
    MetadataLock::acquire(journal, &holder("hospes metadata set")).expect("a free store")
}

fn kept(journal: &Journal) -> Vec<Record> {
    let records = journal.metadata_records().expect("a readable journal");
    records
        .into_iter()
        .map(|record| record.expect("a whole record"))
        .collect()
}

#[test]
fn values_and_marks_of_taken_away_ones_outlive_the_controller() {
    let dir = tempdir().unwrap();
    let journal = Journal::open(dir.path()).unwrap();
    let script = "#!/bin/sh\necho \"ü\"\n\0";
    let first = [
        record(&web1(), "instance/attributes/a", Some(script), 1),
        record(&Scope::Project, "project/attributes/a", Some(""), 2),
        record(
            &Scope::Guest("project".to_owned()),
            "instance/attributes/a",
            Some("c"),
            3,
        ),
    ];
    journal.keep_metadata(&owner(&journal), &first).unwrap();
    let id = journal.metadata_store_id().unwrap();
    drop(journal);

    let journal = Journal::open(dir.path()).unwrap();
    assert_eq!(kept(&journal), first);
    assert_eq!(journal.metadata_store_id().unwrap(), id);
    let gone = record(&web1(), "instance/attributes/a", None, 4);
    journal
        .keep_metadata(&owner(&journal), std::slice::from_ref(&gone))
        .unwrap();
    let [_, project, namesake] = first;
    assert_eq!(kept(&journal), [project, namesake, gone]);
}

#[test]
fn each_store_has_a_number_of_its_own() {
    let ids: std::collections::BTreeSet<u32> = (0..4)
        .map(|_| {
            let dir = tempdir().unwrap();
            let journal = Journal::open(dir.path()).unwrap();
            journal.metadata_store_id().unwrap()
        })
        .collect();
    assert!(ids.len() > 1, "four stores with one number: {ids:?}");
}

#[test]
fn of_changes_that_cannot_all_be_kept_none_is() {
    let dir = tempdir().unwrap();
    let journal = Journal::open(dir.path()).unwrap();
    Connection::open(journal.path())
        .unwrap()
        .execute_batch(
            "CREATE TRIGGER full BEFORE INSERT ON metadata WHEN NEW.revision = 2
             BEGIN SELECT RAISE(ABORT, 'the disk is full'); END",
        )
        .unwrap();
    let records = [1, 2].map(|n| record(&web1(), &format!("instance/attributes/{n}"), None, n));
    let error = journal
        .keep_metadata(&owner(&journal), &records)
        .unwrap_err();
    assert!(error.to_string().contains("the disk is full"), "{error}");
    assert_eq!(kept(&journal), []);
}

#[test]
fn a_lock_of_another_state_directory_is_not_enough() {
    let (here, there) = (tempdir().unwrap(), tempdir().unwrap());
    let journal = Journal::open(here.path()).unwrap();
    let foreign = owner(&Journal::open(there.path()).unwrap());
    let refused = journal.keep_metadata(&foreign, &[]);
    assert!(matches!(refused, Err(JournalError::ForeignMetadataLock)));
}

#[test]
fn a_damaged_value_is_told_without_its_content_and_hides_no_other() {
    for (column, stored, reason) in [
        ("scope", "'guest'", CorruptReason::Scope),
        (
            "value",
            "CAST(x'736563726574ff' AS TEXT)",
            CorruptReason::Value,
        ),
        ("revision", "0", CorruptReason::Revision),
        (
            "key",
            "'a/../b'",
            CorruptReason::Key("a/../b".parse::<metadata::Key>().unwrap_err()),
        ),
    ] {
        let dir = tempdir().unwrap();
        let journal = Journal::open(dir.path()).unwrap();
        let whole = record(&Scope::Project, "project/attributes/a", Some("whole"), 9);
        let records = [
            record(&web1(), "instance/attributes/a", Some("secret"), 1),
            whole.clone(),
        ];
        journal.keep_metadata(&owner(&journal), &records).unwrap();
        let damage = format!("UPDATE metadata SET {column} = {stored} WHERE revision = 1");
        let damaging = Connection::open(journal.path()).unwrap();
        damaging.execute(&damage, []).unwrap();

        let found = journal.metadata_records().unwrap();
        let [Err(damaged), Ok(left)] = &found[..] else {
            panic!("{found:?}")
        };
        assert_eq!((left, &damaged.reason), (&whole, &reason));
        let told = damaged.to_string();
        assert!(
            told.contains("hospes metadata set") && !told.contains("secret"),
            "{told}"
        );
        let rows: i64 = damaging
            .query_row("SELECT count(*) FROM metadata", [], |row| row.get(0))
            .unwrap();
        assert_eq!(rows, 2, "the damaged one was lost");
    }
}

#[test]
fn a_damaged_value_gives_way_to_a_new_one() {
    let dir = tempdir().unwrap();
    let journal = Journal::open(dir.path()).unwrap();
    let mut value = record(&web1(), "instance/attributes/a", Some("old"), 1);
    journal
        .keep_metadata(&owner(&journal), std::slice::from_ref(&value))
        .unwrap();
    Connection::open(journal.path())
        .unwrap()
        .execute("UPDATE metadata SET revision = -1", [])
        .unwrap();
    value.value = Some("new".to_owned());
    journal
        .keep_metadata(&owner(&journal), std::slice::from_ref(&value))
        .unwrap();
    assert_eq!(kept(&journal), [value]);
}

#[test]
fn a_store_without_its_number_is_told() {
    for damage in [
        "DELETE FROM metadata_store",
        "UPDATE metadata_store SET id = -1",
        "UPDATE metadata_store SET id = 4294967296",
    ] {
        let dir = tempdir().unwrap();
        let journal = Journal::open(dir.path()).unwrap();
        Connection::open(journal.path())
            .unwrap()
            .execute(damage, [])
            .unwrap();
        let told = journal.metadata_store_id().unwrap_err();
        assert!(matches!(told, JournalError::CorruptStoreId), "{damage}");
    }
}
