//! Clients beside and after each other, and sessions of one client.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::agent;
use crate::support::{Running, Stream};

/// A handle on a new file of that many bytes.
fn large_file(agent: &Running, stream: &mut Stream, bytes: usize) -> Value {
    fs::write(agent.path("large"), vec![b'x'; bytes]).unwrap();
    let path = agent.path("large").display().to_string();
    stream.ask("guest-file-open", json!({"path": path}))
}

#[test]
fn several_clients_are_served_at_once() {
    let agent = agent();
    let mut clients: Vec<_> = (0..8).map(|_| agent.connect()).collect();
    for round in 0..3 {
        for (number, client) in clients.iter_mut().enumerate() {
            client.order("guest-sync", json!({"id": number * 10 + round}));
        }
        for (number, client) in clients.iter_mut().enumerate().rev() {
            let reply = client.next_reply();
            assert_eq!(reply, json!({"return": number * 10 + round}));
        }
    }
}

#[test]
fn half_a_request_of_a_client_that_has_gone_never_reaches_the_next() {
    let agent = agent();
    for half in [
        &b"{\"execute\":\"guest-sync\",\"arguments\":{\"id\":"[..],
        b"{\"execute\":\"guest-ping\",\"id\":\"",
        b"[[[[{\"a\":",
        b"12",
        b"nul",
        b"garbage \x01 garbage",
        b"\xff{",
    ] {
        let mut gone = agent.connect();
        gone.send(half);
        drop(gone);
        let mut next = agent.connect();
        assert_eq!(next.reply("guest-ping", json!({})), json!({"return": {}}));
    }
}

#[test]
fn a_client_that_goes_without_its_replies_leaves_the_agent_alive() {
    let agent = agent();
    for _ in 0..30 {
        let mut gone = agent.connect();
        for _ in 0..5 {
            gone.order("guest-info", json!({}));
            gone.order("guest-get-osinfo", json!({}));
        }
        drop(gone);
    }
    agent.connect().ask("guest-ping", json!({}));
}

#[test]
fn a_client_that_reads_nothing_does_not_block_another() {
    let agent = agent();
    let mut deaf = agent.connect();
    let handle = large_file(&agent, &mut deaf, 20 << 20);
    deaf.order(
        "guest-file-read",
        json!({"handle": handle, "count": 20 << 20}),
    );
    for _ in 0..20 {
        deaf.order("guest-info", json!({}));
    }
    let mut other = agent.connect();
    for _ in 0..20 {
        other.ask("guest-ping", json!({}));
        other.ask("guest-get-host-name", json!({}));
        other.ask("guest-get-osinfo", json!({}));
    }
    let read = deaf.next_reply();
    assert_eq!(read["return"]["count"], 20 << 20);
    assert_eq!(read["return"]["eof"], false);
}

#[test]
fn more_clients_than_are_served_at_once_disturb_none_of_them() {
    let agent = agent();
    let mut first = agent.connect();
    first.ask("guest-ping", json!({}));
    let crowd: Vec<_> = (0..100).map(|_| agent.connect()).collect();
    first.ask("guest-ping", json!({}));
    drop(crowd);
    first.ask("guest-ping", json!({}));
    let answered = || {
        let mut next = agent.connect();
        next.offer(b"{\"execute\":\"guest-ping\"}") && next.next_line().is_some()
    };
    assert!(
        (0..1000).any(|_| answered()),
        "nobody is served after the crowd"
    );
}

#[test]
fn replies_of_one_session_keep_the_order_of_its_requests() {
    let agent = agent();
    let mut stream = agent.connect();
    let handle = large_file(&agent, &mut stream, 1 << 20);
    let read =
        json!({"execute": "guest-file-read", "arguments": {"handle": handle, "count": 1 << 20}});
    let mut requests = String::new();
    for id in 0..30 {
        let mut request = match id % 3 {
            0 => read.clone(),
            1 => json!({"execute": "guest-ping"}),
            _ => json!({"execute": "guest-no-such-command"}),
        };
        request["id"] = json!(id);
        requests += &request.to_string();
    }
    stream.send(requests.as_bytes());
    for id in 0..30 {
        assert_eq!(stream.next_reply()["id"], id);
    }
}

/// Whatever an older session is still owed comes before the sync's reply or never.
#[test]
fn a_reply_owed_to_an_older_session_is_never_sent_late() {
    let agent = agent();
    let mut stream = agent.connect();
    let handle = large_file(&agent, &mut stream, 2 << 20);
    for round in 0..10 {
        for id in 0..4 {
            let arguments = json!({"handle": handle, "count": 2 << 20});
            let read = json!({"execute": "guest-file-read", "arguments": arguments, "id": id});
            stream.send(read.to_string().as_bytes());
        }
        stream.order("guest-sync", json!({"id": round}));
        stream.order("guest-sync-delimited", json!({"id": -round - 1}));
        stream.order("guest-ping", json!({}));
        let older = std::iter::from_fn(|| {
            let reply = stream.next_reply();
            (reply != json!({"return": round})).then_some(reply)
        });
        for reply in older {
            assert!(reply["id"].as_i64().is_some_and(|id| id < 4), "{reply}");
        }
        let delimited = stream.next_line().unwrap();
        assert_eq!(delimited.first(), Some(&0xFF));
        assert_eq!(stream.next_reply(), json!({"return": {}}));
    }
    assert!(stream.is_silent());
}

/// As Proxmox does it: a connection a command, with the sync in the same write.
#[test]
fn a_sync_and_a_command_in_one_write_bring_two_lines() {
    let agent = agent();
    for id in 1..20 {
        let mut stream = agent.connect();
        let sync = json!({"execute": "guest-sync-delimited", "arguments": {"id": id}});
        let command = json!({"execute": "guest-get-host-name"});
        stream.send(format!("\n{sync}\n{command}\n").as_bytes());
        let line = stream.next_line().unwrap();
        assert_eq!(line[0], 0xFF);
        let reply: Value = serde_json::from_slice(&line[1..]).unwrap();
        assert_eq!(reply, json!({"return": id}));
        assert!(stream.next_reply()["return"]["host-name"].is_string());
    }
}

#[test]
fn pings_are_answered_while_a_program_runs() {
    let agent = agent();
    let mut stream = agent.connect();
    let sleep = json!({"path": "/bin/sleep", "arg": ["300"]});
    let pid = stream.ask("guest-exec", sleep)["pid"].clone();
    stream.ask("guest-ping", json!({}));
    stream.ask("guest-sync", json!({"id": 1}));
    stream.ask("guest-ping", json!({}));
    agent.connect().ask("guest-ping", json!({}));
    let status = stream.ask("guest-exec-status", json!({"pid": pid}));
    assert_eq!(status, json!({"exited": false}));
    assert!(
        Command::new("kill")
            .arg(pid.to_string())
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(crate::programs::ended(&mut stream, &pid)["signal"], 15);
}
