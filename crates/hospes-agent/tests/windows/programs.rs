//! `guest-exec` and `guest-exec-status`.

use std::fs;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use qga::Answer;
use qga::commands::{Exec, ExecEnd, ExecStarted, ExecStatus, exec_status};
use serde_json::Value;
use serde_json::json;

use crate::process::until;
use crate::running::Running;
use crate::{Port, agent};

/// A program that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i64,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Starts a program; the answer is what it is asked about with.
pub(crate) fn started(port: &mut Port, arguments: Value) -> i64 {
    let result = port.ask("guest-exec", arguments);
    ExecStarted::from_result(result).unwrap().pid
}

/// Waits for a program's end.
pub(crate) fn ended(port: &mut Port, pid: i64) -> Ended {
    until("the program does not end", || {
        let asked = exec_status(pid);
        let result = port.ask(&asked.name, asked.arguments);
        match ExecStatus::from_result(result).unwrap() {
            ExecStatus::Running => None,
            ExecStatus::Exited {
                end: ExecEnd::Code(code),
                stdout,
                stderr,
                ..
            } => Some(Ended {
                code,
                out: text(stdout),
                err: text(stderr),
            }),
            other => panic!("{other:?}"),
        }
    })
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap().replace("\r\n", "\n")
}

fn run(port: &mut Port, exec: &Exec) -> Ended {
    let pid = started(port, exec.command().arguments);
    ended(port, pid)
}

/// Our program, which tells its version, and complains of what it does not know.
fn ours(arguments: &[&str]) -> Exec {
    program(env!("CARGO_BIN_EXE_hospes-agent"), arguments)
}

fn program(path: &str, arguments: &[&str]) -> Exec {
    Exec {
        path: path.to_owned(),
        arguments: arguments.iter().map(|&word| word.to_owned()).collect(),
        ..Exec::default()
    }
}

/// A batch file of these lines, in the agent's folder.
fn batch(agent: &Running, name: &str, lines: &[&str]) -> String {
    let path = agent.path(name);
    fs::write(&path, lines.join("\r\n") + "\r\n").unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn output_and_exit_code_are_told_and_are_still_there_after_they_were_read() {
    let mut agent = agent();
    let port = &mut agent.port;
    let good = run(port, &ours(&["--version"]));
    assert_eq!((good.code, good.err.as_str()), (0, ""));
    assert!(good.out.starts_with("hospes-agent "), "{good:?}");
    let pid = started(port, ours(&["nonsense"]).command().arguments);
    for _ in 0..2 {
        let bad = ended(port, pid);
        assert_eq!((bad.code, bad.out.as_str()), (2, ""));
        assert!(bad.err.starts_with("`nonsense` is no command"), "{bad:?}");
    }
}

#[test]
fn arguments_arrive_as_they_are() {
    let mut agent = agent();
    for argument in [
        "plain",
        "with space",
        "",
        r#"a "quoted" word"#,
        r"ends with \",
        r#"back\\slashes\" and quotes""#,
        "tab\there",
        "größe 日本",
        "%PATH% & ^",
    ] {
        let told = run(&mut agent.port, &ours(&[argument]));
        let expected = format!("`{argument}` is no command");
        assert!(told.err.starts_with(&expected), "{argument}: {told:?}");
    }
}

#[test]
fn what_is_captured_can_be_chosen_but_not_merged() {
    let mut agent = agent();
    let lines = ["@echo out", "@echo err 1>&2"];
    let path = batch(&agent, "both.cmd", &lines);
    for (capture, out, err) in [
        (json!(false), "", ""),
        (json!(true), "out", "err"),
        (json!("none"), "", ""),
        (json!("stdout"), "out", ""),
        (json!("stderr"), "", "err"),
        (json!("separated"), "out", "err"),
    ] {
        let arguments = json!({"path": path, "capture-output": capture});
        let pid = started(&mut agent.port, arguments);
        let told = ended(&mut agent.port, pid);
        assert_eq!((told.out.trim(), told.err.trim()), (out, err), "{capture}");
    }
    let merged = json!({"path": path, "capture-output": "merged"});
    let error = agent.port.refusal("guest-exec", merged);
    assert_eq!(error.class, "GenericError");
}

/// Our program logs what it reads.
#[test]
fn a_program_reads_what_the_host_sends_and_then_the_end() {
    let mut agent = agent();
    let mut exec = ours(&["scripts", "forward-output", "startup", "read", "test"]);
    for input in ["", "a line\r\n", "one\ntwo", "größe\n"] {
        exec.input = input.into();
        let told = run(&mut agent.port, &exec);
        let lines: Vec<_> = input.lines().map(|line| format!("read: {line}")).collect();
        assert_eq!(told.out.lines().collect::<Vec<_>>(), lines, "{told:?}");
    }
}

#[test]
fn much_input_and_output_at_once_block_nothing() {
    let mut agent = agent();
    let mut exec = ours(&["scripts", "forward-output", "startup", "read", "test"]);
    // Lines that are longer than what is logged at once are cut, and nothing is lost.
    exec.input = vec![b'x'; 1 << 20];
    let told = run(&mut agent.port, &exec);
    assert_eq!(told.out.matches('x').count(), 1 << 20);
}

#[test]
fn a_program_that_reads_nothing_ends_though_it_is_sent_much() {
    let mut agent = agent();
    let mut exec = ours(&["--version"]);
    exec.input = vec![b'x'; 4 << 20];
    let told = run(&mut agent.port, &exec);
    assert_eq!(told.code, 0);
    assert_eq!(agent.port.ask("guest-ping", json!({})), json!({}));
}

#[test]
fn a_program_has_the_environment_that_it_is_given() {
    let mut agent = agent();
    let lines = ["@echo off", "echo %GREETING%, %NUMBER_OF_PROCESSORS%."];
    let path = batch(&agent, "environment.cmd", &lines);
    let mut exec = program(&path, &[]);
    let inherited = run(&mut agent.port, &exec).out;
    assert!(!inherited.contains("hello"), "{inherited}");
    let root = std::env::var("SystemRoot").unwrap_or_default();
    exec.environment = Some(vec![
        "GREETING=hello = you".to_owned(),
        "GREETING=not this one".to_owned(),
        "NUMBER_OF_PROCESSORS=many".to_owned(),
        format!("SystemRoot={root}"),
    ]);
    let told = run(&mut agent.port, &exec);
    assert_eq!(told.out.trim(), "hello = you, many.");
}

#[test]
fn a_program_is_found_in_the_search_path() {
    let mut agent = agent();
    let told = run(&mut agent.port, &program("cmd", &["/d", "/c", "exit", "5"]));
    assert_eq!(told.code, 5);
    let told = run(
        &mut agent.port,
        &program("cmd.exe", &["/d", "/c", "exit", "6"]),
    );
    assert_eq!(told.code, 6);
}

#[test]
fn exit_codes_of_32_bits_are_told_whole() {
    let mut agent = agent();
    for (word, code) in [("0", 0), ("255", 255), ("256", 256), ("70000", 70_000)] {
        let path = batch(&agent, "exits.cmd", &[&format!("@exit {word}")]);
        assert_eq!(run(&mut agent.port, &program(&path, &[])).code, code);
    }
}

#[test]
fn what_is_no_program_is_refused() {
    let mut agent = agent();
    let text = agent.path("text.txt");
    fs::write(&text, "no program").unwrap();
    let folder = agent.path("");
    for path in [
        r"C:\no\such\program.exe",
        "no-such-program",
        "",
        text.to_str().unwrap(),
        folder.to_str().unwrap(),
    ] {
        let error = agent.port.refusal("guest-exec", json!({"path": path}));
        assert_eq!(error.class, "GenericError", "{path}: {error}");
        assert!(
            !error.desc.is_empty() && !error.desc.contains('\n'),
            "{error:?}"
        );
    }
    let error = agent
        .port
        .refusal("guest-exec-status", json!({"pid": 4_000_000}));
    assert_eq!(error.class, "GenericError");
}

#[test]
fn much_output_is_kept_whole() {
    let mut agent = agent();
    let lines = [
        "@echo off",
        "for /L %%i in (1,1,3000) do echo line %%i of a program that prints much",
    ];
    let path = batch(&agent, "much.cmd", &lines);
    let told = run(&mut agent.port, &program(&path, &[]));
    assert_eq!(told.out.lines().count(), 3000);
    assert_eq!(
        told.out.lines().last(),
        Some("line 3000 of a program that prints much")
    );
}

#[test]
fn several_programs_run_at_once() {
    let mut agent = agent();
    let port = &mut agent.port;
    let ids: Vec<i64> = (0..8)
        .map(|_| started(port, ours(&["--version"]).command().arguments))
        .collect();
    let mut distinct = ids.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), ids.len());
    for pid in ids {
        assert_eq!(ended(port, pid).code, 0);
    }
}

#[test]
fn a_batch_file_gets_its_arguments() {
    let mut agent = agent();
    let path = batch(&agent, "has space.bat", &["@echo off", "echo [%~1] [%~2]"]);
    let told = run(&mut agent.port, &program(&path, &["plain", "with space"]));
    assert_eq!((told.code, told.out.trim()), (0, "[plain] [with space]"));
}

/// Whatever the shell of Windows would make of them: they are words, or the call is refused.
#[test]
fn arguments_of_a_batch_file_are_never_commands() {
    let mut agent = agent();
    let path = batch(&agent, "args.bat", &["@echo off", "echo [%1]"]);
    let mark = agent.path("mark");
    let inject = "echo x>mark";
    // As a command it would be seen.
    let command = batch(&agent, "command.bat", &[inject]);
    run(&mut agent.port, &program(&command, &[]));
    fs::remove_file(&mark).unwrap();
    let mut ran = 0;
    for hostile in [
        format!("&{inject}"),
        format!("\"&{inject}&\""),
        format!("a\" & {inject} & rem \""),
        format!("a\\\" & {inject} & rem"),
        format!("^&{inject}"),
        format!("^\"&{inject}"),
        format!("|{inject}"),
        format!("%ComSpec:~0,0%&{inject}"),
        format!("%CMDCMDLINE:~-1%&{inject}"),
        format!("a\r\n{inject}"),
        format!("a\n{inject}"),
        format!(") & ({inject}"),
    ] {
        let exec = program(&path, &[&hostile]);
        match agent.port.answer("guest-exec", exec.command().arguments) {
            Answer::Error(error) => assert_eq!(error.class, "GenericError"),
            Answer::Return(result) => {
                ended(
                    &mut agent.port,
                    ExecStarted::from_result(result).unwrap().pid,
                );
                ran += 1;
            }
        }
        assert!(!mark.exists(), "{hostile:?} is a command");
    }
    assert!(ran > 0, "nothing was tried");
}

#[test]
fn wrapped_base64_is_read() {
    let mut agent = agent();
    let lines = ["@echo off", "set /p ONE=", "echo %ONE%."];
    let path = batch(&agent, "reads.bat", &lines);
    let encoded = STANDARD.encode("a line that is long enough to be wrapped\r\n");
    let (first, second) = encoded.split_at(24);
    let wrapped =
        json!({"path": path, "capture-output": true, "input-data": format!("{first}\n{second}\n")});
    let pid = started(&mut agent.port, wrapped);
    let told = ended(&mut agent.port, pid);
    assert_eq!(told.out.trim(), "a line that is long enough to be wrapped.");
}
