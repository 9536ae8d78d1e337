//! Files and programs as QEMU's own agent has them: the same calls, the same answers.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "tests stop at what they do not expect, and say why they are skipped"
)]

mod reference;

use std::fs;
use std::path::Path;
use std::sync::mpsc::channel;
use std::time::Duration;

use guest_os::file::{self, File, Stop};
use qga::results::exec::ExecStatus;
use qga::results::file::{FileRead, FileWrite};
use qga::{Capture, ExecCall, Whence};
use reference::Reference;
use serde_json::{Value, json};

const MODES: [&str; 15] = [
    "r", "rb", "w", "wb", "a", "ab", "r+", "rb+", "r+b", "w+", "wb+", "w+b", "a+", "ab+", "a+b",
];

const OPERATIONS: [Operation; 13] = [
    Operation::Read(0),
    Operation::Read(1),
    Operation::Read(4),
    Operation::Read(40),
    Operation::Write("x"),
    Operation::Write("written"),
    Operation::Write(""),
    Operation::Seek(0, Whence::Set),
    Operation::Seek(3, Whence::Set),
    Operation::Seek(-2, Whence::Current),
    Operation::Seek(0, Whence::Current),
    Operation::Seek(2, Whence::End),
    Operation::Flush,
];

#[derive(Debug, Clone, Copy)]
enum Operation {
    Read(usize),
    Write(&'static str),
    Seek(i64, Whence),
    Flush,
}

/// Operations drawn without a random source, so that every run makes the same ones.
fn sequence(seed: u64) -> impl Iterator<Item = Operation> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        OPERATIONS[usize::try_from(state % 13).unwrap()]
    })
    .take(8)
}

#[test]
fn every_mode_reads_writes_and_seeks_as_the_reference() {
    let Some(mut reference) = Reference::start() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = (folder.path().join("ours"), folder.path().join("theirs"));
    for (number, mode) in MODES.iter().cycle().take(15 * 30).enumerate() {
        let before = ["", "0123456789"][number / 15 % 2];
        fs::write(&ours, before).unwrap();
        fs::write(&theirs, before).unwrap();
        let operations: Vec<_> = sequence(number as u64).collect();
        let here = story_here(&ours, mode, &operations);
        let there = story_there(&mut reference, &theirs, mode, &operations);
        assert_eq!(here, there, "{mode} {before:?} {operations:?}");
        let (ours, theirs) = (fs::read(&ours).unwrap(), fs::read(&theirs).unwrap());
        assert_eq!(ours, theirs, "{mode} {before:?} {operations:?}");
    }
}

fn story_here(path: &Path, mode: &str, operations: &[Operation]) -> Vec<Result<Value, String>> {
    let mut file = file::open(path.to_str().unwrap(), mode).unwrap();
    operations
        .iter()
        .map(|operation| here(&mut file, *operation).map_err(|error| error.to_string()))
        .collect()
}

fn here(file: &mut File, operation: Operation) -> guest_os::Result<Value> {
    Ok(match operation {
        Operation::Read(count) => {
            let mut bytes = vec![0; count];
            let chunk = file.read_chunk(&mut bytes)?;
            json!(FileRead::new(
                &bytes[..chunk.bytes],
                chunk.stop == Stop::End
            ))
        }
        Operation::Write(text) => {
            file.write_all_of(text.as_bytes())?;
            json!(FileWrite {
                count: text.len().try_into().unwrap(),
                eof: false
            })
        }
        Operation::Seek(offset, whence) => json!(file.seek(offset, whence)?),
        Operation::Flush => file.flush().map(|()| json!({}))?,
    })
}

fn story_there(
    reference: &mut Reference,
    path: &Path,
    mode: &str,
    operations: &[Operation],
) -> Vec<Result<Value, String>> {
    let open = json!({"path": path, "mode": mode});
    let handle = reference.call("guest-file-open", open).unwrap();
    let story = operations
        .iter()
        .map(|operation| there(reference, &handle, *operation))
        .collect();
    let closed = reference.call("guest-file-close", json!({"handle": handle}));
    assert_eq!(closed, Ok(json!({})));
    story
}

fn there(reference: &mut Reference, handle: &Value, operation: Operation) -> Result<Value, String> {
    match operation {
        Operation::Read(count) => {
            reference.call("guest-file-read", json!({"handle": handle, "count": count}))
        }
        Operation::Write(text) => {
            let base64 = FileRead::new(text.as_bytes(), false).buf_b64;
            let arguments = json!({"handle": handle, "buf-b64": base64});
            reference.call("guest-file-write", arguments)
        }
        Operation::Seek(offset, whence) => {
            let whence = match whence {
                Whence::Set => "set",
                Whence::Current => "cur",
                Whence::End => "end",
            };
            let arguments = json!({"handle": handle, "offset": offset, "whence": whence});
            reference.call("guest-file-seek", arguments)
        }
        Operation::Flush => reference.call("guest-file-flush", json!({"handle": handle})),
    }
}

#[test]
fn what_cannot_be_opened_is_said_in_its_words() {
    let Some(mut reference) = Reference::start() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().to_str().unwrap();
    let missing = format!("{folder}/missing/p");
    for path in [missing.as_str(), "", "/dev/null/p", folder] {
        for mode in ["r", "w", "a", "r+", "w+", "", "x", "rw", "rt", "re", "br"] {
            let here = file::open(path, mode).map(drop);
            let arguments = json!({"path": path, "mode": mode});
            let there = reference.call("guest-file-open", arguments).map(drop);
            assert_eq!(here.map_err(|error| error.to_string()), there);
        }
    }
}

#[test]
fn programs_end_as_under_the_reference() {
    let Some(mut reference) = Reference::start() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().to_str().unwrap();
    for (program, script, input, capture) in [
        ("/bin/sh", "exit 0", "", true),
        ("sh", "exit 300", "", true),
        ("sh", "echo out; echo err >&2; exit 3", "", true),
        ("sh", "echo out; echo err >&2", "", false),
        ("sh", "kill -TERM $$", "", true),
        ("sh", "cat; cat >&2", "input", true),
        ("sh", "cat", "", true),
        ("sh", "exec <&-; echo deaf", "input", true),
        ("env", "A=1", "", true),
        ("sh", "head -c 17000000 /dev/zero; echo e >&2", "", true),
        ("sh", "head -c 16777216 /dev/zero", "", true),
        ("/dev/null/program", "", "", true),
        ("no-such-program", "", "", true),
        ("", "", "", true),
        (folder, "", "", true),
    ] {
        let call = ExecCall {
            path: program.into(),
            arguments: arguments_of(program, script),
            environment: (program == "env").then(|| vec!["B=2".into(), "B=3".into()]),
            input: (!input.is_empty()).then(|| input.as_bytes().to_vec()),
            capture: if capture {
                Capture::Separated
            } else {
                Capture::None
            },
        };
        let here = run_here(&call);
        let there = run_there(&mut reference, &call);
        assert!(
            here == there,
            "{program} {script}: {here:.500?} {there:.500?}"
        );
    }
}

/// A shell gets a script; `env` a program that shows what it was given.
fn arguments_of(program: &str, script: &str) -> Vec<String> {
    match program {
        "env" => vec![script.into(), "sh".into(), "-c".into(), "echo $A".into()],
        _ => vec!["-c".into(), script.into()],
    }
}

fn run_here(call: &ExecCall) -> Result<String, String> {
    let (tell, told) = channel();
    guest_os::exec::spawn(call, move |ended| tell.send(ended).unwrap())
        .map_err(|error| error.to_string())?;
    let ended = told.recv_timeout(Duration::from_secs(60)).unwrap();
    Ok(json!(ExecStatus::from(ended)).to_string())
}

fn run_there(reference: &mut Reference, call: &ExecCall) -> Result<String, String> {
    let mut arguments = json!({
        "path": call.path,
        "arg": call.arguments,
        "capture-output": call.capture != Capture::None,
    });
    if let Some(environment) = &call.environment {
        arguments["env"] = json!(environment);
    }
    if let Some(input) = &call.input {
        arguments["input-data"] = json!(FileRead::new(input, false).buf_b64);
    }
    let started = reference
        .call("guest-exec", arguments)
        .map_err(|text| newer_words(&text))?;
    loop {
        let status = reference.call("guest-exec-status", started.clone())?;
        if status["exited"] == true {
            return Ok(status.to_string());
        }
        std::thread::yield_now();
    }
}

/// Since QEMU 9.1 the reason stands alone.
fn newer_words(text: &str) -> String {
    text.strip_prefix("Guest agent command failed, error was '")
        .and_then(|text| text.strip_suffix('\''))
        .unwrap_or(text)
        .to_owned()
}
