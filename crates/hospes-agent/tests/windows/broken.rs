//! Requests that make no sense, and what is left of them.

use qga::{AgentError, Answer};
use serde_json::json;

use crate::agent;
use crate::session::synchronise;

const GENERIC: &str = "GenericError";

#[test]
fn a_command_that_nobody_knows_on_windows_is_not_found() {
    let mut agent = agent();
    for name in [
        "guest-no-such-command",
        "guest-get-cpustats",
        "query-status",
    ] {
        let error = AgentError {
            class: AgentError::COMMAND_NOT_FOUND.to_owned(),
            desc: format!("The command {name} has not been found"),
        };
        assert_eq!(agent.port.refusal(name, json!({})), error);
    }
}

#[test]
fn bytes_that_are_no_request_bring_errors_and_the_next_request_is_answered() {
    let mut agent = agent();
    for (id, broken) in [
        &b"{\"execute\": }\n"[..],
        b"garbage\n",
        b"[1, 2]\n",
        b"{}\n",
        b"{\"execute\": 5}\n",
        b"{\"execute\": \"guest-ping\", \"more\": 1}\n",
        b"{\"execute\": \"guest-sync\"}\n",
        b"{\"execute\": \"guest-ping\", \"arguments\": {\"x\": \"\\q\"}}\n",
    ]
    .into_iter()
    .enumerate()
    {
        agent.port.send(broken);
        let shown = String::from_utf8_lossy(broken);
        match agent.port.next_reply().answer {
            Answer::Error(error) => assert_eq!(error.class, GENERIC, "{shown}: {error}"),
            Answer::Return(value) => panic!("{shown}: {value}"),
        }
        synchronise(&mut agent.port, id as i64);
    }
    assert_eq!(agent.port.ask("guest-ping", json!({})), json!({}));
}

#[test]
fn half_a_request_is_forgotten_at_0xff() {
    let mut agent = agent();
    agent
        .port
        .send(br#"{"execute":"guest-file-write","arguments":{"buf-b64":"AAAA"#);
    synchronise(&mut agent.port, 1);
    assert_eq!(agent.port.ask("guest-sync", json!({"id": 2})), 2);
}

#[test]
fn a_request_without_end_is_refused_before_it_fills_the_memory() {
    let mut agent = agent();
    agent.port.send(br#"{"execute":"guest-ping","id":""#);
    let piece = vec![b'a'; 1 << 20];
    for _ in 0..65 {
        agent.port.send(&piece);
    }
    let Answer::Error(error) = agent.port.next_reply().answer else {
        panic!("it is refused");
    };
    assert_eq!(error.class, GENERIC);
    synchronise(&mut agent.port, 1);
    assert_eq!(agent.port.ask("guest-ping", json!({})), json!({}));
}

#[test]
fn more_nesting_than_anybody_needs_is_refused() {
    let mut agent = agent();
    agent.port.send(&[b'['; 5000]);
    let answer = agent.port.next_reply().answer;
    assert!(matches!(answer, Answer::Error(_)), "{answer:?}");
    synchronise(&mut agent.port, 1);
}
