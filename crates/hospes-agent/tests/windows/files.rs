//! `guest-file-*`.

use std::fs;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::agent;
use crate::running::Running;

fn open(agent: &mut Running, name: &str, mode: &str) -> Value {
    let path = agent.path(name);
    let arguments = json!({"path": path.to_str().unwrap(), "mode": mode});
    agent.port.ask("guest-file-open", arguments)
}

#[test]
fn what_is_written_is_read_again_from_where_a_seek_leads() {
    let mut agent = agent();
    let bytes: Vec<u8> = (0..3_u32 << 18)
        .map(|number| ((number * 7) >> 3) as u8)
        .collect();
    let handle = open(&mut agent, "file", "w+b");
    let port = &mut agent.port;
    let write = json!({"handle": handle, "buf-b64": STANDARD.encode(&bytes)});
    let written = port.ask("guest-file-write", write);
    assert_eq!(written, json!({"count": bytes.len(), "eof": false}));
    port.ask("guest-file-flush", json!({"handle": handle}));
    let seek = json!({"handle": handle, "offset": 1000, "whence": "set"});
    let place = port.ask("guest-file-seek", seek);
    assert_eq!(place, json!({"position": 1000, "eof": false}));
    let read = port.ask(
        "guest-file-read",
        json!({"handle": handle, "count": bytes.len()}),
    );
    assert_eq!(read["count"], bytes.len() - 1000);
    let data = read["buf-b64"].as_str().unwrap();
    assert!(STANDARD.decode(data).unwrap() == bytes[1000..]);
    let rest = port.ask("guest-file-read", json!({"handle": handle}));
    assert_eq!(rest, json!({"count": 0, "buf-b64": "", "eof": true}));
    port.ask("guest-file-close", json!({"handle": handle}));
    assert!(fs::read(agent.path("file")).unwrap() == bytes);
}

#[test]
fn line_ends_are_left_as_they_are_whatever_the_mode_says() {
    let mut agent = agent();
    for mode in ["w", "wb"] {
        let handle = open(&mut agent, "text", mode);
        let write = json!({"handle": handle, "buf-b64": STANDARD.encode("one\ntwo\r\n\x1a.")});
        agent.port.ask("guest-file-write", write);
        agent
            .port
            .ask("guest-file-close", json!({"handle": handle}));
        assert_eq!(fs::read(agent.path("text")).unwrap(), b"one\ntwo\r\n\x1a.");
    }
}

#[test]
fn appending_goes_to_the_end_and_a_new_name_has_to_be_asked_for() {
    let mut agent = agent();
    let missing = json!({"path": agent.path("file").to_str().unwrap()});
    let error = agent.port.refusal("guest-file-open", missing);
    assert_eq!(error.class, "GenericError");
    assert!(error.desc.starts_with("failed to open file "), "{error}");
    fs::write(agent.path("file"), "one ").unwrap();
    let handle = open(&mut agent, "file", "a");
    agent.port.ask(
        "guest-file-write",
        json!({"handle": handle, "buf-b64": "dHdv"}),
    );
    agent
        .port
        .ask("guest-file-close", json!({"handle": handle}));
    assert_eq!(fs::read_to_string(agent.path("file")).unwrap(), "one two");
}

#[test]
fn a_handle_is_gone_once_it_is_closed_and_is_never_given_out_again() {
    let mut agent = agent();
    fs::write(agent.path("file"), "x").unwrap();
    let handle = open(&mut agent, "file", "r").as_i64().unwrap();
    assert!(handle >= 1000, "{handle}");
    agent
        .port
        .ask("guest-file-close", json!({"handle": handle}));
    for command in ["guest-file-read", "guest-file-flush", "guest-file-close"] {
        let error = agent.port.refusal(command, json!({"handle": handle}));
        assert_eq!(error.desc, format!("handle '{handle}' has not been found"));
    }
    assert!(open(&mut agent, "file", "r").as_i64().unwrap() > handle);
}

/// A guest's own programs must be able to go on with a file that a host reads.
#[test]
fn a_file_that_is_open_can_be_written_and_removed_by_others() {
    let mut agent = agent();
    let path = agent.path("file");
    fs::write(&path, "x").unwrap();
    let handle = open(&mut agent, "file", "r");
    fs::write(&path, "other").unwrap();
    let read = agent.port.ask("guest-file-read", json!({"handle": handle}));
    assert_eq!(read["buf-b64"], STANDARD.encode("other"));
    fs::remove_file(&path).unwrap();
    agent
        .port
        .ask("guest-file-close", json!({"handle": handle}));
}

#[test]
fn names_beyond_ascii_and_long_ones_are_opened() {
    let mut agent = agent();
    let name = format!("größe-{}-日本.txt", "x".repeat(100));
    let folder = agent.path(&"f".repeat(100));
    fs::create_dir(&folder).unwrap();
    let name = folder.join(name);
    let handle = open(&mut agent, name.to_str().unwrap(), "w");
    agent
        .port
        .ask("guest-file-close", json!({"handle": handle}));
    assert!(name.is_file());
}
