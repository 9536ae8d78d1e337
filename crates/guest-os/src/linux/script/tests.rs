use std::io::{Write, pipe};
use std::process::Command;
use std::time::{Duration, Instant};

use super::*;

const LONG: Duration = Duration::from_secs(60);

/// What it printed while it ran, its status, and the script.
fn follow(text: &str) -> (Vec<u8>, Option<i32>, Script) {
    let (beside, _never) = pipe().unwrap();
    let mut command = Command::new("/bin/sh");
    command.args(["-c", text]);
    let mut script = Script::start(command).unwrap();
    let mut printed = Vec::new();
    let until = Instant::now() + LONG;
    let status = loop {
        match script.wait(&beside, Some(until)).unwrap() {
            Moment::Output(bytes) => printed.extend_from_slice(bytes),
            Moment::Ended(status) => break status,
            other => panic!("{other:?}"),
        }
    };
    (printed, status.code(), script)
}

#[test]
fn output_and_status_are_told() {
    let (mut printed, code, mut script) =
        follow("echo out; echo err >&2; read line || echo end; exit 7");
    script.rest(LONG, |bytes| printed.extend_from_slice(bytes));
    assert_eq!(printed, b"out\nerr\nend\n");
    assert_eq!(code, Some(7));
    assert!(script.held_output().is_none());
}

#[test]
fn nothing_is_lost_at_the_end() {
    for _ in 0..20 {
        let (mut printed, _, mut script) = follow("head -c 65536 /dev/zero");
        script.rest(Duration::ZERO, |bytes| printed.extend_from_slice(bytes));
        assert_eq!(printed.len(), 65536);
    }
}

#[test]
fn a_background_child_holds_nobody_up() {
    let (mut printed, code, mut script) = follow("sleep 600 & echo $!");
    script.rest(Duration::from_millis(50), |bytes| {
        printed.extend_from_slice(bytes);
    });
    assert_eq!(code, Some(0));
    let child = String::from_utf8(printed).unwrap();
    script.kill();
    assert!(child.trim().parse::<u32>().is_ok());
    assert!(script.held_output().is_some());
}

#[test]
fn what_is_late_is_told_and_killed_with_its_children() {
    let (beside, mut signal) = pipe().unwrap();
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "sleep 600 & wait"]);
    let mut script = Script::start(command).unwrap();
    let soon = Instant::now() + Duration::from_millis(50);
    let late = script.wait(&beside, Some(soon)).unwrap();
    assert!(matches!(late, Moment::Late), "{late:?}");
    signal.write_all(b"x").unwrap();
    let until = Instant::now() + LONG;
    let beside_it = script.wait(&beside, Some(until)).unwrap();
    assert!(matches!(beside_it, Moment::Beside), "{beside_it:?}");
    let (beside, _never) = pipe().unwrap();
    script.kill();
    let ended = script.wait(&beside, Some(until)).unwrap();
    assert!(matches!(ended, Moment::Ended(status) if status.code().is_none()));
    let began = Instant::now();
    script.rest(LONG, |_| {});
    assert!(began.elapsed() < LONG, "its child is alive");
}

#[test]
fn what_cannot_be_executed_is_an_error() {
    let refused = Script::start(Command::new("/no/such/shell")).err().unwrap();
    assert_eq!(refused.kind(), std::io::ErrorKind::NotFound);
}

#[test]
fn a_file_system_that_forbids_to_execute_is_seen() {
    let mounts = std::fs::read_to_string("/proc/mounts").unwrap();
    // The last one mounted there is the one that is seen.
    let proc = mounts.lines().rfind(|line| line.contains(" /proc proc "));
    let forbids = proc.is_some_and(|line| line.contains("noexec"));
    assert_eq!(is_noexec("/proc".as_ref()), forbids);
    assert!(!is_noexec("/no/such/directory".as_ref()));
}
