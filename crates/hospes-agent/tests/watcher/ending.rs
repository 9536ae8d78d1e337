//! How the watcher ends, and what it uses while nothing happens.

use std::fs;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use crate::guest::Guest;
use crate::host::{Host, STOP_STATE};

/// A second, and what a busy machine takes.
const AT_ONCE: Duration = Duration::from_secs(10);

fn ends_at_once(guest: &mut Guest, signal: &str) {
    let began = Instant::now();
    guest.signal(signal);
    assert_eq!(guest.ended().code(), Some(0), "{}", guest.log());
    assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
    assert_eq!(guest.said("ended by"), 1, "{}", guest.log());
}

#[test]
fn a_signal_ends_it_while_a_request_hangs() {
    for signal in ["TERM", "INT", "HUP"] {
        let host = Host::start();
        host.ignore_timeouts();
        host.set(&[(STOP_STATE, "NONE")]);
        let mut guest = Guest::watching(&host);
        host.wait_until_asked(2);
        ends_at_once(&mut guest, signal);
    }
}

#[test]
fn a_signal_ends_it_while_it_rests() {
    let host = Host::start();
    let mut guest = Guest::watching(&host);
    guest.wait_until_said("no such value");
    ends_at_once(&mut guest, "TERM");
}

#[test]
fn a_signal_ends_it_while_the_server_accepts_and_says_nothing() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut guest = Guest::at(server.local_addr().unwrap().to_string());
    guest.watch();
    drop(server.accept().unwrap());
    let _silent = server.accept().unwrap();
    ends_at_once(&mut guest, "TERM");
}

#[test]
fn a_signal_ends_it_while_systemctl_hangs() {
    let host = Host::start();
    host.announce("R1", "600");
    let mut guest = Guest::of(&host);
    guest.systemctl("exec sleep 300");
    guest.watch();
    guest.wait_until_started(1);
    ends_at_once(&mut guest, "TERM");
}

#[test]
fn nothing_is_asked_and_no_file_is_written_while_nothing_happens() {
    let host = Host::start();
    host.set(&[(STOP_STATE, "NONE")]);
    let guest = Guest::watching(&host);
    host.wait_until_asked(2);
    let switches = || {
        let tasks = fs::read_dir(format!("/proc/{}/task", guest.pid())).unwrap();
        let read = |task: fs::DirEntry| fs::read_to_string(task.path().join("status")).unwrap();
        let voluntary = |status: String| {
            let line = status.lines().find(|line| line.starts_with("voluntary"));
            line.unwrap().split_whitespace().nth(1).unwrap().to_owned()
        };
        let all = tasks.map(|task| voluntary(read(task.unwrap())));
        all.map(|count| count.parse::<u64>().unwrap()).sum::<u64>()
    };
    // Somewhere in these seconds it is done with what it was started for.
    let counts: Vec<u64> = (0..10)
        .map(|_| {
            std::thread::sleep(Duration::from_millis(500));
            switches()
        })
        .collect();
    assert_eq!(counts[9], counts[6], "it sleeps: {counts:?}");
    assert_eq!(host.asked().len(), 2);
    assert!(!guest.run("").exists());
}

#[test]
fn arguments_are_a_mistake() {
    let guest = Guest::of(&Host::start());
    for name in ["metadata-watcher", "report-graceful-shutdown"] {
        let output = guest.command(name).arg("--now").output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{name}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("no arguments"));
    }
    let mut elsewhere = guest.command("metadata-watcher");
    let output = elsewhere.env("GCE_METADATA_HOST", "a b").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
}
