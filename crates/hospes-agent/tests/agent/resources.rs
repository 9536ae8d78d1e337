//! What the agent leaves behind and uses.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::agent;
use crate::support::Running;

/// A line of `/proc/PID/status` in kibibytes (proc(5)).
fn kibibytes(agent: &Running, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", agent.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// The agent's children, in whatever state.
fn children(agent: &Running) -> usize {
    let parent = agent.pid().to_string();
    let stats = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let stat = fs::read_to_string(entry.ok()?.path().join("stat")).ok()?;
        let rest = stat.rsplit_once(')')?.1.to_owned();
        Some(rest.split_whitespace().nth(1)? == parent)
    });
    stats.filter(|is_child| *is_child).count()
}

#[test]
fn no_zombie_is_left_of_two_hundred_programs() {
    let agent = agent();
    let mut stream = agent.connect();
    for round in 0..200 {
        let started = stream.ask("guest-exec", json!({"path": "/bin/true"}));
        if round % 2 == 0 {
            crate::programs::ended(&mut stream, &started["pid"]);
        }
    }
    let began = Instant::now();
    while children(&agent) > 0 {
        assert!(began.elapsed() < Duration::from_secs(10), "zombies stay");
        sleep(Duration::from_millis(5));
    }
}

#[test]
fn memory_does_not_grow_with_requests() {
    let agent = agent();
    let mut stream = agent.connect();
    let mut requests = |count| {
        for id in 0..count {
            stream.ask("guest-ping", json!({}));
            if id % 100 == 0 {
                stream.ask("guest-sync", json!({"id": id}));
                stream.reply("guest-file-close", json!({"handle": 1}));
                stream.ask("guest-get-osinfo", json!({}));
                drop(agent.connect());
            }
        }
    };
    // Pages of the program's file come and go as the system likes: only the others are its own.
    requests(2000);
    let before = kibibytes(&agent, "RssAnon:");
    requests(10_000);
    let after = kibibytes(&agent, "RssAnon:");
    assert!(after < before + 512, "{before} KiB, then {after} KiB");
}

#[test]
fn descriptors_and_threads_do_not_pile_up() {
    let agent = agent();
    let count = |what: &str| {
        let path = format!("/proc/{}/{what}", agent.pid());
        fs::read_dir(path).unwrap().count()
    };
    agent.connect().ask("guest-ping", json!({}));
    let before = count("fd");
    for _ in 0..100 {
        let mut stream = agent.connect();
        let path = json!({"path": "/bin/true", "capture-output": true, "input-data": "aGk="});
        let pid = stream.ask("guest-exec", path)["pid"].take();
        crate::programs::ended(&mut stream, &pid);
        stream.ask("guest-get-osinfo", json!({}));
    }
    let began = Instant::now();
    while count("fd") > before + 4 || count("task") > 8 {
        let (descriptors, threads) = (count("fd"), count("task"));
        assert!(
            began.elapsed() < Duration::from_secs(10),
            "{descriptors} descriptors after {before}, {threads} threads"
        );
        sleep(Duration::from_millis(5));
    }
}
