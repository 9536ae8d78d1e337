use std::time::{Duration, Instant};

use super::*;

const LONG: Duration = Duration::from_secs(60);

fn start(text: &str) -> Script {
    let started = Script::start(&Invocation {
        program: "/bin/sh",
        arguments: &["-c".to_owned(), text.to_owned()],
        environment: &[("GREETING", "hello")],
    });
    started.unwrap()
}

/// What it printed while it ran, its status, and the script.
fn follow(text: &str) -> (Vec<u8>, Ended, Script) {
    let (beside, _never) = bell().unwrap();
    let mut script = start(text);
    let mut printed = Vec::new();
    let until = Instant::now() + LONG;
    let status = loop {
        match script.wait(&beside, Some(until)).unwrap() {
            Moment::Output(bytes) => printed.extend_from_slice(bytes),
            Moment::Ended(status) => break status,
            other => panic!("{other:?}"),
        }
    };
    (printed, status, script)
}

#[test]
fn output_and_status_are_told() {
    let (mut printed, code, mut script) =
        follow("echo out; echo err >&2; read line || echo end; exit 7");
    script.rest(LONG, |bytes| printed.extend_from_slice(bytes));
    assert_eq!(printed, b"out\nerr\nend\n");
    assert_eq!(code, Ended::Code(7));
    assert!(script.held_output().is_none());
}

#[test]
fn a_script_has_its_environment_and_needs_no_interpreter() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("script");
    std::fs::write(&file, "echo $GREETING $0").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&file, mode).unwrap();
    let program = file.to_str().unwrap();
    let (printed, end, _) = follow(program);
    assert_eq!(end, Ended::Code(0));
    let mut script = Script::start(&Invocation {
        program,
        arguments: &[],
        environment: &[("GREETING", "hello")],
    })
    .unwrap();
    let mut alone = Vec::new();
    script.rest(LONG, |bytes| alone.extend_from_slice(bytes));
    assert_eq!(alone, format!("hello {program}\n").into_bytes());
    assert_eq!(printed, alone);
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
    assert_eq!(code, Ended::Code(0));
    let child = String::from_utf8(printed).unwrap();
    script.kill();
    assert!(child.trim().parse::<u32>().is_ok());
    assert!(script.held_output().is_some());
}

#[test]
fn what_is_late_is_told_and_killed_with_its_children() {
    let (mut beside, mut signal) = bell().unwrap();
    let mut script = start("sleep 600 & wait");
    let soon = Instant::now() + Duration::from_millis(50);
    let late = script.wait(&beside, Some(soon)).unwrap();
    assert!(matches!(late, Moment::Late), "{late:?}");
    signal.ring();
    let until = Instant::now() + LONG;
    let beside_it = script.wait(&beside, Some(until)).unwrap();
    assert!(matches!(beside_it, Moment::Beside), "{beside_it:?}");
    beside.take();
    script.kill();
    let ended = script.wait(&beside, Some(until)).unwrap();
    assert!(matches!(ended, Moment::Ended(Ended::Signal(9))));
    let began = Instant::now();
    script.rest(LONG, |_| {});
    assert!(began.elapsed() < LONG, "its child is alive");
}

#[test]
fn who_prints_without_end_is_late_too() {
    let (beside, _never) = bell().unwrap();
    let mut script = start("exec yes");
    let soon = Instant::now() + Duration::from_millis(50);
    let late = loop {
        match script.wait(&beside, Some(soon)).unwrap() {
            Moment::Output(_) => assert!(soon.elapsed() < LONG, "never late"),
            Moment::Late => break true,
            _ => break false,
        }
    };
    assert!(late);
    script.kill();
}

#[test]
fn what_cannot_be_executed_is_an_error() {
    let refused = Script::start(&Invocation {
        program: "/no/such/shell",
        arguments: &[],
        environment: &[],
    });
    let refused = refused.err().unwrap();
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
