//! Several controllers, as processes: killed, stopped, and at the same time.
//!
//! A controller is this test program once more, told by its environment what to do.

mod store;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use journal::{
    Holder, Journal, LockError, MachineLock, MetadataLock, MetadataLockError, RunFilter, RunId,
};
use metadata::control::{Record, Scope};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use store::{at, guest, holder, lock, new_run, step};
use tempfile::tempdir;

const STATE_DIR: &str = "JOURNAL_TEST_STATE_DIR";
const ROLE: &str = "JOURNAL_TEST_ROLE";

/// What a child does.
#[test]
#[ignore = "it is the other tests' child process"]
fn controller() {
    let Some(state_dir) = std::env::var_os(STATE_DIR) else {
        return;
    };
    let journal = Journal::open(Path::new(&state_dir)).unwrap();
    match std::env::var(ROLE).unwrap().as_str() {
        "intend" => {
            let lock = lock(&journal, "web1");
            let run = journal.begin(&new_run("web1", 1), &lock).unwrap();
            journal
                .intend(
                    run,
                    &lock,
                    &step("ask-shutdown", json!({"phase": "asked"})),
                    at(2),
                )
                .unwrap();
            say("intended");
            wait_to_be_killed();
        }
        "start" => {
            let _lock = lock(&journal, "web1");
            let mut machine = Command::new("sleep")
                .arg("60")
                .stdout(Stdio::null())
                .spawn()
                .unwrap();
            say(&machine.id().to_string());
            machine.wait().unwrap();
        }
        "steps" => {
            let lock = lock(&journal, "web1");
            let run = journal.begin(&new_run("web1", 1), &lock).unwrap();
            for n in 0.. {
                let id = journal
                    .intend(run, &lock, &step("ping", json!(n)), at(n))
                    .unwrap();
                say(&format!("intended {n}"));
                journal
                    .result(id, &lock, "ok", "", &json!(n), at(n))
                    .unwrap();
                say(&format!("resulted {n}"));
            }
        }
        "metadata" => {
            let _lock = MetadataLock::acquire(&journal, &holder("hospes metadata serve")).unwrap();
            say("owns");
            wait_to_be_killed();
        }
        "count" => (0..20).for_each(|_| set_the_next(&journal)),
        "compete" => {
            for n in 0..20 {
                let lock = loop {
                    match MachineLock::acquire(&journal, guest("web1"), &holder("compete")) {
                        Ok(lock) => break lock,
                        Err(LockError::Held { .. }) => std::thread::sleep(Duration::from_millis(1)),
                        Err(other) => panic!("{other}"),
                    }
                };
                assert!(
                    journal.open_run(guest("web1")).unwrap().is_none(),
                    "two at once"
                );
                let run = journal.begin(&new_run("web1", n), &lock).unwrap();
                journal
                    .finish(run, &lock, "done", journal::RunStatus::Done, at(n))
                    .unwrap();
            }
        }
        other => panic!("{other}"),
    }
}

/// Sets a value whose name is the revision before it.
fn set_the_next(journal: &Journal) {
    let lock = loop {
        match MetadataLock::acquire(journal, &holder("hospes metadata set")) {
            Ok(lock) => break lock,
            Err(MetadataLockError::Held { .. }) => std::thread::sleep(Duration::from_millis(1)),
            Err(other) => panic!("{other}"),
        }
    };
    let last = journal
        .metadata_records()
        .expect("a readable journal")
        .pop();
    let last = last.map_or(0, |record| record.expect("a whole record").revision);
    let record = Record {
        scope: Scope::Project,
        key: format!("project/attributes/{last}").parse().expect("a key"),
        value: Some(String::new()),
        revision: last + 1,
    };
    journal.keep_metadata(&lock, &[record]).expect("it is kept");
}

fn say(line: &str) {
    writeln!(std::io::stdout(), "said: {line}").expect("a parent that listens");
}

fn wait_to_be_killed() {
    std::thread::sleep(Duration::from_secs(60));
}

/// A child that is killed when the test ends in any way.
struct Controller {
    child: Child,
    said: BufReader<ChildStdout>,
}

impl Controller {
    fn start(state_dir: &Path, role: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().expect("a living child"))
            .args(["--exact", "controller", "--ignored", "--nocapture"])
            .env(STATE_DIR, state_dir)
            .env(ROLE, role)
            .stdout(Stdio::piped())
            .spawn()
            .expect("a living child");
        let said = BufReader::new(child.stdout.take().expect("a living child"));
        Self { child, said }
    }

    /// The next thing it says, or `None` when it has ended.
    fn hears(&mut self) -> Option<String> {
        let mut line = String::new();
        while self.said.read_line(&mut line).expect("a living child") > 0 {
            if let Some((_, said)) = line.split_once("said: ") {
                return Some(said.trim_end().to_owned());
            }
            line.clear();
        }
        None
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("a living child");
    }

    fn kill(&mut self) {
        self.child.kill().expect("a living child");
        self.child.wait().expect("a living child");
    }
}

impl Drop for Controller {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_controller_killed_before_its_effect_leaves_the_intent_and_a_free_lock() {
    let dir = tempdir().unwrap();
    let mut child = Controller::start(dir.path(), "intend");
    assert_eq!(child.hears().as_deref(), Some("intended"));
    child.kill();

    let journal = Journal::open(dir.path()).unwrap();
    let lock = lock(&journal, "web1");
    let record = journal.open_run(guest("web1")).unwrap().unwrap();
    assert_eq!(record.state, json!({"phase": "asked"}));
    let [intended] = &record.steps[..] else {
        panic!("{record:?}")
    };
    assert_eq!(
        (intended.effect.as_str(), &intended.result),
        ("ask-shutdown", &None)
    );
    journal
        .resume(record.summary.id, &lock, "eva", at(9))
        .unwrap();
    journal
        .result(intended.id, &lock, "taken", "it is down", &json!(1), at(9))
        .unwrap();
}

#[test]
fn a_machine_that_outlives_its_killed_controller_does_not_keep_the_lock() {
    let dir = tempdir().unwrap();
    let mut child = Controller::start(dir.path(), "start");
    let machine = child
        .hears()
        .unwrap()
        .parse()
        .ok()
        .and_then(Pid::from_raw)
        .unwrap();
    child.kill();
    let journal = Journal::open(dir.path()).unwrap();
    // The machine's process may still be inside its `exec`, which closes the lock's file last.
    let begun = Instant::now();
    let free = loop {
        let tried = MachineLock::acquire(&journal, guest("web1"), &holder("hospes runs resume"));
        if tried.is_ok() || begun.elapsed() > Duration::from_secs(5) {
            break tried;
        }
    };
    kill_process(machine, Signal::KILL).unwrap();
    assert!(free.is_ok(), "{free:?}");
}

#[test]
fn whatever_was_recorded_before_a_kill_is_there_and_in_order() {
    for kill_after in [1, 2, 7, 20, 41] {
        let dir = tempdir().unwrap();
        let mut child = Controller::start(dir.path(), "steps");
        let mut last = String::new();
        for _ in 0..kill_after {
            last = child.hears().unwrap();
        }
        child.kill();

        let (word, n) = last.split_once(' ').unwrap();
        let n: usize = n.parse().unwrap();
        let journal = Journal::open(dir.path()).unwrap();
        let record = journal.run(RunId(1)).unwrap().unwrap();
        assert!(record.steps.len() > n, "{last} was lost");
        assert!(
            word == "intended" || record.steps[n].result.is_some(),
            "{last} was lost"
        );
        let (_, all_but_last) = record.steps.split_last().unwrap();
        assert!(all_but_last.iter().all(|step| step.result.is_some()));
        assert_eq!(
            record.state,
            json!(record.steps.len() - 1),
            "state and step went apart"
        );
    }
}

#[test]
fn a_second_controller_is_refused_and_told_who_is_first() {
    let dir = tempdir().unwrap();
    let mut child = Controller::start(dir.path(), "intend");
    child.hears().unwrap();
    let journal = Journal::open(dir.path()).unwrap();
    let second = || MachineLock::acquire(&journal, guest("web1"), &holder("hospes shutdown web1"));
    let told = second().unwrap_err().to_string();
    let pid = child.child.id();
    assert_eq!(
        told,
        format!(
            "guest web1 is in use: hospes restart (process {pid}, since 2026-03-01T12:00:00Z) operates on it; \
             wait until it has ended, then try again"
        )
    );
    // Another guest is free, and a stopped controller still holds its own.
    drop(lock(&journal, "web2"));
    child.signal(Signal::STOP);
    assert!(matches!(second(), Err(LockError::Held { .. })));
    child.kill();
    assert!(second().is_ok());
}

#[test]
fn a_lock_is_held_once_in_one_process_too_and_free_after_drop() {
    let dir = tempdir().unwrap();
    let journal = Journal::open(dir.path()).unwrap();
    let again = Journal::open(dir.path()).unwrap();
    let first = lock(&journal, "web1");
    let second = || MachineLock::acquire(&again, guest("web1"), &holder("second"));
    assert!(matches!(second(), Err(LockError::Held { .. })));
    drop(first);
    assert!(second().is_ok());
}

#[test]
fn a_holder_that_cannot_be_read_still_holds() {
    let dir = tempdir().unwrap();
    let journal = Journal::open(dir.path()).unwrap();
    let path = dir.path().join("locks/web1.lock");
    let acquire = |holder: &Holder| MachineLock::acquire(&journal, guest("web1"), holder);
    let _held = acquire(&holder("hospes\u{1b}[2J fix")).unwrap();
    assert!(
        acquire(&holder("x"))
            .unwrap_err()
            .to_string()
            .contains(": hospes[2J fix (process")
    );
    for content in [String::new(), "{".repeat(100), "x".repeat(100_000)] {
        std::fs::write(&path, content).unwrap();
        let told = acquire(&holder("x")).unwrap_err().to_string();
        assert!(
            told.contains("another controller (it has not said which)"),
            "{told}"
        );
    }
}

#[test]
fn controllers_that_start_together_share_one_new_journal() {
    let dir = tempdir().unwrap();
    let begun = Instant::now();
    let mut children: Vec<_> = (0..3)
        .map(|_| Controller::start(dir.path(), "compete"))
        .collect();
    for child in &mut children {
        while child.hears().is_some() {}
        assert!(child.child.wait().unwrap().success());
    }
    assert!(begun.elapsed() < Duration::from_secs(60));
    let journal = Journal::open(dir.path()).unwrap();
    assert_eq!(journal.runs(100, &RunFilter::default()).unwrap().len(), 60);
}

#[test]
fn controllers_that_change_metadata_at_once_lose_none_of_it() {
    let dir = tempdir().unwrap();
    let mut children: Vec<_> = (0..2)
        .map(|_| Controller::start(dir.path(), "count"))
        .collect();
    for child in &mut children {
        while child.hears().is_some() {}
        assert!(child.child.wait().unwrap().success());
    }
    let journal = Journal::open(dir.path()).unwrap();
    let kept = journal.metadata_records().unwrap();
    let revisions: Vec<u64> = kept
        .into_iter()
        .map(|kept| kept.unwrap().revision)
        .collect();
    assert_eq!(revisions, (1..=40).collect::<Vec<u64>>());
}

#[test]
fn the_owner_of_the_metadata_store_is_named_and_leaves_it_free_when_it_is_killed() {
    let dir = tempdir().unwrap();
    let mut child = Controller::start(dir.path(), "metadata");
    assert_eq!(child.hears().as_deref(), Some("owns"));
    let journal = Journal::open(dir.path()).unwrap();
    let second = || MetadataLock::acquire(&journal, &holder("hospes metadata set"));
    let pid = child.child.id();
    assert_eq!(
        second().unwrap_err().to_string(),
        format!(
            "the metadata store is in use: hospes metadata serve (process {pid}, since \
             2026-03-01T12:00:00Z) has it; wait until it has ended, then try again"
        )
    );
    // A guest of that name has a lock of its own.
    drop(lock(&journal, "metadata"));
    child.kill();
    assert!(second().is_ok());
}
