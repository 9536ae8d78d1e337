//! The shapes are those that a real server has answered.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use conditions::NodeName;
use qga::commands::{self, Exec, ExecEnd, ExecStarted, ExecStatus, FileHandle, FileRead};
use serde_json::{Value, json};

use super::*;
use crate::{Call, Failure};

fn node() -> NodeName {
    NodeName::new("pve1")
}

fn plan(command: &commands::Command) -> Result<Plan, Refused> {
    Conversation::default().plan(&node(), 100, &command.name, &command.arguments)
}

fn call_of(command: &commands::Command) -> Call {
    match plan(command) {
        Ok(Plan::Call(call, _)) => call,
        other => panic!("{command:?}: {other:?}"),
    }
}

fn bare(name: &str) -> commands::Command {
    commands::Command::new(name, Value::Null)
}

fn words(call: &Call, key: &str) -> Vec<String> {
    let named = call.parameters.iter().filter(|(name, _)| *name == key);
    named.map(|(_, value)| value.clone()).collect()
}

#[test]
fn commands_without_arguments_are_one_call_each() {
    for name in [
        "guest-ping",
        "guest-info",
        "guest-fsfreeze-status",
        "guest-get-host-name",
        "guest-get-osinfo",
        "guest-get-timezone",
        "guest-get-fsinfo",
        "guest-get-users",
        "guest-get-vcpus",
    ] {
        let path = call_of(&bare(name)).path;
        let last = name.trim_start_matches("guest-");
        assert_eq!(path, format!("/nodes/pve1/qemu/100/agent/{last}"));
    }
    let interfaces = call_of(&commands::network_interfaces());
    assert!(interfaces.path.starts_with("/nodes/pve1/qemu/100/agent"));
}

#[test]
fn results_are_what_the_agent_has_said() {
    for (data, result) in [
        (json!({"result": {}}), json!({})),
        (json!({"result": "thawed"}), json!("thawed")),
        (
            json!({"result": {"host-name": "web1"}}),
            json!({"host-name": "web1"}),
        ),
        (
            json!({"result": [{"name": "Netzwerkbr\u{c3}\u{bc}cke"}]}),
            json!([{"name": "Netzwerkbrücke"}]),
        ),
    ] {
        assert_eq!(Reply::Result.result(data.clone()), Ok(result), "{data}");
    }
    for wrong in [json!(null), json!({}), json!([1]), json!("result")] {
        let result = Reply::Result.result(wrong.clone());
        assert!(matches!(result, Err(Refused::Garbage(_))), "{wrong}");
    }
}

#[test]
fn an_error_of_the_agent_stays_one_in_every_wrapping() {
    let disabled = "Command guest-exec has been disabled";
    let in_result = json!({"result": {"error": {"class": "CommandNotFound", "desc": disabled}}});
    let expected = Refused::Agent {
        class: "CommandNotFound".to_owned(),
        description: disabled.to_owned(),
    };
    assert_eq!(Reply::Result.result(in_result), Err(expected.clone()));
    let words = format!("Agent error: {disabled}\n");
    assert_eq!(Refused::from_words(&words), Some(expected));
    assert_eq!(
        Refused::from_words("Agent error: PID lld does not exist\n"),
        Some(Refused::cannot("PID lld does not exist"))
    );
    assert_eq!(Refused::from_words("VM 100 is not running"), None);
}

#[test]
fn what_the_api_has_no_call_for_is_a_command_that_is_not_found() {
    for name in ["guest-get-load", "guest-shutdown", "guest-sync", ""] {
        let Err(Refused::Agent { class, .. }) = plan(&bare(name)) else {
            panic!("{name}");
        };
        assert_eq!(class, "CommandNotFound", "{name}");
    }
}

#[test]
fn a_program_starts_with_its_words_and_input() {
    let exec = Exec {
        path: "/bin/sh".to_owned(),
        arguments: vec!["-c".to_owned(), "echo é".to_owned()],
        environment: None,
        input: "cat ü\n".as_bytes().to_vec(),
    };
    let call = call_of(&exec.command());
    assert_eq!(call.path, "/nodes/pve1/qemu/100/agent/exec");
    assert_eq!(
        words(&call, "command"),
        ["/bin/sh", "-c", "echo \u{c3}\u{a9}"]
    );
    assert_eq!(words(&call, "input-data"), ["cat \u{c3}\u{bc}\n"]);
    let started = Reply::Started.result(json!({"pid": 383})).unwrap();
    assert_eq!(
        ExecStarted::from_result(started),
        Ok(ExecStarted { pid: 383 })
    );
}

#[test]
fn a_program_that_the_api_cannot_carry_is_refused_with_the_reason() {
    let exec = |change: fn(&mut Exec)| {
        let mut exec = Exec {
            path: "sh".to_owned(),
            ..Exec::default()
        };
        change(&mut exec);
        exec.command()
    };
    for (command, reason) in [
        (exec(|it| it.environment = Some(vec![])), "no environment"),
        (exec(|it| it.arguments = vec![String::new()]), "empty"),
        (exec(|it| it.arguments = vec!["a\0b".into()]), "NUL"),
        (exec(|it| it.input = vec![b'x'; 65_537]), "64 KiB"),
        (exec(|it| it.input = vec![0xff]), "UTF-8"),
        (bare("guest-exec"), "path"),
        (
            commands::Command::new("guest-exec", json!({"path": "a", "arg": "b"})),
            "texts",
        ),
        (
            commands::Command::new("guest-exec", json!({"path": "a", "input-data": "?"})),
            "input-data",
        ),
    ] {
        let error = plan(&command).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
    let most = exec(|it| it.input = vec![b'x'; 65_536]);
    assert_eq!(words(&call_of(&most), "input-data")[0].len(), 65_536);
}

#[test]
fn where_a_program_stands_is_read_in_the_agents_shape() {
    let exited = |end, stdout: &[u8], stderr: &[u8], truncated| ExecStatus::Exited {
        end,
        stdout: stdout.to_vec(),
        stderr: stderr.to_vec(),
        truncated,
    };
    let boot_id = "063846f7-2753-4bb8-b300-042adec4d0a7\n";
    for (data, status) in [
        (
            json!({"out-truncated": 0, "exitcode": 0, "out-data": boot_id, "exited": 1}),
            exited(ExecEnd::Code(0), boot_id.as_bytes(), b"", false),
        ),
        (json!({"exited": 0}), ExecStatus::Running),
        (
            json!({"exited": true, "exitcode": 3, "err-data": "\u{c3}\u{a9}", "out-data": "é"}),
            exited(ExecEnd::Code(3), "é".as_bytes(), "é".as_bytes(), false),
        ),
        (
            json!({"exited": 1, "signal": 9, "err-truncated": 1, "new-in-10": {}}),
            exited(ExecEnd::Signal(9), b"", b"", true),
        ),
    ] {
        let result = Reply::Status.result(data.clone()).unwrap();
        assert_eq!(ExecStatus::from_result(result), Ok(status), "{data}");
    }
    for wrong in [json!(null), json!({}), json!({"exited": "perhaps"})] {
        let result = Reply::Status.result(wrong.clone());
        assert!(matches!(result, Err(Refused::Garbage(_))), "{wrong}");
    }
}

/// A conversation with one file open, and its handle.
fn opened(path: &str) -> (Conversation, FileHandle) {
    let mut conversation = Conversation::default();
    let Ok(Plan::Known(handle)) = run(&mut conversation, &commands::file_open(path)) else {
        panic!("not opened");
    };
    (conversation, FileHandle::from_result(handle).unwrap())
}

fn run(conversation: &mut Conversation, command: &commands::Command) -> Result<Plan, Refused> {
    conversation.plan(&node(), 100, &command.name, &command.arguments)
}

fn piece(conversation: &mut Conversation, handle: FileHandle, count: u32) -> Piece {
    match run(conversation, &commands::file_read(handle, count)) {
        Ok(Plan::Piece(piece)) => piece,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_file_is_read_in_pieces_byte_for_byte() {
    let (mut conversation, handle) = opened("/bin/x");
    let first = piece(&mut conversation, handle, 4);
    let call = first.call(&node(), 100);
    assert_eq!(call.path, "/nodes/pve1/qemu/100/agent/file-read");
    for (key, value) in [
        ("file", "/bin/x"),
        ("count", "4"),
        ("offset", "0"),
        ("decode", "0"),
    ] {
        assert_eq!(words(&call, key), [value]);
    }
    // Two answers of the agent, strung together.
    let content = format!("{}{}", STANDARD.encode([0xff]), STANDARD.encode([0, 1, 2]));
    let data = json!({"content": content, "truncated": 1});
    let read = conversation.read(&first, &data, false).unwrap();
    let read = FileRead::from_result(read).unwrap();
    assert_eq!((read.bytes, read.eof), (vec![0xff, 0, 1, 2], false));

    let second = piece(&mut conversation, handle, 4);
    assert_eq!(words(&second.call(&node(), 100), "offset"), ["4"]);
    let data = json!({"content": ""});
    let read = conversation.read(&second, &data, false).unwrap();
    let read = FileRead::from_result(read).unwrap();
    assert_eq!((read.bytes, read.eof), (Vec::new(), true));

    let close = commands::file_close(handle);
    assert_eq!(run(&mut conversation, &close), Ok(Plan::Known(json!({}))));
    for after in [close, commands::file_read(handle, 4)] {
        let error = run(&mut conversation, &after).unwrap_err().to_string();
        assert!(error.contains("has not been found"), "{error}");
    }
}

#[test]
fn versions_that_know_no_parts_are_asked_for_the_whole_file() {
    let unknown = |key: &str| Failure::Parameters {
        message: "Parameter verification failed.".to_owned(),
        errors: [(key.to_owned(), "property is not defined".to_owned())].into(),
    };
    for (key, is_unknown) in [("count", true), ("decode", true), ("file", false)] {
        assert_eq!(Piece::is_unknown(&unknown(key)), is_unknown, "{key}");
    }
    assert!(!Piece::is_unknown(&Failure::NotRunning(String::new())));

    let (mut conversation, handle) = opened("/etc/motd");
    let first = piece(&mut conversation, handle, 4);
    let call = first.whole_call(&node(), 100);
    assert_eq!(call.parameters, [("file", "/etc/motd".to_owned())]);
    let whole = json!({"content": "ab\u{c3}\u{a9}cd", "bytes-read": 6});
    for (bytes, eof) in [("abé".as_bytes(), false), (b"cd", true), (b"", true)] {
        let piece = piece(&mut conversation, handle, 4);
        let read = conversation.read(&piece, &whole, true).unwrap();
        let read = FileRead::from_result(read).unwrap();
        assert_eq!((read.bytes.as_slice(), read.eof), (bytes, eof));
    }
}

#[test]
fn files_are_for_reading_and_not_endlessly_many() {
    let mut conversation = Conversation::default();
    let write = commands::Command::new("guest-file-open", json!({"path": "/x", "mode": "w"}));
    let error = run(&mut conversation, &write).unwrap_err().to_string();
    assert!(error.contains("mode `w`"), "{error}");
    let opened = (0..100).map(|_| run(&mut conversation, &commands::file_open("/x")));
    assert_eq!(opened.filter(Result::is_ok).count(), 64);
}

#[test]
fn content_of_another_shape_is_garbage() {
    let (mut conversation, handle) = opened("/x");
    let piece = piece(&mut conversation, handle, 4);
    for wrong in [
        json!(null),
        json!({}),
        json!({"content": 1}),
        json!({"content": "*"}),
    ] {
        let read = conversation.read(&piece, &wrong, false);
        assert!(matches!(read, Err(Refused::Garbage(_))), "{wrong}");
    }
}
