//! Campaigns in the journal: what is saved is all there or none of it, words are heard once, and a
//! turn has one run.

mod store;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use conditions::Timestamp;
use journal::{
    CampaignId, CampaignLock, CampaignLockError, CampaignNote, Journal, JournalError, NewCampaign,
    RunId, RunStatus, Try, TurnOf,
};
use rusqlite::Connection;
use serde_json::{Value, json};
use store::{at, holder, new_run};
use tempfile::{TempDir, tempdir};

const STATE_DIR: &str = "CAMPAIGN_TEST_STATE_DIR";

fn new_campaign(turns: &[(&str, u64)]) -> NewCampaign {
    NewCampaign {
        name: "monthly".to_owned(),
        operator: "eva".to_owned(),
        document: json!({ "groups": ["web"] }),
        head: json!({ "step": 0 }),
        turns: self::turns(turns),
        at: at(1),
    }
}

fn turns(turns: &[(&str, u64)]) -> Vec<(String, Value)> {
    let turns = turns.iter();
    turns
        .map(|(member, turn)| ((*member).to_owned(), json!(turn)))
        .collect()
}

fn note(text: &str) -> CampaignNote {
    CampaignNote {
        member: Some("web1".to_owned()),
        text: text.to_owned(),
        at: at(5),
    }
}

fn turn(campaign: CampaignId, member: &str, turn: u32) -> TurnOf {
    TurnOf {
        campaign,
        member: member.to_owned(),
        turn,
    }
}

fn begun() -> (TempDir, Journal, CampaignLock) {
    let dir = tempdir().expect("a directory");
    let journal = Journal::open(dir.path()).expect("a journal");
    let campaign = new_campaign(&[("web1", 1)]);
    let lock = journal
        .begin_campaign(&campaign, &holder("hospes patch apply"))
        .expect("a campaign");
    (dir, journal, lock)
}

fn said(journal: &Journal, id: CampaignId) -> Vec<String> {
    let heard = journal.words_to_campaign(id).expect("words");
    heard.into_iter().map(|heard| heard.word).collect()
}

#[test]
fn what_was_saved_last_is_what_is_read() {
    let (dir, journal, lock) = begun();
    let id = lock.campaign();
    let head = json!({ "step": 1 });
    let changed = turns(&[("web1", 2), ("web2", 1)]);
    journal
        .save_campaign(&lock, &head, &changed, &[], &[note("web1 goes on")], at(5))
        .unwrap();
    let other = Journal::open(dir.path()).unwrap();
    let record = other.campaign(id).unwrap();
    assert_eq!(record.summary.name, "monthly");
    assert_eq!(record.document, json!({ "groups": ["web"] }));
    assert_eq!((record.head, record.turns), (head, changed));
    assert_eq!(record.notes, [note("web1 goes on")]);
    assert_eq!(
        (record.summary.began, record.summary.changed),
        (at(1), at(5))
    );
    assert_eq!(record.summary.ended, None);
}

#[test]
fn a_save_that_fails_half_way_leaves_the_one_before() {
    let (dir, journal, lock) = begun();
    let id = lock.campaign();
    journal.say_to_campaign(id, "pause", "eva", at(2)).unwrap();
    let heard = journal.words_to_campaign(id).unwrap();
    let before = journal.campaign(id).unwrap();
    let breaker = Connection::open(dir.path().join("hospes.db")).unwrap();
    // Each table that a save writes to, as if the disk were full there.
    for (table, event) in [
        ("campaigns", "UPDATE"),
        ("turns", "INSERT"),
        ("campaign_words", "UPDATE"),
        ("campaign_notes", "INSERT"),
    ] {
        let trigger = format!(
            "CREATE TRIGGER full BEFORE {event} ON {table} BEGIN SELECT RAISE(ABORT, 'full'); END"
        );
        breaker.execute_batch(&trigger).unwrap();
        let saved = journal.save_campaign(
            &lock,
            &json!({ "step": 9 }),
            &turns(&[("web7", 9)]),
            &heard,
            &[note("lost")],
            at(9),
        );
        assert!(matches!(saved, Err(JournalError::Sqlite { .. })), "{table}");
        breaker.execute_batch("DROP TRIGGER full").unwrap();
        assert_eq!(journal.campaign(id).unwrap(), before, "{table}");
        assert_eq!(said(&journal, id), ["pause"], "{table}");
    }
}

#[test]
fn words_are_heard_once_and_in_the_order_in_which_they_were_said() {
    let (dir, journal, lock) = begun();
    let id = lock.campaign();
    // Others have no lock, and need none.
    let other = Journal::open(dir.path()).unwrap();
    for word in ["pause", "approve web", "pause"] {
        other.say_to_campaign(id, word, word, at(2)).unwrap();
    }
    assert_eq!(said(&journal, id), ["pause", "approve web", "pause"]);
    let heard = journal.words_to_campaign(id).unwrap();
    other
        .say_to_campaign(id, "resume", "resume", at(3))
        .unwrap();
    journal
        .save_campaign(&lock, &json!({}), &[], &heard, &[], at(4))
        .unwrap();
    assert_eq!(
        said(&journal, id),
        ["resume"],
        "what came meanwhile is not lost"
    );
    let notes = journal.campaign(id).unwrap().notes;
    assert_eq!(notes.len(), 4);
}

#[test]
fn what_has_ended_hears_nothing_and_is_not_changed() {
    let (_dir, journal, lock) = begun();
    let id = lock.campaign();
    let summary = json!({ "done": 1 });
    journal.end_campaign(&lock, &summary, at(7)).unwrap();
    let record = journal.campaign(id).unwrap();
    assert_eq!(record.summary.summary, Some(summary.clone()));
    assert_eq!(record.summary.ended, Some(at(7)));
    let ended = |result: Result<(), JournalError>| {
        assert!(matches!(result, Err(JournalError::CampaignEnded(of)) if of == id));
    };
    ended(journal.say_to_campaign(id, "pause", "eva", at(8)));
    ended(journal.save_campaign(&lock, &json!({}), &[], &[], &[], at(8)));
    ended(journal.end_campaign(&lock, &summary, at(8)));
    let guest = store::lock(&journal, "web1");
    let tried = journal.begin_try(&turn(id, "web1", 1), &lock, &new_run("web1", 8), &guest);
    ended(tried.map(drop));
    assert_eq!(journal.campaign(id).unwrap(), record);
    // A remark about what has ended is no change.
    journal
        .note_campaign(id, None, "a report was made", at(9))
        .unwrap();
}

#[test]
fn nobody_has_two_runs_in_one_turn() {
    let (_dir, journal, lock) = begun();
    let id = lock.campaign();
    let guest = store::lock(&journal, "web1");
    let first = turn(id, "web1", 1);
    assert_eq!(journal.run_of_turn(&first).unwrap(), None);
    let run = journal
        .begin_try(&first, &lock, &new_run("web1", 2), &guest)
        .unwrap();
    assert_eq!(journal.run_of_turn(&first).unwrap(), Some(run));
    assert_eq!(journal.turn_of_run(run).unwrap(), Some(first.clone()));
    let again = journal.begin_try(&first, &lock, &new_run("web1", 3), &guest);
    assert!(
        matches!(again, Err(JournalError::AlreadyTried { run: of, turn: 1, .. }) if of == run),
        "{again:?}"
    );
    journal
        .finish(run, &guest, "failed", RunStatus::Failed, at(4))
        .unwrap();
    let second = turn(id, "web1", 2);
    let next = journal
        .begin_try(&second, &lock, &new_run("web1", 5), &guest)
        .unwrap();
    let tries = journal.campaign(id).unwrap().tries;
    let of = |turn, run| Try { turn, run };
    assert_eq!(tries, [of(first, run), of(second, next)]);
    assert_eq!(journal.turn_of_run(RunId(99)).unwrap(), None);
}

#[test]
fn a_try_is_there_with_its_run_or_neither_is() {
    let (dir, journal, lock) = begun();
    let guest = store::lock(&journal, "web1");
    let first = turn(lock.campaign(), "web1", 1);
    let breaker = Connection::open(dir.path().join("hospes.db")).unwrap();
    for table in ["runs", "tries"] {
        breaker
            .execute_batch(&format!(
                "CREATE TRIGGER full BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'full'); END"
            ))
            .unwrap();
        let tried = journal.begin_try(&first, &lock, &new_run("web1", 2), &guest);
        assert!(matches!(tried, Err(JournalError::Sqlite { .. })), "{table}");
        breaker.execute_batch("DROP TRIGGER full").unwrap();
        assert_eq!(journal.run_of_turn(&first).unwrap(), None, "{table}");
        assert!(
            journal.open_run(guest.machine()).unwrap().is_none(),
            "{table}"
        );
    }
}

#[test]
fn only_the_locks_of_that_campaign_and_that_guest_let_a_try_begin() {
    let (dir, journal, lock) = begun();
    let other = journal
        .begin_campaign(&new_campaign(&[]), &holder("hospes patch apply"))
        .unwrap();
    let guest = store::lock(&journal, "web1");
    let first = turn(lock.campaign(), "web1", 1);
    let tried = journal.begin_try(&first, &other, &new_run("web1", 2), &guest);
    assert!(
        matches!(tried, Err(JournalError::WrongCampaignLock(id)) if id == lock.campaign()),
        "{tried:?}"
    );
    let tried = journal.begin_try(&first, &lock, &new_run("web2", 2), &guest);
    assert!(
        matches!(tried, Err(JournalError::WrongLock { .. })),
        "{tried:?}"
    );
    let elsewhere = Journal::open(&dir.path().join("elsewhere")).unwrap();
    let foreign = store::lock(&elsewhere, "web1");
    let tried = journal.begin_try(&first, &lock, &new_run("web1", 2), &foreign);
    assert!(
        matches!(tried, Err(JournalError::ForeignLock(_))),
        "{tried:?}"
    );
    let saved = elsewhere.save_campaign(&lock, &json!({}), &[], &[], &[], at(3));
    assert!(
        matches!(saved, Err(JournalError::WrongCampaignLock(_))),
        "{saved:?}"
    );
    assert_eq!(journal.run_of_turn(&first).unwrap(), None);
}

#[test]
fn a_campaign_is_locked_before_anybody_sees_it_and_its_driver_is_named() {
    let (dir, journal, held) = begun();
    let id = held.campaign();
    let other = Journal::open(dir.path()).unwrap();
    let refused = CampaignLock::acquire(&other, id, &holder("hospes patch resume"));
    let error = refused.unwrap_err().to_string();
    assert!(error.contains("hospes patch apply (process"), "{error}");
    let looked = || CampaignLock::holder(&other, id).unwrap();
    assert!(looked().unwrap().starts_with("hospes patch apply (process"));
    drop((held, journal));
    assert_eq!(looked(), None);
    assert_eq!(CampaignLock::holder(&other, CampaignId(99)).unwrap(), None);
    CampaignLock::acquire(&other, id, &holder("hospes patch resume")).unwrap();
}

#[test]
fn without_its_lock_there_is_no_campaign() {
    let dir = tempdir().unwrap();
    let journal = Journal::open(dir.path()).unwrap();
    // Where the lock's file would be.
    std::fs::create_dir_all(dir.path().join("locks/campaign c1.lock")).unwrap();
    let begun = journal.begin_campaign(&new_campaign(&[]), &holder("hospes patch apply"));
    assert!(
        matches!(begun, Err(CampaignLockError::Io { .. })),
        "{begun:?}"
    );
    assert_eq!(journal.campaigns(9).unwrap(), []);
}

#[test]
fn what_is_damaged_is_told_and_others_are_read() {
    let (dir, journal, lock) = begun();
    let fine = journal
        .begin_campaign(&new_campaign(&[]), &holder("hospes patch apply"))
        .unwrap();
    let breaker = Connection::open(dir.path().join("hospes.db")).unwrap();
    let id = lock.campaign();
    for (break_it, mend) in [
        (
            "UPDATE campaigns SET head = '{' WHERE id = 1",
            "UPDATE campaigns SET head = '{}' WHERE id = 1",
        ),
        (
            "UPDATE campaigns SET document = '' WHERE id = 1",
            "UPDATE campaigns SET document = '{}' WHERE id = 1",
        ),
        (
            "UPDATE turns SET turn = 'x' WHERE campaign = 1",
            "UPDATE turns SET turn = '1' WHERE campaign = 1",
        ),
    ] {
        breaker.execute_batch(break_it).unwrap();
        let read = journal.campaign(id);
        assert!(
            matches!(read, Err(JournalError::CorruptCampaign { campaign, .. }) if campaign == id),
            "{break_it}: {read:?}"
        );
        assert_eq!(journal.campaigns(9).unwrap().len(), 2, "{break_it}");
        journal.campaign(fine.campaign()).unwrap();
        breaker.execute_batch(mend).unwrap();
        journal.campaign(id).unwrap();
    }
    let missing = journal.campaign(CampaignId(99));
    assert!(matches!(missing, Err(JournalError::UnknownCampaign(_))));
}

#[test]
fn campaigns_are_listed_newest_first() {
    let (_dir, journal, first) = begun();
    let second = journal
        .begin_campaign(&new_campaign(&[]), &holder("hospes patch apply"))
        .unwrap();
    let ids = |limit| {
        let listed = journal.campaigns(limit).unwrap();
        listed
            .into_iter()
            .map(|campaign| campaign.id)
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(9), [second.campaign(), first.campaign()]);
    assert_eq!(ids(1), [second.campaign()]);
}

/// What a child does: saves steps, each with a turn, a note and the word that it answers to.
#[test]
#[ignore = "it is the other test's child process"]
fn driver() {
    let Some(state_dir) = std::env::var_os(STATE_DIR) else {
        return;
    };
    let journal = Journal::open(Path::new(&state_dir)).unwrap();
    let lock = CampaignLock::acquire(&journal, CampaignId(1), &holder("hospes patch resume"));
    let lock = lock.unwrap();
    for step in 1_u64.. {
        let word = step.to_string();
        journal
            .say_to_campaign(CampaignId(1), &word, "", at(step))
            .unwrap();
        let heard = journal.words_to_campaign(CampaignId(1)).unwrap();
        let (head, turns) = (
            json!({ "step": step }),
            turns(&[("web1", step), ("web2", step)]),
        );
        let note = note(&word);
        journal
            .save_campaign(&lock, &head, &turns, &heard, &[note], at(step))
            .unwrap();
    }
}

#[test]
fn a_driver_that_is_killed_anywhere_leaves_a_whole_step_and_no_lock() {
    let (dir, journal, lock) = begun();
    drop(lock);
    for round in 0..12_u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "driver"])
            .env(STATE_DIR, dir.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let before = journal.campaign(CampaignId(1)).unwrap().head;
        let began = Instant::now();
        while journal.campaign(CampaignId(1)).unwrap().head == before {
            assert!(began.elapsed() < Duration::from_secs(60), "it does nothing");
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_micros(700 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        let record = journal.campaign(CampaignId(1)).unwrap();
        let step = record.head["step"].as_u64().unwrap();
        assert_eq!(record.turns, turns(&[("web1", step), ("web2", step)]));
        let mut of_steps = record.notes.iter().filter(|note| note.member.is_some());
        assert_eq!(of_steps.next_back(), Some(&note(&step.to_string())));
        assert_eq!(record.summary.changed, Timestamp::from_millis(step));
        // At most the word of the step that it did not come to.
        let left = said(&journal, CampaignId(1));
        assert!(
            left.is_empty() || left == [(step + 1).to_string()],
            "{left:?}"
        );
        let free = CampaignLock::acquire(&journal, CampaignId(1), &holder("hospes patch resume"));
        drop(free.unwrap());
        // The next child begins at 1 again.
        let heard = journal.words_to_campaign(CampaignId(1)).unwrap();
        let lock = CampaignLock::acquire(&journal, CampaignId(1), &holder("a")).unwrap();
        journal
            .save_campaign(&lock, &json!({ "step": 0 }), &[], &heard, &[], at(0))
            .unwrap();
    }
}
