//! Each rule of the watcher, one after the other.

use super::*;
use crate::Failure;
use crate::stop::{ReportOutcome, StopState};
use std::time::Duration;

const R1: &str = "2026-11-22T04:51:45.1Z";
const R2: &str = "2026-11-22T05:00:00.2Z";

fn at(seconds: u64) -> Now {
    Now {
        boot: Duration::from_secs(seconds),
        unix: Duration::from_secs(1_800_000_000 + seconds),
    }
}

fn fresh() -> Watch {
    Watch::new("boot-1".to_owned(), None).0
}

fn named(request: &str) -> Event<'static> {
    Event::Details(Ok(Details {
        state: Some(StopState::PendingStop),
        request: Some(request.to_owned()),
        max: Some(Duration::from_secs(600)),
    }))
}

const UNNAMED: Event<'static> = Event::Details(Ok(Details {
    state: None,
    request: None,
    max: None,
}));

const PENDING: Event<'static> = Event::Seen(Some("PENDING_STOP"));

/// The effects without those that a table need not show.
fn names(effects: &[Effect]) -> Vec<&'static str> {
    let name = |effect: &Effect| match effect {
        Effect::Forget => Some("forget"),
        Effect::Save(_) => Some("save"),
        Effect::Leave(_) => Some("leave"),
        Effect::Withdraw => Some("withdraw"),
        Effect::ReadDetails => Some("read"),
        Effect::Start => Some("start"),
        Effect::Look(_) => Some("look"),
        Effect::Report(_) => Some("report"),
        Effect::Say(_) => None,
    };
    effects.iter().filter_map(name).collect()
}

fn said(effects: &[Effect]) -> Vec<Notice> {
    let notice = |effect: &Effect| match effect {
        Effect::Say(notice) => Some(notice.clone()),
        _ => None,
    };
    effects.iter().filter_map(notice).collect()
}

fn step(watch: &mut Watch, event: Event<'_>) -> Vec<&'static str> {
    names(&watch.step(event, at(100)))
}

/// What the watcher keeps, by its last `Save`.
fn kept(effects: &[Effect]) -> Kept {
    let saved = effects.iter().rev().find_map(|effect| match effect {
        Effect::Save(kept) => Some(kept.clone()),
        _ => None,
    });
    saved.expect("a save")
}

/// A watcher that has queued the start of this request.
fn started(request: &str) -> Watch {
    let mut watch = fresh();
    step(&mut watch, PENDING);
    step(&mut watch, named(request));
    step(&mut watch, Event::Started(Ok(())));
    watch
}

#[test]
fn the_intent_is_saved_before_the_start_and_the_result_after_it() {
    let mut watch = fresh();
    assert_eq!(step(&mut watch, PENDING), ["read"]);
    let effects = watch.step(named(R1), at(100));
    assert_eq!(names(&effects), ["save", "leave", "start"]);
    assert!(!kept(&effects).stop.expect("a stop").is_started);
    let effects = watch.step(Event::Started(Ok(())), at(100));
    assert_eq!(names(&effects), ["save"]);
    assert!(kept(&effects).stop.expect("a stop").is_started);
}

#[test]
fn the_deadline_counts_from_when_the_guest_learned_of_the_stop() {
    let mut watch = fresh();
    step(&mut watch, PENDING);
    let effects = watch.step(named(R1), at(100));
    let Some(Effect::Leave(pending)) = effects.get(1) else {
        panic!("{effects:?}");
    };
    assert_eq!(pending.request, R1);
    assert_eq!(pending.max_seconds, Some(600));
    assert_eq!(pending.deadline_unix, Some(1_800_000_700));
    assert_eq!(pending.deadline_boot_ms, Some(700_000));
}

#[test]
fn idle_values_are_silent_and_start_nothing() {
    let mut watch = fresh();
    for value in [
        None,
        Some(""),
        Some("NONE"),
        Some("UNKNOWN\n"),
        Some("UNSPECIFIED"),
        None,
    ] {
        assert_eq!(watch.step(Event::Seen(value), at(1)), [], "{value:?}");
    }
}

#[test]
fn stopping_and_unknown_values_start_nothing_and_are_told_once() {
    for value in ["STOPPING", "SOMETHING_NEW"] {
        let mut watch = fresh();
        let effects = watch.step(Event::Seen(Some(value)), at(1));
        assert_eq!(
            (names(&effects).len(), said(&effects).len()),
            (0, 1),
            "{value}"
        );
        for _ in 0..10 {
            assert_eq!(watch.step(Event::Seen(Some(value)), at(2)), [], "{value}");
        }
    }
}

#[test]
fn a_stop_that_is_pending_still_is_not_taken_up_twice() {
    let mut watch = started(R1);
    for _ in 0..10 {
        assert_eq!(watch.step(PENDING, at(160)), [Effect::ReadDetails]);
        assert_eq!(watch.step(named(R1), at(160)), []);
        assert_eq!(watch.step(PENDING, at(161)), [Effect::ReadDetails]);
        assert_eq!(watch.step(UNNAMED, at(161)), []);
    }
}

/// Lets the watcher look for the runner of what it started.
fn look(watch: &mut Watch, runner: Runner) -> Vec<Effect> {
    let mut now = at(0);
    now.boot = watch.wake_at().expect("it will look");
    assert_eq!(names(&watch.step(Event::Woken, now)), ["look"]);
    watch.step(Event::Looked(runner), now)
}

#[test]
fn a_start_that_was_merged_with_another_stop_s_is_made_again_until_the_runner_has_taken_it() {
    let mut watch = started(R1);
    assert_eq!(look(&mut watch, Runner::Took), []);
    assert_eq!(watch.wake_at(), None);
    step(&mut watch, PENDING);
    step(&mut watch, named(R2));
    step(&mut watch, Event::Started(Ok(())));
    let mut lines = 0;
    for _ in 0..20 {
        let effects = look(&mut watch, Runner::Behind);
        assert_eq!(names(&effects), ["read"]);
        lines += said(&effects).len();
        assert_eq!(step(&mut watch, named(R2)), ["leave", "start"]);
        assert_eq!(step(&mut watch, Event::Started(Ok(()))), [""; 0]);
        let rest = watch.wake_at().expect("it looks again") - at(100).boot;
        assert!(rest <= Duration::from_secs(10), "{rest:?}");
    }
    assert_eq!(lines, 1);
    assert_eq!(look(&mut watch, Runner::Took), []);
    assert_eq!(watch.wake_at(), None);
    step(&mut watch, PENDING);
    assert_eq!(step(&mut watch, named(R2)), [""; 0]);
}

#[test]
fn a_unit_without_our_runner_is_started_once() {
    let mut watch = started(R1);
    assert_eq!(look(&mut watch, Runner::Unknown), []);
    assert_eq!(watch.wake_at(), None);
}

#[test]
fn a_start_that_is_owed_is_made_when_the_stop_is_pending_again() {
    let mut watch = started(R1);
    step(&mut watch, Event::Seen(Some("STOPPING")));
    assert_eq!(look(&mut watch, Runner::Behind), []);
    assert_eq!(watch.wake_at(), None);
    step(&mut watch, PENDING);
    assert_eq!(step(&mut watch, named(R1)), ["leave", "start"]);
}

#[test]
fn a_stop_that_is_cancelled_is_not_looked_after() {
    let mut watch = started(R1);
    look(&mut watch, Runner::Behind);
    step(&mut watch, Event::Seen(Some("NONE")));
    assert_eq!(watch.wake_at(), None);
    assert_eq!(watch.step(Event::Looked(Runner::Behind), at(200)), []);
}

#[test]
fn a_cancelled_stop_is_withdrawn_and_the_next_one_taken_up() {
    let mut watch = started(R1);
    assert_eq!(
        step(&mut watch, Event::Seen(Some("NONE"))),
        ["withdraw", "save"]
    );
    assert_eq!(watch.step(Event::Seen(None), at(101)), []);
    assert_eq!(step(&mut watch, PENDING), ["read"]);
    assert_eq!(step(&mut watch, named(R2)), ["save", "leave", "start"]);
}

#[test]
fn a_second_stop_is_known_by_its_timestamp_where_the_idle_value_was_missed() {
    let mut watch = started(R1);
    assert_eq!(step(&mut watch, PENDING), ["read"]);
    assert_eq!(step(&mut watch, named(R2)), ["save", "leave", "start"]);
}

#[test]
fn without_a_timestamp_a_stop_lasts_until_an_idle_value() {
    let mut watch = fresh();
    step(&mut watch, PENDING);
    assert_eq!(step(&mut watch, UNNAMED), ["save", "leave", "start"]);
    step(&mut watch, Event::Started(Ok(())));
    step(&mut watch, PENDING);
    assert_eq!(step(&mut watch, UNNAMED), [""; 0]);
    step(&mut watch, Event::Seen(Some("STOPPING")));
    step(&mut watch, PENDING);
    assert_eq!(step(&mut watch, UNNAMED), [""; 0]);
    step(&mut watch, Event::Seen(None));
    step(&mut watch, PENDING);
    assert_eq!(step(&mut watch, UNNAMED), ["save", "leave", "start"]);
}

#[test]
fn a_name_that_comes_later_belongs_to_the_same_stop() {
    let mut watch = fresh();
    step(&mut watch, PENDING);
    step(&mut watch, UNNAMED);
    step(&mut watch, Event::Started(Ok(())));
    step(&mut watch, PENDING);
    let effects = watch.step(named(R1), at(100));
    assert_eq!(names(&effects), ["save"]);
    let stop = kept(&effects).stop.expect("a stop");
    assert_eq!(stop.name.as_deref(), Some(R1));
    assert!(
        stop.pending.request.starts_with("unnamed-"),
        "the runner knows it so"
    );
    step(&mut watch, PENDING);
    assert_eq!(step(&mut watch, named(R2)), ["save", "leave", "start"]);
}

#[test]
fn a_watcher_started_again_carries_on_where_the_other_died() {
    let mut first = fresh();
    first.step(PENDING, at(100));
    let intent = kept(&first.step(named(R1), at(100)));
    let done = kept(&first.step(Event::Started(Ok(())), at(100)));
    for (kept, expected) in [
        (intent.clone(), &["leave", "start"][..]),
        (done.clone(), &[]),
    ] {
        let (mut second, effects) = Watch::new("boot-1".to_owned(), Some(kept));
        assert_eq!(effects, []);
        assert_eq!(step(&mut second, PENDING), ["read"]);
        assert_eq!(names(&second.step(named(R1), at(200))), expected);
    }
    let (mut second, _) = Watch::new("boot-1".to_owned(), Some(intent));
    assert_eq!(
        step(&mut second, Event::Seen(Some("NONE"))),
        ["withdraw", "save"]
    );
    let (mut second, _) = Watch::new("boot-1".to_owned(), Some(done));
    second.step(PENDING, at(200));
    let told = second.step(named(R1), at(200));
    assert_eq!(said(&told), [Notice::TakenUpBefore(R1.to_owned())]);
    look(&mut second, Runner::Behind);
    assert_eq!(step(&mut second, named(R1)), ["leave", "start"]);
}

#[test]
fn the_deadline_survives_the_watcher() {
    let mut first = fresh();
    first.step(PENDING, at(100));
    let intent = kept(&first.step(named(R1), at(100)));
    let (mut second, _) = Watch::new("boot-1".to_owned(), Some(intent));
    second.step(PENDING, at(300));
    let effects = second.step(named(R1), at(300));
    let left = effects.iter().find_map(|effect| match effect {
        Effect::Leave(pending) => pending.deadline_boot_ms,
        _ => None,
    });
    assert_eq!(left, Some(700_000));
}

#[test]
fn another_boot_runs_them_again() {
    let mut first = started(R1);
    let done = kept(&{
        first.step(PENDING, at(100));
        let mut effects = first.step(named(R2), at(100));
        effects.extend(first.step(Event::Started(Ok(())), at(100)));
        effects
    });
    let (mut second, effects) = Watch::new("boot-2".to_owned(), Some(done));
    assert_eq!(names(&effects), ["forget", "save"]);
    step(&mut second, PENDING);
    assert_eq!(step(&mut second, named(R2)), ["save", "leave", "start"]);
}

#[test]
fn details_that_are_not_there_yet_are_read_again_and_then_done_without() {
    let mut watch = fresh();
    watch.step(PENDING, at(100));
    let mut now = at(100);
    for round in 0..5 {
        let broken = Event::Details(Err(Failure::Status(503)));
        assert_eq!(watch.step(broken, now), [], "{round}");
        now.boot = watch.wake_at().expect("another try");
        assert_eq!(watch.step(Event::Woken, now), [Effect::ReadDetails]);
    }
    let effects = watch.step(Event::Details(Err(Failure::Status(503))), now);
    assert_eq!(names(&effects), ["save", "leave", "start"]);
    assert_eq!(said(&effects)[0], Notice::NoDetails(Failure::Status(503)));
    assert!(now.boot < Duration::from_secs(104));
}

#[test]
fn details_that_are_absent_are_done_without_at_once_and_that_changes_no_known_stop() {
    let absent = || Event::Details(Err(Failure::Status(404)));
    let mut watch = fresh();
    step(&mut watch, PENDING);
    assert_eq!(step(&mut watch, absent()), ["save", "leave", "start"]);
    let mut watch = started(R1);
    step(&mut watch, PENDING);
    assert_eq!(watch.step(absent(), at(100)), []);
}

#[test]
fn a_stop_that_was_cancelled_before_its_details_were_read_starts_nothing() {
    let mut watch = fresh();
    step(&mut watch, PENDING);
    let cancelled = Details {
        state: Some(StopState::Idle),
        ..Details::default()
    };
    assert_eq!(step(&mut watch, Event::Details(Ok(cancelled))), [""; 0]);
    assert_eq!(watch.wake_at(), None);
}

#[test]
fn a_start_job_that_is_refused_is_queued_again_for_a_bounded_time_and_then_the_host_is_told() {
    let mut watch = fresh();
    step(&mut watch, PENDING);
    step(&mut watch, named(R1));
    let (mut now, mut lines) = (at(100), 0);
    for _ in 0..4 {
        let effects = watch.step(Event::Started(Err("no bus".to_owned())), now);
        assert_eq!(names(&effects), [""; 0]);
        lines += said(&effects).len();
        now.boot = watch.wake_at().expect("another try");
        assert_eq!(watch.step(Event::Woken, now), [Effect::ReadDetails]);
        assert_eq!(names(&watch.step(named(R1), now)), ["leave", "start"]);
    }
    assert_eq!(lines, 1);
    let effects = watch.step(Event::Started(Err("no bus".to_owned())), now);
    assert_eq!(names(&effects), ["report"]);
    assert!(matches!(effects.last(), Some(Effect::Report(report))
        if report.outcome == ReportOutcome::Failed && report.request == R1));
    watch.step(PENDING, now);
    assert_eq!(watch.step(named(R1), now), [], "given up");
    watch.step(PENDING, now);
    assert_eq!(
        names(&watch.step(named(R2), now)),
        ["save", "leave", "start"]
    );
}

#[test]
fn a_start_that_waits_for_its_next_try_is_given_up_when_the_stop_is_cancelled() {
    for (value, expected) in [("NONE", &["withdraw", "save"][..]), ("STOPPING", &[])] {
        let mut watch = fresh();
        step(&mut watch, PENDING);
        step(&mut watch, named(R1));
        step(&mut watch, Event::Started(Err("no bus".to_owned())));
        assert_eq!(step(&mut watch, Event::Seen(Some(value))), expected);
        assert_eq!(watch.wake_at(), None);
        assert_eq!(watch.step(Event::Woken, at(999)), []);
    }
}

#[test]
fn what_a_foreign_value_says_fits_into_one_line() {
    let value = format!("A\nB\u{1b}[0m{}", "x".repeat(10_000));
    let line = Notice::State(StopState::read(&value)).to_string();
    assert!(
        line.len() < 300 && !line.contains(['\n', '\u{1b}']),
        "{line}"
    );
}
