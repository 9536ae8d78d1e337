//! Runs, steps and remarks in real files.

mod store;

use conditions::MachineId;
use journal::{
    Journal, JournalError, KeySource, MachineLock, NewRun, RunFilter, RunId, RunStatus, StepId,
};
use serde_json::json;
use store::{at, guest, holder, lock, new_run, step};
use tempfile::tempdir;

#[test]
fn a_run_is_told_from_its_intent_to_its_end() {
    let dir = tempdir().unwrap();
    let journal = Journal::open(dir.path()).unwrap();
    let lock = lock(&journal, "web1");
    let run = journal.begin(&new_run("web1", 1000), &lock).unwrap();
    let asked = journal
        .intend(
            run,
            &lock,
            &step("ask-shutdown", json!({"phase": "asked"})),
            at(2000),
        )
        .unwrap();
    journal.note(run, "the agent took 2 s", at(2500)).unwrap();
    journal
        .result(
            asked,
            &lock,
            "taken",
            "no answer, as expected",
            &json!({"phase": "stopping"}),
            at(3000),
        )
        .unwrap();
    journal
        .intend(
            run,
            &lock,
            &step("start", json!({"phase": "starting"})),
            at(4000),
        )
        .unwrap();
    journal
        .finish(
            run,
            &lock,
            "still running after 5 m",
            RunStatus::Resumable,
            at(5000),
        )
        .unwrap();
    drop(journal);

    let journal = Journal::open(dir.path()).unwrap();
    let record = journal.run(run).unwrap().unwrap();
    insta::assert_json_snapshot!(record);
    assert_eq!(journal.open_run(guest("web1")).unwrap(), Some(record));
}

#[test]
fn a_resumable_run_goes_on_only_after_it_was_resumed() {
    let dir = tempdir().unwrap();
    let journal = Journal::open(dir.path()).unwrap();
    let lock = lock(&journal, "web1");
    let run = journal.begin(&new_run("web1", 1), &lock).unwrap();
    journal
        .finish(run, &lock, "still running", RunStatus::Resumable, at(2))
        .unwrap();
    let refused = journal
        .intend(run, &lock, &step("start", json!(1)), at(3))
        .unwrap_err();
    assert_eq!(
        refused.to_string(),
        "run r1 is resumable, so it cannot take another step"
    );

    journal.resume(run, &lock, "uwe", at(4)).unwrap();
    journal
        .intend(run, &lock, &step("start", json!(2)), at(5))
        .unwrap();
    let record = journal.run(run).unwrap().unwrap();
    assert_eq!(
        (record.summary.status, record.summary.outcome),
        (RunStatus::Active, None)
    );
    assert_eq!(record.notes[0].text, "resumed by uwe");
    assert_eq!(record.state, json!(2));
}

#[test]
fn what_has_ended_for_good_stays_ended() {
    for status in [
        RunStatus::Done,
        RunStatus::Failed,
        RunStatus::Refused,
        RunStatus::Abandoned,
    ] {
        let dir = tempdir().unwrap();
        let journal = Journal::open(dir.path()).unwrap();
        let lock = lock(&journal, "web1");
        let run = journal.begin(&new_run("web1", 1), &lock).unwrap();
        let waiting = journal
            .intend(run, &lock, &step("start", json!(1)), at(2))
            .unwrap();
        journal.finish(run, &lock, "over", status, at(3)).unwrap();
        for again in [
            journal
                .intend(run, &lock, &step("start", json!(2)), at(4))
                .map(drop),
            journal.result(waiting, &lock, "late", "", &json!(2), at(4)),
            journal.resume(run, &lock, "uwe", at(4)),
            journal.finish(run, &lock, "again", RunStatus::Done, at(4)),
        ] {
            assert!(
                matches!(again, Err(JournalError::WrongStatus { .. })),
                "{status}: {again:?}"
            );
        }
        assert_eq!(journal.open_run(guest("web1")).unwrap(), None);
        let record = journal.run(run).unwrap().unwrap();
        assert_eq!((record.summary.status, record.state), (status, json!(1)));
    }
}

#[test]
fn nothing_is_recorded_under_another_guests_lock() {
    let (dir, elsewhere) = (tempdir().unwrap(), tempdir().unwrap());
    let journal = Journal::open(dir.path()).unwrap();
    let (web1, web2) = (lock(&journal, "web1"), lock(&journal, "web2"));
    let foreign = lock(&Journal::open(elsewhere.path()).unwrap(), "web1");

    assert!(matches!(
        journal.begin(&new_run("web1", 1), &web2),
        Err(JournalError::WrongLock { .. })
    ));
    let nothing = journal.runs(10, &RunFilter::default()).unwrap();
    assert_eq!(nothing, []);

    let run = journal.begin(&new_run("web1", 1), &web1).unwrap();
    let waiting = journal
        .intend(run, &web1, &step("start", json!(1)), at(2))
        .unwrap();
    let before = journal.run(run).unwrap();
    for (lock, told) in [
        (&web2, "the lock held is for guest web2"),
        (&foreign, "another state directory"),
    ] {
        for refused in [
            journal.begin(&new_run("web1", 1), lock).map(drop),
            journal
                .intend(run, lock, &step("start", json!(9)), at(9))
                .map(drop),
            journal.result(waiting, lock, "", "", &json!(9), at(9)),
            journal.finish(run, lock, "", RunStatus::Done, at(9)),
            journal.resume(run, lock, "uwe", at(9)),
        ] {
            assert!(refused.unwrap_err().to_string().contains(told));
        }
    }
    assert_eq!(journal.run(run).unwrap(), before);
}

#[test]
fn calls_about_nothing_are_refused() {
    let dir = tempdir().unwrap();
    let journal = Journal::open(dir.path()).unwrap();
    let lock = lock(&journal, "web1");
    assert_eq!(journal.run(RunId(4)).unwrap(), None);
    assert!(matches!(
        journal.note(RunId(4), "?", at(1)),
        Err(JournalError::UnknownRun(RunId(4)))
    ));
    let unknown = journal.intend(RunId(4), &lock, &step("start", json!(1)), at(1));
    assert!(matches!(unknown, Err(JournalError::UnknownRun(RunId(4)))));
    let run = journal.begin(&new_run("web1", 1), &lock).unwrap();
    let waiting = journal
        .intend(run, &lock, &step("start", json!(1)), at(2))
        .unwrap();
    journal
        .result(waiting, &lock, "started", "", &json!(2), at(3))
        .unwrap();
    for step in [waiting, StepId(99)] {
        let twice = journal.result(step, &lock, "again", "", &json!(3), at(4));
        assert!(matches!(twice, Err(JournalError::NotWaiting(told)) if told == step));
    }
    let active = journal.finish(run, &lock, "", RunStatus::Active, at(5));
    assert!(matches!(active, Err(JournalError::NotAnEnd(_))));
}

#[test]
fn lists_are_newest_first_and_filtered() {
    let dir = tempdir().unwrap();
    let journal = Journal::open(dir.path()).unwrap();
    let (web1, web2) = (lock(&journal, "web1"), lock(&journal, "web2"));
    let r1 = journal.begin(&new_run("web1", 1), &web1).unwrap();
    journal
        .finish(r1, &web1, "done", RunStatus::Done, at(2))
        .unwrap();
    let r2 = journal.begin(&new_run("web2", 3), &web2).unwrap();
    let r3 = journal.begin(&new_run("web1", 4), &web1).unwrap();
    journal
        .finish(r3, &web1, "still running", RunStatus::Resumable, at(5))
        .unwrap();

    let web1_only = Some(guest("web1").into());
    for (limit, filter, expected) in [
        (10, RunFilter::default(), vec![r3, r2, r1]),
        (2, RunFilter::default(), vec![r3, r2]),
        (
            10,
            RunFilter {
                open: true,
                machine: None,
            },
            vec![r3, r2],
        ),
        (
            10,
            RunFilter {
                open: false,
                machine: web1_only.clone(),
            },
            vec![r3, r1],
        ),
        (
            10,
            RunFilter {
                open: true,
                machine: web1_only,
            },
            vec![r3],
        ),
    ] {
        let listed = journal.runs(limit, &filter).unwrap();
        let ids: Vec<_> = listed.into_iter().map(|run| run.unwrap().id).collect();
        assert_eq!(ids, expected, "{filter:?}");
    }
}

#[test]
fn a_node_has_runs_and_keys_of_its_own_beside_a_guest_of_that_name() {
    let dir = tempdir().unwrap();
    let journal = Journal::open(dir.path()).unwrap();
    let node: MachineId = "node:home/pve1".parse().unwrap();
    let taken = MachineLock::acquire(&journal, &node, &holder("patch nodes")).unwrap();
    let beside = lock(&journal, "pve1");
    let new = NewRun {
        machine: node.clone(),
        ..new_run("pve1", 1)
    };
    assert!(journal.begin(&new, &beside).is_err());
    let run = journal.begin(&new, &taken).unwrap();
    assert!(journal.open_run(guest("pve1")).unwrap().is_none());
    let open = journal.open_run(&node).unwrap().unwrap();
    assert_eq!((open.summary.id, &open.summary.machine), (run, &node));
    let document = serde_json::to_value(&open).unwrap();
    assert_eq!(document["guest"], "node:home/pve1");
    let key = "ssh-ed25519 AAAAC3Nz";
    journal.pin(&node, key, KeySource::Operator, at(2)).unwrap();
    assert_eq!(journal.pinned(&node).unwrap()[0].key, key);
    assert_eq!(journal.pinned(guest("pve1")).unwrap(), []);
}
