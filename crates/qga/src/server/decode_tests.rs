//! What each command makes of its arguments. The errors are those of qemu-ga 7.2, seen by asking
//! it; `tests/reference.rs` asks it again where it is installed.

use serde_json::{Value, json};

use super::*;
use crate::System;

fn desc(name: &str, arguments: Value) -> String {
    match Call::decode(name, Some(arguments)) {
        Ok(call) => panic!("{name} is taken: {call:?}"),
        Err(error) => {
            assert_eq!(error.class, AgentError::GENERIC);
            error.desc
        }
    }
}

#[test]
fn commands_without_arguments_take_none_and_an_empty_object() {
    for (name, call) in [
        ("guest-ping", Call::Ping),
        ("guest-info", Call::Info),
        ("guest-suspend-ram", Call::Suspend(SuspendMode::Ram)),
        ("guest-fsfreeze-freeze", Call::Freeze(None)),
        ("guest-get-load", Call::GetLoad),
    ] {
        assert_eq!(Call::decode(name, None), Ok(call.clone()));
        assert_eq!(Call::decode(name, Some(json!({}))), Ok(call));
        assert_eq!(
            desc(name, json!({"foo": 1})),
            "Parameter 'foo' is unexpected"
        );
    }
    assert_eq!(
        desc("guest-ping", json!([])),
        "QMP input member 'arguments' must be an object"
    );
}

#[test]
fn single_arguments_arrive() {
    for (name, arguments, call) in [
        ("guest-sync", json!({"id": i64::MIN}), Call::Sync(i64::MIN)),
        (
            "guest-sync-delimited",
            json!({"id": 7}),
            Call::SyncDelimited(7),
        ),
        ("guest-set-time", json!({}), Call::SetTime(None)),
        ("guest-set-time", json!({"time": 5}), Call::SetTime(Some(5))),
        (
            "guest-shutdown",
            json!({}),
            Call::Shutdown(ShutdownMode::Powerdown),
        ),
        (
            "guest-shutdown",
            json!({"mode": "halt"}),
            Call::Shutdown(ShutdownMode::Halt),
        ),
        (
            "guest-fstrim",
            json!({"minimum": 9}),
            Call::Trim { minimum: Some(9) },
        ),
        ("guest-exec-status", json!({"pid": 9}), Call::ExecStatus(9)),
    ] {
        assert_eq!(Call::decode(name, Some(arguments)), Ok(call), "{name}");
    }
}

#[test]
fn the_arguments_of_file_commands_arrive() {
    for (name, arguments, call) in [
        (
            "guest-file-open",
            json!({"path": "/é", "mode": "w+"}),
            Call::FileOpen {
                path: "/é".to_owned(),
                mode: Some("w+".to_owned()),
            },
        ),
        (
            "guest-file-read",
            json!({"handle": 1, "count": -2}),
            Call::FileRead {
                handle: 1,
                count: Some(-2),
            },
        ),
        (
            "guest-file-write",
            json!({"handle": 1, "buf-b64": "!"}),
            Call::FileWrite {
                handle: 1,
                base64: "!".to_owned(),
                count: None,
            },
        ),
        ("guest-file-close", json!({"handle": 3}), Call::FileClose(3)),
        ("guest-file-flush", json!({"handle": 3}), Call::FileFlush(3)),
    ] {
        assert_eq!(Call::decode(name, Some(arguments)), Ok(call), "{name}");
    }
}

#[test]
fn lists_arrive() {
    let keys = || vec!["a".to_owned(), "b".to_owned()];
    for (name, arguments, call) in [
        (
            "guest-fsfreeze-freeze-list",
            json!({"mountpoints": ["a", "b"]}),
            Call::Freeze(Some(keys())),
        ),
        ("guest-fsfreeze-freeze-list", json!({}), Call::Freeze(None)),
        (
            "guest-set-vcpus",
            json!({"vcpus": [{"logical-id": 1, "online": true, "can-offline": false}]}),
            Call::SetVcpus(vec![OnlineSetting {
                index: 1,
                online: true,
            }]),
        ),
        (
            "guest-set-memory-blocks",
            json!({"mem-blks": [{"phys-index": u64::MAX, "online": false},
                                {"phys-index": -1, "online": false}]}),
            Call::SetMemoryBlocks(vec![
                OnlineSetting {
                    index: u64::MAX,
                    online: false
                };
                2
            ]),
        ),
        (
            "guest-ssh-add-authorized-keys",
            json!({"username": "u", "keys": ["a", "b"], "reset": true}),
            Call::SshAddKeys {
                username: "u".to_owned(),
                keys: keys(),
                reset: true,
            },
        ),
        (
            "guest-ssh-remove-authorized-keys",
            json!({"username": "u", "keys": ["a", "b"]}),
            Call::SshRemoveKeys {
                username: "u".to_owned(),
                keys: keys(),
            },
        ),
    ] {
        assert_eq!(Call::decode(name, Some(arguments)), Ok(call), "{name}");
    }
}

#[test]
fn whence_is_a_word_or_a_code() {
    let whence = |whence: Value| {
        let arguments = json!({"handle": 1, "offset": -2, "whence": whence});
        Call::decode("guest-file-seek", Some(arguments)).map_err(|error| error.desc)
    };
    for (given, expected) in [
        (json!("set"), Whence::Set),
        (json!(0), Whence::Set),
        (json!("cur"), Whence::Current),
        (json!(1), Whence::Current),
        (json!("end"), Whence::End),
        (json!(2), Whence::End),
    ] {
        let call = Call::FileSeek {
            handle: 1,
            offset: -2,
            whence: expected,
        };
        assert_eq!(whence(given), Ok(call));
    }
    let kind = "Invalid parameter type for 'whence', expected: GuestFileWhence";
    let integer = "Invalid parameter type for 'whence', expected: integer";
    for (given, problem) in [
        (
            json!("foo"),
            "Parameter 'whence' does not accept value 'foo'",
        ),
        (json!(true), kind),
        (json!(null), kind),
        (json!([]), kind),
        (json!(1.0), integer),
        (json!(1_u64 << 63), integer),
        (json!(3), "invalid whence code 3"),
        (json!(-1), "invalid whence code -1"),
    ] {
        assert_eq!(whence(given), Err(problem.to_owned()));
    }
    // A code that does not exist is the command's problem: one of the arguments comes first.
    let arguments = json!({"handle": 1, "offset": 0, "whence": 3, "foo": 1});
    assert_eq!(
        desc("guest-file-seek", arguments),
        "Parameter 'foo' is unexpected"
    );
}

#[test]
fn capture_is_a_flag_or_a_word() {
    let capture = |capture: Value| {
        let arguments = json!({"path": "p", "capture-output": capture});
        let call = Call::decode("guest-exec", Some(arguments));
        call.map_err(|error| error.desc).map(|call| match call {
            Call::Exec(exec) => exec.capture,
            other => panic!("{other:?}"),
        })
    };
    for (given, expected) in [
        (json!(false), Capture::None),
        (json!(true), Capture::Separated),
        (json!("none"), Capture::None),
        (json!("stdout"), Capture::Stdout),
        (json!("stderr"), Capture::Stderr),
        (json!("separated"), Capture::Separated),
        (json!("merged"), Capture::Merged),
    ] {
        assert_eq!(capture(given), Ok(expected));
    }
    let kind = "Invalid parameter type for 'capture-output', expected: GuestExecCaptureOutput";
    for (given, problem) in [
        (json!(null), kind),
        (json!(1), kind),
        (json!({}), kind),
        (
            json!("all"),
            "Parameter 'capture-output' does not accept value 'all'",
        ),
    ] {
        assert_eq!(capture(given), Err(problem.to_owned()));
    }
}

#[test]
fn windows_merges_no_output() {
    for (word, on_windows) in [
        ("none", Ok(())),
        ("stdout", Ok(())),
        ("stderr", Ok(())),
        ("separated", Ok(())),
        (
            "merged",
            Err("Parameter 'capture-output' does not accept value 'merged'".to_owned()),
        ),
    ] {
        let arguments = json!({"path": "p", "capture-output": word});
        let Ok(Call::Exec(exec)) = Call::decode("guest-exec", Some(arguments)) else {
            panic!("{word} is refused");
        };
        let admitted = |system| exec.admit_on(system).map_err(|error| error.desc);
        assert_eq!(admitted(System::Windows), on_windows, "{word}");
        assert_eq!(admitted(System::Linux), Ok(()), "{word}");
    }
}

#[test]
fn exec_takes_everything_and_decodes_its_input() {
    let arguments = json!({
        "path": "/bin/x", "arg": ["a"], "env": ["B=c"], "input-data": "aG\nk=", "capture-output": true,
    });
    let call = ExecCall {
        path: "/bin/x".to_owned(),
        arguments: vec!["a".to_owned()],
        environment: Some(vec!["B=c".to_owned()]),
        input: Some(b"hi".to_vec()),
        capture: Capture::Separated,
    };
    assert_eq!(
        Call::decode("guest-exec", Some(arguments)),
        Ok(Call::Exec(call))
    );
    let call = Call::decode("guest-exec", Some(json!({"path": "x"})));
    let Ok(Call::Exec(call)) = call else {
        panic!("{call:?}")
    };
    assert_eq!((call.environment, call.input), (None, None));
}

#[test]
fn a_password_is_decoded_and_not_shown() {
    let arguments = json!({"username": "u", "password": "c2VjcmV0", "crypted": false});
    let call = Call::decode("guest-set-user-password", Some(arguments)).unwrap();
    let shown = format!("{call:?}");
    assert!(
        !shown.contains("secret") && !shown.contains("115"),
        "{shown}"
    );
    let Call::SetUserPassword(call) = call else {
        panic!("{shown}")
    };
    assert_eq!(call.password, b"secret");
    let wrong = json!({"username": "u", "password": "hunter2!", "crypted": false});
    assert_eq!(
        desc("guest-set-user-password", wrong),
        "Base64 data contains invalid characters"
    );
}

#[test]
fn wrong_arguments_are_told_in_qemu_gas_words() {
    for (name, arguments, problem) in [
        ("guest-sync", json!({}), "Parameter 'id' is missing"),
        ("guest-sync", json!({"foo": 2}), "Parameter 'id' is missing"),
        (
            "guest-sync",
            json!({"id": 1, "foo": 2}),
            "Parameter 'foo' is unexpected",
        ),
        (
            "guest-shutdown",
            json!({"mode": 1}),
            "Invalid parameter type for 'mode', expected: string",
        ),
        (
            "guest-shutdown",
            json!({"mode": "off"}),
            "mode is invalid (valid values are: halt|powerdown|reboot)",
        ),
        (
            "guest-shutdown",
            json!({"mode": "off", "x": 1}),
            "Parameter 'x' is unexpected",
        ),
        (
            "guest-exec",
            json!({"path": "p", "arg": {}}),
            "Invalid parameter type for 'arg', expected: array",
        ),
        (
            "guest-exec",
            json!({"path": "p", "arg": ["a", 5]}),
            "Invalid parameter type for 'arg[1]', expected: string",
        ),
        (
            "guest-exec",
            json!({"path": "p", "env": [1], "arg": [[]]}),
            "Invalid parameter type for 'arg[0]', expected: string",
        ),
        (
            "guest-exec",
            json!({"path": "p", "input-data": "!!", "zz": 5}),
            "Parameter 'zz' is unexpected",
        ),
        (
            "guest-exec",
            json!({"path": "p", "input-data": "!!"}),
            "Base64 data contains invalid characters",
        ),
    ] {
        assert_eq!(desc(name, arguments), problem);
    }
}

#[test]
fn what_is_wrong_within_a_list_is_told_with_its_place() {
    for (name, arguments, problem) in [
        ("guest-set-vcpus", json!({}), "Parameter 'vcpus' is missing"),
        (
            "guest-set-vcpus",
            json!({"vcpus": [5]}),
            "Invalid parameter type for 'vcpus[0]', expected: object",
        ),
        (
            "guest-set-vcpus",
            json!({"vcpus": [{"logical-id": 0, "online": true}, {"logical-id": "1"}]}),
            "Invalid parameter type for 'vcpus[1].logical-id', expected: integer",
        ),
        (
            "guest-set-vcpus",
            json!({"vcpus": [{"logical-id": 0, "online": 1}]}),
            "Invalid parameter type for 'vcpus[0].online', expected: boolean",
        ),
        (
            "guest-set-vcpus",
            json!({"vcpus": [{"logical-id": 0}]}),
            "Parameter 'vcpus[0].online' is missing",
        ),
        (
            "guest-set-vcpus",
            json!({"vcpus": [{"logical-id": 0, "online": true, "x": 1}]}),
            "Parameter 'vcpus[0].x' is unexpected",
        ),
        (
            "guest-set-memory-blocks",
            json!({"mem-blks": [{"phys-index": 1.5, "online": true}]}),
            "Parameter 'mem-blks[0].phys-index' expects uint64",
        ),
        (
            "guest-set-memory-blocks",
            json!({"mem-blks": [{"phys-index": 1, "online": true, "can-offline": null}]}),
            "Invalid parameter type for 'mem-blks[0].can-offline', expected: boolean",
        ),
    ] {
        assert_eq!(desc(name, arguments), problem);
    }
}

#[test]
fn only_whole_numbers_within_64_bits_are_integers() {
    for (text, is_integer) in [
        ("0", true),
        ("-9223372036854775808", true),
        ("9223372036854775807", true),
        ("9223372036854775808", false),
        ("-9223372036854775809", false),
        ("123456789012345678901234567890", false),
        ("1.0", false),
        ("1e2", false),
        ("true", false),
        ("null", false),
        ("\"1\"", false),
        ("[]", false),
    ] {
        let id: Value = serde_json::from_str(text).unwrap();
        let call = Call::decode("guest-sync", Some(json!({"id": id})));
        assert_eq!(call.is_ok(), is_integer, "{text}");
        if let Err(error) = call {
            let problem = "Invalid parameter type for 'id', expected: integer";
            assert_eq!(error.desc, problem, "{text}");
        }
    }
}

#[test]
fn an_error_does_not_repeat_megabytes() {
    let long = "é".repeat(1 << 20);
    let errors = [
        Call::decode(&long, None),
        Call::decode("guest-ping", Some(json!({ &long: 1 }))),
        Call::decode(
            "guest-exec",
            Some(json!({"path": "p", "capture-output": long})),
        ),
    ];
    for error in errors {
        let desc = error.unwrap_err().desc;
        assert!(desc.len() < 1024 && desc.contains("éé..."), "{desc}");
    }
}
