//! Stories of freezes.

use std::time::Duration;

use super::*;

const HOUR: u64 = 1_795_309_200;

fn rules() -> Rules {
    Rules {
        has_hook: true,
        limit: Some(Duration::from_secs(600)),
        boot: "b-1".into(),
    }
}

/// So many seconds after the agent has started.
fn at(seconds: u64) -> Moment {
    Moment {
        monotonic: Duration::from_secs(seconds),
        unix: HOUR + seconds,
    }
}

/// A freezer that is told things, with what it wants written as words.
struct Story {
    freezer: Freezer<&'static str>,
    now: Moment,
}

impl Story {
    fn begin(rules: Rules, recovery: Recovery) -> (Self, Vec<String>) {
        let (freezer, effects) = Freezer::start(rules, recovery);
        let story = Self {
            freezer,
            now: at(0),
        };
        (story, words(effects))
    }

    fn new() -> Self {
        Self::begin(rules(), Recovery::Nothing).0
    }

    fn tell(&mut self, event: Event<&'static str>) -> Vec<String> {
        words(self.freezer.step(event, self.now))
    }

    fn tell_at(&mut self, seconds: u64, event: Event<&'static str>) -> Vec<String> {
        self.now = at(seconds);
        self.tell(event)
    }

    /// File systems that `vzdump` has frozen.
    fn frozen() -> Self {
        let mut story = Self::new();
        drop(story.tell(freeze("vzdump")));
        drop(story.tell(Event::StateWritten(Ok(()))));
        drop(story.tell(Event::HookEnded(Ok(()))));
        drop(story.tell(Event::Froze(Ok(3))));
        assert!(story.freezer.is_frozen());
        story
    }
}

fn freeze(from: &'static str) -> Event<&'static str> {
    Event::FreezeAsked {
        from,
        mount_points: None,
    }
}

fn thaw(from: &'static str) -> Event<&'static str> {
    Event::ThawAsked { from }
}

fn failed<T>(text: &str) -> Result<T, String> {
    Err(text.into())
}

/// Effects in short; log lines are left out.
fn words(effects: Vec<Effect<&'static str>>) -> Vec<String> {
    let word = |effect| match effect {
        Effect::WriteState(state) => {
            let state = state.encode();
            let what = if state.contains("owed") {
                "owed"
            } else {
                "frozen"
            };
            Some(format!("write {what}"))
        }
        Effect::ClearState => Some("clear".into()),
        Effect::RunHook(hook) => Some(format!("hook {}", hook.argument())),
        Effect::StopHook => Some("stop hook".into()),
        Effect::FreezeFileSystems(None) => Some("freeze".into()),
        Effect::FreezeFileSystems(Some(mounts)) => Some(format!("freeze {}", mounts.join(" "))),
        Effect::StopFreezing => Some("stop freezing".into()),
        Effect::ThawFileSystems => Some("thaw".into()),
        Effect::HoldLog => Some("hold log".into()),
        Effect::ReleaseLog => Some("release log".into()),
        Effect::ArmTimer(at) => Some(format!("timer {}", at.as_secs())),
        Effect::DisarmTimer => Some("no timer".into()),
        Effect::Answer { to, result } => Some(match result {
            Ok(count) => format!("{to}: {count}"),
            Err(text) => format!("{to}: {text}"),
        }),
        Effect::Log(..) => None,
        Effect::Exit => Some("exit".into()),
    };
    effects.into_iter().filter_map(word).collect()
}

const BY_WATCHDOG: &str = "file systems were thawed at 2026-11-22T01:10:00Z by the watchdog after \
                           600 s: what was copied since is not consistent";
const BY_TERMINATION: &str = "file systems were thawed at 2026-11-22T01:00:30Z because the agent \
                              was told to stop: what was copied since is not consistent";
const BY_SUCCESSOR: &str = "file systems were thawed at 2026-11-22T01:00:00Z by a new agent after \
                            the old one had died: what was copied since is not consistent";

#[test]
fn a_freeze_and_its_thaw() {
    let mut story = Story::new();
    assert_eq!(story.tell(freeze("vzdump")), ["write frozen"]);
    assert!(!story.freezer.is_frozen());
    assert_eq!(story.tell(Event::StateWritten(Ok(()))), ["hook freeze"]);
    assert!(!story.freezer.is_frozen());
    let effects = story.tell_at(5, Event::HookEnded(Ok(())));
    assert_eq!(effects, ["hold log", "timer 605", "freeze"]);
    assert!(story.freezer.is_frozen());
    assert_eq!(story.tell(Event::Froze(Ok(3))), ["vzdump: 3"]);
    assert!(story.freezer.is_frozen());
    assert_eq!(story.tell_at(60, thaw("vzdump")), ["no timer", "thaw"]);
    assert!(story.freezer.is_frozen());
    let effects = story.tell(Event::Thawed(Ok(3)));
    assert_eq!(effects, ["release log", "hook thaw"]);
    assert!(!story.freezer.is_frozen());
    let effects = story.tell(Event::HookEnded(Ok(())));
    assert_eq!(effects, ["clear", "vzdump: 3"]);
}

#[test]
fn without_a_hook_and_a_limit_little_is_done() {
    let rules = Rules {
        has_hook: false,
        limit: None,
        boot: String::new(),
    };
    let (mut story, _) = Story::begin(rules, Recovery::Nothing);
    let event = Event::FreezeAsked {
        from: "vzdump",
        mount_points: Some(vec!["/a".into(), "/b".into()]),
    };
    assert_eq!(story.tell(event), ["write frozen"]);
    let effects = story.tell(Event::StateWritten(Ok(())));
    assert_eq!(effects, ["hold log", "freeze /a /b"]);
    assert_eq!(story.tell(Event::Froze(Ok(2))), ["vzdump: 2"]);
    assert_eq!(story.tell_at(1_000_000, Event::TimerDue), [""; 0]);
    assert_eq!(story.tell(thaw("vzdump")), ["thaw"]);
    let effects = story.tell(Event::Thawed(Ok(2)));
    assert_eq!(effects, ["release log", "clear", "vzdump: 2"]);
}

#[test]
fn the_watchdog_thaws_and_the_next_thaw_hears_of_it_once() {
    let mut story = Story::frozen();
    assert_eq!(story.tell_at(599, Event::TimerDue), [""; 0]);
    assert_eq!(story.tell_at(600, Event::TimerDue), ["thaw"]);
    let effects = story.tell(Event::Thawed(Ok(3)));
    assert_eq!(effects, ["release log", "hook thaw"]);
    let effects = story.tell_at(605, Event::HookEnded(Ok(())));
    assert_eq!(effects, ["write owed"]);
    let effects = story.tell_at(700, thaw("vzdump"));
    assert_eq!(effects, [&format!("vzdump: {BY_WATCHDOG}"), "clear"]);
    assert_eq!(story.tell(thaw("vzdump")), ["thaw"]);
    assert_eq!(
        story.tell(Event::Thawed(Ok(0))),
        ["release log", "hook thaw"]
    );
    let effects = story.tell(Event::HookEnded(Ok(())));
    assert_eq!(effects, ["clear", "vzdump: 0"]);
}

#[test]
fn a_thaw_that_comes_while_the_watchdog_thaws_hears_of_it() {
    let mut story = Story::frozen();
    assert_eq!(story.tell_at(600, Event::TimerDue), ["thaw"]);
    assert_eq!(story.tell(thaw("first")), [""; 0]);
    assert_eq!(story.tell(thaw("second")), [""; 0]);
    drop(story.tell(Event::Thawed(Ok(3))));
    let effects = story.tell(Event::HookEnded(Ok(())));
    let first = format!("first: {BY_WATCHDOG}");
    let second = format!("second: {BY_WATCHDOG}");
    assert_eq!(effects, ["write owed", &first, &second, "clear"]);
    assert_eq!(story.freezer.debt(), None);
}

#[test]
fn a_new_freeze_writes_the_debt_off() {
    let mut story = Story::frozen();
    drop(story.tell_at(600, Event::TimerDue));
    drop(story.tell(Event::Thawed(Ok(3))));
    drop(story.tell(Event::HookEnded(Ok(()))));
    assert!(story.freezer.debt().is_some());
    assert_eq!(story.tell(freeze("vzdump")), ["write frozen"]);
    assert_eq!(story.freezer.debt(), None);
}

#[test]
fn a_hook_that_failed_half_way_gets_its_thaw() {
    let mut story = Story::new();
    drop(story.tell(freeze("vzdump")));
    drop(story.tell(Event::StateWritten(Ok(()))));
    let event = Event::HookEnded(failed("fsfreeze hook has failed with status 1"));
    assert_eq!(story.tell(event), ["release log", "hook thaw"]);
    let effects = story.tell(Event::HookEnded(failed("again")));
    let answer = "vzdump: fsfreeze hook has failed with status 1";
    assert_eq!(effects, ["clear", answer]);
}

#[test]
fn the_hook_gets_its_thaw_when_there_was_nothing_to_freeze() {
    let mut story = Story::new();
    drop(story.tell(freeze("vzdump")));
    drop(story.tell(Event::StateWritten(Ok(()))));
    drop(story.tell(Event::HookEnded(Ok(()))));
    let effects = story.tell(Event::Froze(Ok(0)));
    assert_eq!(effects, ["no timer", "release log", "hook thaw"]);
    let effects = story.tell(Event::HookEnded(Ok(())));
    assert_eq!(effects, ["clear", "vzdump: 0"]);
}

#[test]
fn a_freeze_that_failed_is_undone() {
    let mut story = Story::new();
    drop(story.tell(freeze("vzdump")));
    drop(story.tell(Event::StateWritten(Ok(()))));
    drop(story.tell(Event::HookEnded(Ok(()))));
    let effects = story.tell(Event::Froze(failed("failed to freeze /")));
    assert_eq!(effects, ["no timer", "thaw"]);
    assert!(story.freezer.is_frozen());
    let effects = story.tell(Event::Thawed(Ok(1)));
    assert_eq!(effects, ["release log", "hook thaw"]);
    let effects = story.tell(Event::HookEnded(Ok(())));
    assert_eq!(effects, ["clear", "vzdump: failed to freeze /"]);
}

#[test]
fn nothing_is_frozen_that_the_next_agent_could_not_know_of() {
    let mut story = Story::new();
    drop(story.tell(freeze("vzdump")));
    let effects = story.tell(Event::StateWritten(failed("No space left on device")));
    let answer = "vzdump: failed to write the freeze state: No space left on device";
    assert_eq!(effects, ["clear", answer]);
}

#[test]
fn only_one_freeze_at_a_time() {
    let mut story = Story::new();
    drop(story.tell(freeze("vzdump")));
    let effects = story.tell(freeze("other"));
    assert_eq!(effects, ["other: file systems are being frozen already"]);
    let mut story = Story::frozen();
    let effects = story.tell(freeze("other"));
    assert_eq!(effects, ["other: file systems are frozen already"]);
    drop(story.tell(thaw("vzdump")));
    let effects = story.tell(freeze("other"));
    assert_eq!(effects, ["other: file systems are being thawed"]);
}

#[test]
fn a_thaw_ends_a_hook_that_runs() {
    let mut story = Story::new();
    drop(story.tell(freeze("vzdump")));
    drop(story.tell(Event::StateWritten(Ok(()))));
    assert_eq!(story.tell(thaw("cleanup")), ["stop hook"]);
    assert_eq!(story.tell(thaw("other")), [""; 0]);
    let effects = story.tell(Event::HookEnded(failed("killed")));
    assert_eq!(effects, ["release log", "hook thaw"]);
    let effects = story.tell(Event::HookEnded(Ok(())));
    let answer = "vzdump: the freeze was ended by a thaw before it was complete";
    assert_eq!(effects, ["clear", answer, "cleanup: 0", "other: 0"]);
}

#[test]
fn a_thaw_while_file_systems_are_frozen_thaws_what_comes_after_it_too() {
    let mut story = Story::new();
    drop(story.tell(freeze("vzdump")));
    drop(story.tell(Event::StateWritten(Ok(()))));
    drop(story.tell(Event::HookEnded(Ok(()))));
    let effects = story.tell(thaw("cleanup"));
    assert_eq!(effects, ["stop freezing", "no timer", "thaw"]);
    // Thawed before freezing has ended: one that was at work may be frozen now.
    assert_eq!(story.tell(Event::Thawed(Ok(2))), [""; 0]);
    assert_eq!(story.tell(Event::Froze(Ok(3))), ["thaw"]);
    drop(story.tell(Event::Thawed(Ok(1))));
    let effects = story.tell(Event::HookEnded(Ok(())));
    let answer = "vzdump: the freeze was ended by a thaw before it was complete";
    assert_eq!(effects, ["clear", answer, "cleanup: 3"]);
}

#[test]
fn freezing_that_does_not_end_is_ended_by_the_watchdog() {
    let mut story = Story::new();
    drop(story.tell(freeze("vzdump")));
    drop(story.tell(Event::StateWritten(Ok(()))));
    drop(story.tell(Event::HookEnded(Ok(()))));
    let effects = story.tell_at(600, Event::TimerDue);
    assert_eq!(effects, ["stop freezing", "thaw"]);
    assert_eq!(story.tell(Event::Froze(failed("interrupted"))), [""; 0]);
    assert_eq!(story.tell(Event::Thawed(Ok(2))), ["thaw"]);
    drop(story.tell(Event::Thawed(Ok(0))));
    let effects = story.tell(Event::HookEnded(Ok(())));
    let answer = "vzdump: the freeze was not complete within its limit";
    assert_eq!(effects, ["clear", answer]);
    assert_eq!(story.freezer.debt(), None, "nobody believes in this freeze");
}

#[test]
fn an_agent_that_has_to_stop_thaws_and_its_successor_tells() {
    let mut story = Story::frozen();
    let effects = story.tell_at(30, Event::TerminationAsked);
    assert_eq!(effects, ["timer 105", "thaw"]);
    assert_eq!(story.tell(Event::TerminationAsked), [""; 0]);
    drop(story.tell(Event::Thawed(Ok(3))));
    let effects = story.tell(Event::HookEnded(Ok(())));
    assert_eq!(effects, ["write owed", "exit"]);
    let owed = ForcedThaw {
        when: HOUR + 30,
        why: Why::Terminated,
    };
    let (mut story, effects) = Story::begin(rules(), Recovery::Owed(owed));
    assert_eq!(effects, [""; 0]);
    let effects = story.tell(thaw("vzdump"));
    assert_eq!(effects, [&format!("vzdump: {BY_TERMINATION}"), "clear"]);
}

#[test]
fn an_agent_that_has_to_stop_does_not_wait_for_ever() {
    let mut story = Story::frozen();
    drop(story.tell_at(30, Event::TerminationAsked));
    assert_eq!(story.tell_at(104, Event::TimerDue), [""; 0]);
    assert_eq!(story.tell_at(105, Event::TimerDue), ["exit"]);
    assert_eq!(story.tell(Event::Thawed(Ok(3))), [""; 0]);
    let effects = story.tell(thaw("vzdump"));
    assert_eq!(effects, ["vzdump: the agent is stopping"]);
}

#[test]
fn an_agent_that_has_nothing_to_thaw_stops_at_once() {
    assert_eq!(Story::new().tell(Event::TerminationAsked), ["exit"]);
}

#[test]
fn an_agent_that_has_to_stop_undoes_a_freeze_that_is_not_complete() {
    let mut story = Story::new();
    drop(story.tell(freeze("vzdump")));
    drop(story.tell(Event::StateWritten(Ok(()))));
    let effects = story.tell(Event::TerminationAsked);
    assert_eq!(effects, ["timer 75", "stop hook"]);
    drop(story.tell(Event::HookEnded(failed("killed"))));
    let effects = story.tell(Event::HookEnded(Ok(())));
    assert_eq!(
        effects,
        ["clear", "vzdump: the agent was told to stop", "exit"]
    );
}

#[test]
fn what_an_agent_left_frozen_is_thawed_at_the_start() {
    let (mut story, effects) = Story::begin(rules(), Recovery::Frozen);
    assert_eq!(effects, ["hold log", "thaw"]);
    assert!(story.freezer.is_frozen());
    assert_eq!(
        story.tell(Event::Thawed(Ok(3))),
        ["release log", "hook thaw"]
    );
    assert_eq!(story.tell(Event::HookEnded(Ok(()))), ["write owed"]);
    let effects = story.tell(thaw("vzdump"));
    assert_eq!(effects, [&format!("vzdump: {BY_SUCCESSOR}"), "clear"]);
}

#[test]
fn what_an_earlier_boot_left_is_forgotten() {
    let (story, effects) = Story::begin(rules(), Recovery::Stale);
    assert_eq!(effects, ["clear"]);
    assert!(!story.freezer.is_frozen());
}

#[test]
fn a_thaw_that_failed_is_tried_again() {
    let mut story = Story::frozen();
    drop(story.tell_at(600, Event::TimerDue));
    let effects = story.tell(Event::Thawed(failed("no mount table")));
    assert_eq!(effects, ["timer 610"]);
    assert!(story.freezer.is_frozen());
    assert_eq!(story.tell_at(610, Event::TimerDue), ["thaw"]);
    drop(story.tell_at(600, Event::Thawed(Ok(3))));
    assert_eq!(story.tell(Event::HookEnded(Ok(()))), ["write owed"]);
    let effects = story.tell(thaw("vzdump"));
    assert_eq!(effects, [&format!("vzdump: {BY_WATCHDOG}"), "clear"]);
}

#[test]
fn a_thaw_that_was_asked_for_and_failed_says_so_and_owes_nothing() {
    let mut story = Story::frozen();
    drop(story.tell(thaw("vzdump")));
    let effects = story.tell(Event::Thawed(failed("no mount table")));
    assert_eq!(effects, ["timer 10", "vzdump: no mount table"]);
    assert_eq!(story.tell(thaw("vzdump")), ["no timer", "thaw"]);
    drop(story.tell(Event::Thawed(Ok(3))));
    let event = Event::HookEnded(failed("fsfreeze hook has failed with status 1"));
    let answer = "vzdump: fsfreeze hook has failed with status 1";
    assert_eq!(story.tell(event), ["clear", answer]);
    assert_eq!(story.freezer.debt(), None);
}

#[test]
fn so_many_thaws_may_wait() {
    let mut story = Story::frozen();
    for _ in 0..64 {
        drop(story.tell(thaw("one")));
    }
    let effects = story.tell(thaw("other"));
    assert_eq!(effects, ["other: 64 others wait for a thaw already"]);
}

#[test]
fn events_that_nobody_waits_for_do_no_harm() {
    let events = || {
        [
            Event::StateWritten(failed("late")),
            Event::HookEnded(failed("late")),
            Event::Froze(Ok(3)),
            Event::Thawed(Ok(3)),
            Event::TimerDue,
        ]
    };
    let mut story = Story::new();
    for event in events() {
        assert_eq!(story.tell(event), [""; 0]);
    }
    let mut story = Story::frozen();
    for event in events() {
        assert_eq!(story.tell(event), [""; 0]);
        assert!(story.freezer.is_frozen());
    }
}
