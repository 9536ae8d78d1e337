use std::fs;
use std::io::{Read, stdin};
use std::path::Path;
use std::time::{Duration, Instant};

use super::*;
use crate::windows::process::helper_tests::{
    LONG, VARIABLE, gate, is_held, line, program, start_of, wait_until,
};

fn start(text: &str) -> Script {
    let started = Script::start(&Invocation {
        program: "cmd.exe",
        arguments: &["/d".to_owned(), "/c".to_owned(), text.to_owned()],
        environment: &[("GREETING", "hello")],
    });
    started.unwrap()
}

fn helper(told: &str) -> Script {
    let (program, arguments) = program();
    let started = Script::start(&Invocation {
        program: &program,
        arguments: &arguments,
        environment: &[(VARIABLE, told)],
    });
    started.unwrap()
}

/// What it printed while it ran, and how it ended.
fn follow(script: &mut Script) -> (Vec<u8>, Ended) {
    let (beside, _never) = bell().unwrap();
    let mut printed = Vec::new();
    let until = Instant::now() + LONG;
    loop {
        match script.wait(&beside, Some(until)).unwrap() {
            Moment::Output(bytes) => printed.extend_from_slice(bytes),
            Moment::Ended(ended) => return (printed, ended),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn output_and_status_are_told() {
    let mut script = start("echo out&echo err>&2&echo %GREETING%&exit 7");
    let (mut printed, ended) = follow(&mut script);
    script.rest(LONG, |bytes| printed.extend_from_slice(bytes));
    assert_eq!(printed, b"out\r\nerr\r\nhello\r\n");
    assert_eq!(ended, Ended::Code(7));
    assert!(script.held_output().is_none());
}

#[test]
fn a_batch_file_runs_by_itself_and_reads_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["script.bat", "script.cmd"] {
        let file = folder.path().join(name);
        let text = "@echo off\r\nset /p line=\r\necho [%line%] %GREETING% 1>&2\r\nexit /b -1\r\n";
        fs::write(&file, text).unwrap();
        let mut script = Script::start(&Invocation {
            program: file.to_str().unwrap(),
            arguments: &[],
            environment: &[("GREETING", "hello")],
        })
        .unwrap();
        let (mut printed, ended) = follow(&mut script);
        script.rest(LONG, |bytes| printed.extend_from_slice(bytes));
        let printed = String::from_utf8(printed).unwrap();
        assert_eq!(printed.trim_end(), "[] hello");
        assert_eq!(ended, Ended::Code(-1));
    }
}

#[test]
fn nothing_is_lost_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("text");
    fs::write(&file, vec![b'x'; 1 << 20]).unwrap();
    for _ in 0..5 {
        let mut script = start(&format!("type {}", file.display()));
        let (mut printed, ended) = follow(&mut script);
        script.rest(Duration::ZERO, |bytes| printed.extend_from_slice(bytes));
        assert_eq!(printed.len(), 1 << 20);
        assert_eq!(ended, Ended::Code(0));
    }
}

#[test]
fn a_background_child_lives_on_and_another_process_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    let proof = folder.path().join("proof");
    let mut script = helper(&format!("parent {}", proof.display()));
    let (mut printed, ended) = follow(&mut script);
    script.rest(Duration::from_millis(50), |bytes| {
        printed.extend_from_slice(bytes);
    });
    assert_eq!(ended, Ended::Code(0));
    let printed = String::from_utf8(printed).unwrap();
    assert!(printed.contains("parent\n"), "{printed}");
    let held = script.held_output().unwrap();
    let (_, arguments) = start_of("windows::script::tests::reads_what_was_handed_over");
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    held.hand_over("hospes-agent", &arguments).unwrap();
    fs::write(gate(&proof), "").unwrap();
    let told = proof.with_extension("told");
    wait_until(|| fs::read(&told).is_ok_and(|text| text == b"late\n"));
    assert_eq!(fs::read(&proof).unwrap(), b"lives");
}

/// A line says where those after it shall be written to.
#[test]
#[ignore = "another test starts it"]
fn reads_what_was_handed_over() {
    let mut text = String::new();
    stdin().read_to_string(&mut text).unwrap();
    if let Some((file, rest)) = text
        .split_once("to:")
        .and_then(|(_, text)| text.split_once('\n'))
    {
        fs::write(Path::new(file).with_extension("told"), rest).unwrap();
    }
}

#[test]
fn what_is_late_is_told_and_killed_with_its_children() {
    let (mut beside, mut signal) = bell().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("held");
    let line = line(&format!("sleep {}", file.display()));
    let mut script = start(&line);
    let soon = Instant::now() + Duration::from_millis(50);
    loop {
        match script.wait(&beside, Some(soon)).unwrap() {
            Moment::Output(_) => {}
            Moment::Late => break,
            other => panic!("{other:?}"),
        }
    }
    signal.ring();
    let until = Instant::now() + LONG;
    let rung = script.wait(&beside, Some(until)).unwrap();
    assert!(matches!(rung, Moment::Beside), "{rung:?}");
    beside.take();
    wait_until(|| is_held(&file));
    script.kill();
    let (_, ended) = follow(&mut script);
    assert_eq!(ended, Ended::Code(1));
    wait_until(|| !is_held(&file));
    script.rest(LONG, |_| {});
    assert!(script.held_output().is_none(), "its child is alive");
}

#[test]
fn output_without_end_is_late_as_well() {
    let (beside, _never) = bell().unwrap();
    let mut script = start("for /l %i in (0,0,1) do @echo x");
    let until = Some(Instant::now() + Duration::from_secs(2));
    while let Moment::Output(_) = script.wait(&beside, until).unwrap() {}
    script.kill();
    follow(&mut script);
}

#[test]
fn a_script_that_shares_our_console_is_asked_to_end() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("held");
    let mut script = helper(&format!("sleep {}", file.display()));
    wait_until(|| is_held(&file));
    if !script.ask_to_end() {
        // It has a console of its own, and goes on.
        assert!(is_held(&file));
        script.kill();
    }
    let (_, ended) = follow(&mut script);
    assert_ne!(ended, Ended::Code(0));
}

#[test]
fn what_cannot_be_executed_is_an_error() {
    let refused = Script::start(&Invocation {
        program: r"C:\no\such\program.exe",
        arguments: &[],
        environment: &[],
    });
    let refused = refused.err().unwrap();
    assert_eq!(refused.kind(), std::io::ErrorKind::NotFound);
}
