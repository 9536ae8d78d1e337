//! `guest-file-*`.

use std::fs;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::agent;
use crate::support::{BLOCKED, Program, Running, Stream};

const MEBIBYTE: usize = 1 << 20;
/// What one `guest-file-read` may ask for.
const MOST: usize = 48 * MEBIBYTE;

fn open(agent: &Running, stream: &mut Stream, name: &str, mode: &str) -> Value {
    let path = agent.path(name).display().to_string();
    stream.ask("guest-file-open", json!({"path": path, "mode": mode}))
}

/// Bytes without a pattern that an exchange of two pieces would keep. A multiple of three, so
/// that the base64 of several is that of one, repeated.
fn piece() -> Vec<u8> {
    let mut state = 1_u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    std::iter::repeat_with(next).take(3 * MEBIBYTE).collect()
}

#[test]
fn forty_eight_mebibytes_are_written_and_come_back_byte_for_byte() {
    let agent = agent();
    let mut stream = agent.connect();
    let handle = open(&agent, &mut stream, "large", "w+");
    let piece = piece();
    let base64 = STANDARD.encode(&piece);
    let four = base64.repeat(4);
    for _ in 0..4 {
        let arguments = json!({"handle": handle, "buf-b64": four});
        let written = stream.ask("guest-file-write", arguments);
        assert_eq!(written, json!({"count": 12 * MEBIBYTE, "eof": false}));
    }
    let file = fs::read(agent.path("large")).unwrap();
    assert_eq!(file.len(), MOST);
    assert!(file.chunks(piece.len()).all(|chunk| chunk == piece));
    let start = json!({"handle": handle, "offset": 0, "whence": "set"});
    stream.ask("guest-file-seek", start);
    let read = stream.ask("guest-file-read", json!({"handle": handle, "count": MOST}));
    assert_eq!(read["count"], MOST);
    let data = read["buf-b64"].as_str().unwrap().as_bytes();
    assert_eq!(data.len(), MOST / 3 * 4);
    assert!(
        data.chunks(base64.len())
            .all(|chunk| chunk == base64.as_bytes())
    );
    let rest = stream.ask("guest-file-read", json!({"handle": handle}));
    assert_eq!(rest, json!({"count": 0, "buf-b64": "", "eof": true}));
}

#[test]
fn wrapped_base64_is_written() {
    let agent = agent();
    let mut stream = agent.connect();
    let handle = open(&agent, &mut stream, "wrapped", "w");
    let piece = &piece()[..10_000];
    let base64 = STANDARD.encode(piece);
    let lines: Vec<_> = base64
        .as_bytes()
        .chunks(76)
        .map(String::from_utf8_lossy)
        .collect();
    let wrapped = json!({"handle": handle, "buf-b64": lines.join("\n") + "\n"});
    let written = stream.ask("guest-file-write", wrapped);
    assert_eq!(written["count"], 10_000);
    stream.ask("guest-file-close", json!({"handle": handle}));
    assert_eq!(fs::read(agent.path("wrapped")).unwrap(), piece);
}

#[test]
fn a_named_pipe_hangs_nothing() {
    let agent = agent();
    let fifo = agent.path("fifo");
    assert!(
        Command::new("mkfifo")
            .arg(&fifo)
            .status()
            .unwrap()
            .success()
    );
    let mut stream = agent.connect();
    let handle = open(&agent, &mut stream, "fifo", "r");
    let nobody = stream.reply("guest-file-read", json!({"handle": handle}));
    assert!(
        nobody["return"]["count"] == 0 || nobody["error"].is_object(),
        "{nobody}"
    );
    let writer = open(&agent, &mut stream, "fifo", "r+");
    let nothing = stream.reply("guest-file-read", json!({"handle": handle}));
    assert!(
        nothing["return"]["count"] == 0 || nothing["error"].is_object(),
        "{nothing}"
    );
    stream.ask(
        "guest-file-write",
        json!({"handle": writer, "buf-b64": "aGk="}),
    );
    let read = stream.ask("guest-file-read", json!({"handle": handle}));
    assert_eq!(
        (&read["count"], &read["buf-b64"]),
        (&json!(2), &json!("aGk="))
    );
    stream.ask("guest-ping", json!({}));
}

#[test]
fn a_file_of_proc_that_tells_no_size_is_read_whole() {
    let agent = agent();
    let mut stream = agent.connect();
    let handle = stream.ask("guest-file-open", json!({"path": "/proc/self/status"}));
    let read = stream.ask(
        "guest-file-read",
        json!({"handle": handle, "count": 100_000}),
    );
    assert_eq!(read["eof"], true);
    assert!(read["count"].as_u64().unwrap() > 200);
}

/// A client's old handle never means another file, not even after a restart.
#[test]
fn handles_are_not_given_out_twice_even_after_a_restart() {
    let mut first = agent();
    let mut stream = first.connect();
    let old = open(&first, &mut stream, "file", "w").as_i64().unwrap();
    assert!(old >= 1000, "{old}");
    first.terminate();
    let mut command = Program::ours().command(Running::arguments(first.dir()));
    let mut child = command.args(["-b", BLOCKED]).spawn().unwrap();
    let mut stream = first.connect();
    let new = open(&first, &mut stream, "file", "r").as_i64().unwrap();
    let gone = stream.reply("guest-file-close", json!({"handle": old}));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(new > old, "{new} after {old}");
    assert_eq!(
        gone["error"]["desc"],
        format!("handle '{old}' has not been found")
    );
}

#[test]
fn handles_are_limited_and_come_back_when_they_are_closed() {
    let agent = agent();
    let mut stream = agent.connect();
    fs::write(agent.path("file"), "x").unwrap();
    let path = json!({"path": agent.path("file").display().to_string()});
    let mut open = Vec::new();
    let refused = loop {
        let reply = stream.reply("guest-file-open", path.clone());
        match reply["return"].as_i64() {
            Some(handle) => open.push(handle),
            None => break reply,
        }
        assert!(open.len() < 100_000, "no limit");
    };
    assert_eq!(refused["error"]["class"], "GenericError");
    assert!(open.len() >= 100, "{}", open.len());
    for handle in open {
        stream.ask("guest-file-close", json!({"handle": handle}));
    }
    stream.ask("guest-file-open", path);
}

/// It is kept for handles across restarts, which is worth less than the channel.
#[test]
fn without_a_state_directory_files_are_opened_all_the_same() {
    let agent = Running::start_in(tempfile::tempdir().unwrap(), |dir| {
        let mut command = Program::ours().command(Running::arguments(dir));
        command.args(["-b", BLOCKED, "-t"]).arg(dir.join("nowhere"));
        command
    });
    let mut stream = agent.connect();
    let handle = open(&agent, &mut stream, "file", "w");
    stream.ask("guest-file-close", json!({"handle": handle}));
}
