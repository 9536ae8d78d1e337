//! What is answered while a command takes long: a thaw, whose hook waits here until it is told.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Program, Running, Stream};

/// An agent with a hook that says that it began, and ends when there is a file `go`.
fn agent() -> Running {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).display().to_string();
    let script = format!(
        "#!/bin/sh\necho $1 >>{}\nwhile [ ! -e {} ]; do sleep 0.02; done\n",
        at("began"),
        at("go")
    );
    let hook = dir.path().join("hook");
    fs::write(&hook, script).unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    Running::start_in(dir, |dir| {
        let mut command = Program::ours().command(Running::arguments(dir));
        command.args(["-b", crate::support::BLOCKED]);
        command.arg(format!("--fsfreeze-hook={}", hook.display()));
        command
    })
}

fn until_exists(path: &Path) {
    let began = Instant::now();
    while !path.exists() {
        assert!(began.elapsed() < Duration::from_secs(20), "{path:?}");
        sleep(Duration::from_millis(2));
    }
}

/// Asks for a thaw, and returns when its hook runs.
fn begin_a_thaw(agent: &Running, stream: &mut Stream) {
    let thaw = json!({"execute": "guest-fsfreeze-thaw", "id": "the slow one"});
    stream.send(thaw.to_string().as_bytes());
    until_exists(&agent.path("began"));
}

fn end_the_thaw(agent: &Running) {
    fs::write(agent.path("go"), "").unwrap();
}

#[test]
fn another_connection_is_answered_while_a_command_takes_long() {
    let agent = agent();
    let mut stream = agent.connect();
    begin_a_thaw(&agent, &mut stream);
    let mut other = agent.connect();
    for id in 0..20 {
        other.ask("guest-ping", json!({}));
        assert_eq!(other.ask("guest-sync", json!({"id": id})), id);
        other.ask("guest-info", json!({}));
    }
    assert!(stream.is_silent());
    end_the_thaw(&agent);
    let reply = stream.next_reply();
    assert_eq!(reply, json!({"return": 0, "id": "the slow one"}));
}

#[test]
fn after_a_sync_the_same_connection_is_answered_and_the_late_reply_never_comes() {
    let agent = agent();
    let mut stream = agent.connect();
    begin_a_thaw(&agent, &mut stream);
    stream.order("guest-sync-delimited", json!({"id": 7}));
    stream.order("guest-ping", json!({}));
    let line = stream.next_line().unwrap();
    assert_eq!(line[0], 0xFF);
    assert_eq!(
        serde_json::from_slice::<Value>(&line[1..]).unwrap(),
        json!({"return": 7})
    );
    assert_eq!(stream.next_reply(), json!({"return": {}}));
    end_the_thaw(&agent);
    // It is carried out after the first, whose reply would come before its own.
    agent.connect().ask("guest-fsfreeze-thaw", json!({}));
    stream.order("guest-sync", json!({"id": 8}));
    assert_eq!(stream.next_reply(), json!({"return": 8}));
    assert!(stream.is_silent());
}

/// Without a sync the order of replies holds, so a ping behind the thaw waits for it.
#[test]
fn in_one_session_a_ping_waits_for_the_command_before_it() {
    let agent = agent();
    let mut stream = agent.connect();
    begin_a_thaw(&agent, &mut stream);
    stream.order("guest-ping", json!({}));
    agent.connect().ask("guest-ping", json!({}));
    assert!(stream.is_silent());
    end_the_thaw(&agent);
    assert_eq!(stream.next_reply()["id"], "the slow one");
    assert_eq!(stream.next_reply(), json!({"return": {}}));
}

#[test]
fn the_end_of_the_agent_does_not_wait_for_a_client() {
    let mut agent = agent();
    let mut stream = agent.connect();
    begin_a_thaw(&agent, &mut stream);
    end_the_thaw(&agent);
    assert_eq!(agent.terminate().code(), Some(0), "{}", agent.told());
    assert_eq!(fs::read_to_string(agent.path("began")).unwrap(), "thaw\n");
}
