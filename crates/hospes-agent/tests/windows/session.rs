//! Conversations: who is in step with whom, who waits for whom.

use std::fs;

use qga::{Answer, DELIMITER, ReplyEvent};
use serde_json::{Value, json};

use crate::process::{PATIENCE, Process, until};
use crate::programs::{ended, started};
use crate::running::{Running, pipe_name, serving};
use crate::{Port, agent, finished};

/// Sends `0xFF` and a sync, and reads up to its reply. What comes before is about what was sent
/// before, and about `0xFF` itself.
pub(crate) fn synchronise(port: &mut Port, id: i64) {
    port.send(&[DELIMITER]);
    port.order("guest-sync-delimited", json!({ "id": id }));
    loop {
        match port.next_event() {
            ReplyEvent::Reply { reply, delimited } => match reply.answer {
                Answer::Return(value) => return assert!(delimited && value == id, "{value}"),
                Answer::Error(error) => assert_eq!(error.class, "GenericError", "{error}"),
            },
            other => panic!("the agent sends nothing but replies: {other:?}"),
        }
    }
}

#[test]
fn syncs_come_back_with_their_id_and_a_delimited_one_behind_0xff() {
    let mut agent = agent();
    let port = &mut agent.port;
    assert_eq!(port.ask("guest-sync", json!({"id": 4711})), 4711);
    port.order("guest-sync-delimited", json!({"id": i64::MAX}));
    let ReplyEvent::Reply { reply, delimited } = port.next_event() else {
        panic!("it is a reply");
    };
    assert_eq!(reply.answer, Answer::Return(json!(i64::MAX)));
    assert!(delimited);
    synchronise(port, 1);
    assert_eq!(port.ask("guest-ping", json!({})), json!({}));
    port.send(br#"{"execute":"guest-ping","id":{"a":[1]}}"#);
    assert_eq!(port.next_reply().id, Some(json!({"a": [1]})));
}

#[test]
fn requests_are_answered_in_their_order() {
    let mut agent = agent();
    let commands = ["guest-get-osinfo", "guest-ping", "guest-no-such-command"];
    let requests = (0..30).map(|id| json!({"execute": commands[id % 3], "id": id}).to_string());
    agent.port.send(requests.collect::<String>().as_bytes());
    for id in 0..30 {
        assert_eq!(agent.port.next_reply().id, Some(json!(id)));
    }
}

/// The long program is an agent at a port of its own, which ends with it.
#[test]
fn the_agent_answers_while_a_program_runs() {
    let mut agent = agent();
    let name = pipe_name();
    let other = Port::create(&name);
    let long = serving(&name, &agent.path(""));
    let arguments: Vec<_> = long.get_args().map(|word| word.to_str().unwrap()).collect();
    let path = long.get_program().to_str().unwrap();
    let port = &mut agent.port;
    let pid = started(port, json!({"path": path, "arg": arguments}));
    assert!(other.is_opened_within(PATIENCE));
    for id in 0..10 {
        assert_eq!(port.ask("guest-ping", json!({})), json!({}));
        assert_eq!(port.ask("guest-sync", json!({"id": id})), id);
    }
    let status = port.ask("guest-exec-status", json!({"pid": pid}));
    assert_eq!(status, json!({"exited": false}));
    drop(other);
    assert_eq!(ended(port, pid).code, 1);
}

#[test]
fn half_a_request_of_a_host_that_has_gone_never_reaches_the_next() {
    let mut agent = Running::start(&["--retry-path"]);
    for half in [
        &br#"{"execute":"guest-sync","arguments":{"id":"#[..],
        br#"{"execute":"guest-ping","id":""#,
    ] {
        agent.port.send(half);
        agent.exchange_port();
        assert_eq!(agent.port.ask("guest-ping", json!({})), json!({}));
    }
}

#[test]
fn a_lost_port_ends_an_agent_that_shall_not_try_again() {
    let mut agent = agent();
    agent.port.ask("guest-ping", json!({}));
    assert_eq!(agent.unplug().code(), Some(1));
}

#[test]
fn a_port_that_is_not_there_is_told_and_the_agent_ends() {
    let folder = tempfile::tempdir().unwrap();
    let told = finished(&mut serving(&pipe_name(), folder.path()));
    assert_eq!(told.code, Some(1), "{told:?}");
    assert!(told.err.contains("hospes-agent qemu-ga: "), "{told:?}");
}

#[test]
fn a_port_that_is_not_there_yet_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let name = pipe_name();
    let mut command = serving(&name, folder.path());
    let _agent = Process::start(command.arg("-r").arg("-l").arg(&log));
    until("the agent says that it waits", || {
        let told = fs::read_to_string(&log).unwrap_or_default();
        told.contains("trying again").then_some(())
    });
    let mut port = Port::create(&name);
    assert!(port.is_opened_within(PATIENCE));
    assert_eq!(port.ask("guest-ping", json!({})), json!({}));
}

#[test]
fn files_that_are_open_outlive_a_host() {
    let mut agent = Running::start(&["-r"]);
    let path = agent.path("file");
    fs::write(&path, "text").unwrap();
    let path = json!({"path": path.to_str().unwrap()});
    let handle: Value = agent.port.ask("guest-file-open", path);
    agent.exchange_port();
    let read = agent
        .port
        .ask("guest-file-read", json!({ "handle": handle }));
    assert_eq!(
        read,
        json!({"count": 4, "buf-b64": "dGV4dA==", "eof": true})
    );
}
