//! The session against scripted bytes. The model test over random peers is in `tests/`.

use std::time::Duration;

use serde_json::json;

use super::*;
use crate::commands;
use crate::message::AgentError;

const DEADLINE: Duration = Duration::from_secs(5);

struct Script {
    session: ClientSession,
    now: Instant,
    calls: u64,
}

impl Script {
    fn new() -> Self {
        let limits = ReplyLimits {
            line_bytes: 200,
            values: 50,
        };
        Self {
            session: ClientSession::new(limits),
            now: Instant::now(),
            calls: 0,
        }
    }

    /// Starts call n (its sync id is 2n, its request id 2n + 1) and returns what is sent.
    fn start(&mut self) -> String {
        self.calls += 1;
        let (id, deadline) = (CallId::new(self.calls), self.now + DEADLINE);
        self.session.start(commands::ping(), id, deadline);
        self.sent()
    }

    fn sent(&mut self) -> String {
        let bytes = self.session.poll_output().unwrap_or_default();
        bytes
            .iter()
            .map(|&b| if b == 0xFF { '!' } else { char::from(b) })
            .collect()
    }

    /// Hears text in which `!` stands for the delimiter.
    fn hear(&mut self, text: &str) -> Option<Result<Value, CallError>> {
        let bytes: Vec<u8> = text
            .bytes()
            .map(|b| if b == b'!' { 0xFF } else { b })
            .collect();
        self.session.handle_bytes(&bytes);
        self.session.poll_outcome()
    }

    fn wait(&mut self) -> Option<Result<Value, CallError>> {
        self.now = self.session.poll_timeout().unwrap();
        self.session.handle_timeout(self.now);
        self.session.poll_outcome()
    }

    fn synced() -> Self {
        let mut script = Self::new();
        script.start();
        assert_eq!(script.hear("!{\"return\": 2, \"id\": 2}\n"), None);
        assert_eq!(
            script.hear("{\"return\": {}, \"id\": 3}\n"),
            Some(Ok(json!({})))
        );
        script.sent();
        script
    }
}

#[test]
fn the_first_call_synchronises_and_the_next_one_need_not() {
    let mut script = Script::new();
    let sync = "!{\"execute\":\"guest-sync-delimited\",\"arguments\":{\"id\":2},\"id\":2}\n";
    assert_eq!(script.start(), sync);
    assert_eq!(script.session.step(), Some(Step::Synchronising));
    assert_eq!(script.hear("!{\"return\": 2, \"id\": 2}\n"), None);
    assert_eq!(script.session.step(), Some(Step::Answering));
    assert_eq!(script.sent(), "{\"execute\":\"guest-ping\",\"id\":3}\n");
    assert_eq!(
        script.hear("{\"return\": {}, \"id\": 3}\n"),
        Some(Ok(json!({})))
    );
    assert_eq!(script.start(), "{\"execute\":\"guest-ping\",\"id\":5}\n");
}

#[test]
fn nothing_before_the_delimited_reply_is_taken() {
    let mut script = Script::new();
    script.start();
    for stale in [
        "{\"return\": {\"stale\": 1}, \"id\": 3}\n",
        "{\"return\": 2, \"id\": 2}\n",
        "!{\"return\": 7}\n",
        "!{\"return\": \"2\"}\n",
        "!{\"error\": {\"class\": \"GenericError\", \"desc\": \"old\"}}\n",
        "{\"return\": \"half of an old re",
    ] {
        assert_eq!(script.hear(stale), None, "{stale}");
        assert_eq!(script.session.step(), Some(Step::Synchronising), "{stale}");
    }
    script.hear("!{\"return\": 2, \"id\": 2}\n");
    assert_eq!(script.session.step(), Some(Step::Answering));
}

#[test]
fn only_the_calls_own_id_completes_it() {
    let mut script = Script::synced();
    script.start();
    for other in [
        "{\"return\": 1}\n",
        "{\"return\": 1, \"id\": 3}\n",
        "{\"return\": 1, \"id\": \"5\"}\n",
        "!{\"return\": 2, \"id\": 2}\n",
        "{\"error\": {\"class\": \"GenericError\", \"desc\": \"x\"}, \"id\": 4}\n",
    ] {
        assert_eq!(script.hear(other), None, "{other}");
    }
    assert_eq!(
        script.hear("{\"return\": 9, \"id\": 5}\n"),
        Some(Ok(json!(9)))
    );
}

#[test]
fn after_a_timeout_the_next_call_synchronises_and_the_late_answer_is_dropped() {
    let mut script = Script::synced();
    script.start();
    assert_eq!(
        script.wait(),
        Some(Err(CallError::TimedOut(Step::Answering)))
    );
    assert!(
        script
            .start()
            .starts_with("!{\"execute\":\"guest-sync-delimited\"")
    );
    assert_eq!(
        script.hear("{\"return\": \"late\", \"id\": 5}\n!{\"return\": 6, \"id\": 6}\n"),
        None
    );
    assert_eq!(script.hear("{\"return\": \"later\", \"id\": 5}\n"), None);
    assert_eq!(
        script.hear("{\"return\": 1, \"id\": 7}\n"),
        Some(Ok(json!(1)))
    );
}

#[test]
fn a_hung_agent_is_told_from_a_babbling_one() {
    let mut script = Script::new();
    script.start();
    assert_eq!(
        script.wait(),
        Some(Err(CallError::TimedOut(Step::Synchronising)))
    );
    script.start();
    script.hear("login:\nPassword:\n");
    let Some(Err(CallError::Garbage { step, detail })) = script.wait() else {
        panic!()
    };
    assert_eq!(step, Step::Synchronising);
    assert_eq!(detail, "not JSON: `login:` (the first of 2)");
}

#[test]
fn babble_ends_the_call_before_its_deadline() {
    let mut script = Script::new();
    script.start();
    let outcomes: Vec<_> = (0..100)
        .filter_map(|_| script.hear("0123456789\n"))
        .collect();
    assert!(
        matches!(&outcomes[..], [Err(CallError::Garbage { .. })]),
        "{outcomes:?}"
    );
    assert!(script.start().starts_with('!'));
}

#[test]
fn an_answer_over_the_limit_is_an_error_and_the_stream_is_found_again() {
    let mut script = Script::synced();
    script.start();
    let long = format!("{{\"return\": \"{}", "x".repeat(300));
    let Some(Err(CallError::TooLarge {
        limit_bytes: 200, ..
    })) = script.hear(&long)
    else {
        panic!()
    };
    assert!(script.start().starts_with('!'));
    assert_eq!(
        script.hear("xxx\", \"id\": 5}\n!{\"return\": 6, \"id\": 6}\n"),
        None
    );
    assert_eq!(
        script.hear("{\"return\": 1, \"id\": 7}\n"),
        Some(Ok(json!(1)))
    );
}

#[test]
fn errors_of_the_agent_are_told_and_leave_the_session_synced() {
    let mut script = Script::synced();
    script.start();
    let error = AgentError {
        class: "CommandNotFound".into(),
        desc: "no".into(),
    };
    let line = "{\"id\": 5, \"error\": {\"class\": \"CommandNotFound\", \"desc\": \"no\"}}\n";
    let expected = CallError::Agent {
        step: Step::Answering,
        error,
    };
    assert_eq!(script.hear(line), Some(Err(expected)));
    assert!(script.session.is_synced());
}

#[test]
fn an_agent_without_guest_sync_delimited_is_told_at_once() {
    let mut script = Script::new();
    script.start();
    let line = "{\"id\": 2, \"error\": {\"class\": \"CommandNotFound\", \"desc\": \"no\"}}\n";
    let outcome = script.hear(line);
    assert!(matches!(
        outcome,
        Some(Err(CallError::Agent {
            step: Step::Synchronising,
            ..
        }))
    ));
}

#[test]
fn an_agent_that_ignores_ids_is_synchronised_with_before_every_call() {
    let mut script = Script::new();
    script.start();
    script.hear("!{\"return\": 2}\n");
    assert_eq!(script.sent(), "{\"execute\":\"guest-ping\"}\n");
    assert_eq!(script.hear("!{\"return\": 2}\n"), None);
    assert_eq!(script.hear("{\"return\": 1}\n"), Some(Ok(json!(1))));
    let sync = "!{\"execute\":\"guest-sync-delimited\",\"arguments\":{\"id\":4}}\n";
    assert_eq!(script.start(), sync);
}

#[test]
fn an_agent_that_refuses_ids_is_asked_without() {
    let mut script = Script::new();
    script.start();
    let refusal = "{\"error\": {\"class\": \"GenericError\", \"desc\": \"QMP input object member 'id' is unexpected\"}}\n";
    assert_eq!(script.hear(refusal), None);
    let sync = "!{\"execute\":\"guest-sync-delimited\",\"arguments\":{\"id\":2}}\n";
    assert_eq!(script.sent(), sync);
    assert_eq!(script.hear(refusal), None);
    assert_eq!(script.sent(), "");
    script.hear("!{\"return\": 2}\n");
    assert_eq!(script.hear("{\"return\": 1}\n"), Some(Ok(json!(1))));
}

#[test]
fn an_error_without_id_is_told_when_no_answer_comes() {
    let mut script = Script::synced();
    script.start();
    let line = "{\"error\": {\"class\": \"GenericError\", \"desc\": \"JSON parse error\"}}\n";
    assert_eq!(script.hear(line), None);
    let Some(Err(CallError::Garbage { detail, .. })) = script.wait() else {
        panic!()
    };
    assert_eq!(
        detail,
        "an error without the request's id: JSON parse error (GenericError)"
    );
}

#[test]
fn a_call_that_was_given_up_leaves_nothing_behind() {
    let mut script = Script::synced();
    script.start();
    script.session.abandon();
    assert_eq!(
        (script.session.poll_output(), script.session.poll_timeout()),
        (None, None)
    );
    assert_eq!(script.hear("{\"return\": 1, \"id\": 5}\n"), None);
    assert!(script.start().starts_with('!'));
}

#[test]
fn a_synchronisation_alone_proves_life_and_the_command_follows_at_once() {
    let mut script = Script::synced();
    let deadline = script.now + DEADLINE;
    script.session.start_sync(CallId::new(50), deadline);
    assert!(script.sent().starts_with('!'));
    assert_eq!(
        script.hear("!{\"return\": 100, \"id\": 100}\n"),
        Some(Ok(Value::Null))
    );
    assert!(!script.start().starts_with('!'));
}

#[test]
fn an_agent_without_ids_keeps_its_synchronisation_for_one_command() {
    let mut script = Script::new();
    let deadline = script.now + DEADLINE;
    script.session.start_sync(CallId::new(50), deadline);
    script.sent();
    assert_eq!(script.hear("!{\"return\": 100}\n"), Some(Ok(Value::Null)));
    assert_eq!(script.start(), "{\"execute\":\"guest-ping\"}\n");
}
