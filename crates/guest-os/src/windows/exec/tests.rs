use std::fs;
use std::sync::mpsc::{Receiver, channel};

use qga::results::exec::Exit;

use super::*;
use crate::windows::process::helper_tests::{
    EXCEPTION, LONG, environment, gate, program, wait_until,
};

#[test]
fn output_and_exit_code_are_kept() {
    let (pid, told) = started(&shell("echo out&echo err>&2&exit 3")).unwrap();
    assert!(pid > 0);
    let ended = told.recv_timeout(LONG).unwrap();
    assert_eq!(ended.exit, Exit::Code(3));
    assert_eq!(printed(&ended), ("out\r\n", "err\r\n"));
    assert!(!ended.out_truncated && !ended.err_truncated);
}

#[test]
fn only_the_captured_streams_are_kept() {
    for (capture, stdout, stderr) in [
        (Capture::None, "", ""),
        (Capture::Stdout, "out\r\n", ""),
        (Capture::Stderr, "", "err\r\n"),
        (Capture::Separated, "out\r\n", "err\r\n"),
    ] {
        let call = ExecCall {
            capture,
            ..shell("echo out&echo err>&2")
        };
        let ended = run(&call);
        assert_eq!(printed(&ended), (stdout, stderr), "{capture:?}");
        assert_eq!(ended.exit, Exit::Code(0));
    }
    let merged = ExecCall {
        capture: Capture::Merged,
        ..shell("echo out")
    };
    let refused = started(&merged).unwrap_err().to_string();
    assert!(refused.starts_with("this feature or command is not currently supported"));
}

#[test]
fn the_result_does_not_wait_for_a_background_child_and_the_child_lives_on() {
    let folder = tempfile::tempdir().unwrap();
    let proof = folder.path().join("proof");
    let ended = run(&helper(&format!("parent {}", proof.display())));
    assert_eq!(ended.exit, Exit::Code(0));
    assert!(printed(&ended).0.contains("parent\n"), "{ended:?}");
    fs::write(gate(&proof), "").unwrap();
    wait_until(|| proof.exists());
}

#[test]
fn of_a_long_output_the_beginning_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("long");
    fs::write(&file, vec![b'x'; KEPT_BYTES + 100_000]).unwrap();
    let ended = run(&shell(&format!("type {}", file.display())));
    assert_eq!(ended.exit, Exit::Code(0));
    assert_eq!(ended.stdout.len(), KEPT_BYTES);
    assert!(ended.out_truncated && !ended.err_truncated);
}

#[test]
fn what_is_printed_right_before_the_end_is_kept_whole() {
    for _ in 0..10 {
        let ended = run(&helper("print"));
        let printed = ended.stdout.iter().filter(|byte| **byte == b'x').count();
        // The test that the helper is prints a few words of its own.
        assert!((1 << 20..1 << 20 | 1 << 10).contains(&printed), "{printed}");
    }
}

#[test]
fn an_exception_ends_it_as_a_signal() {
    let ended = run(&helper("fault"));
    let exception = EXCEPTION.cast_signed().into();
    assert_eq!(ended.exit, Exit::Signal(exception));
}

#[test]
fn input_is_read_to_its_end() {
    for (input, expected) in [
        (None, "count=0\n"),
        (Some(Vec::new()), "count=0\n"),
        (Some(b"hello".to_vec()), "count=5\n"),
        (Some(vec![b'x'; 3_000_000]), "count=3000000\n"),
    ] {
        let call = ExecCall {
            input,
            capture: Capture::Stdout,
            ..helper("count")
        };
        let ended = run(&call);
        assert!(printed(&ended).0.ends_with(expected), "{ended:?}");
    }
    // Nobody reads it: that is no error.
    let unread = ExecCall {
        input: Some(vec![b'x'; 3_000_000]),
        ..shell("echo unread")
    };
    assert_eq!(printed(&run(&unread)).0, "unread\r\n");
}

#[test]
fn what_cannot_be_executed_is_said_in_the_words_of_the_reference() {
    for path in [r"C:\no\such\program.exe", "no-such-program", ""] {
        let refused = started(&call(path, &[])).unwrap_err().to_string();
        let expected = format!("Failed to execute child process “{path}” (");
        assert!(refused.starts_with(&expected), "{refused}");
    }
}

#[test]
fn the_environment_is_the_given_one_or_the_agents_own() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path().display().to_string();
    fs::write(folder.path().join("hospes-said.bat"), "@echo said %A%\r\n").unwrap();
    let own = run(&shell("echo %PATH%"));
    assert!(printed(&own).0.to_lowercase().contains("system32"));
    let with = |environment: &[&str], call: ExecCall| ExecCall {
        environment: Some(environment.iter().map(ToString::to_string).collect()),
        ..call
    };
    let list = with(&["A=1", "b=x=y", "a=2", "NAME_ONLY"], shell("set"));
    let list = run(&list);
    let lines: Vec<_> = printed(&list).0.lines().collect();
    for (variable, is_there) in [("A=1", true), ("b=x=y", true), ("a=2", false)] {
        assert_eq!(lines.contains(&variable), is_there, "{variable} {lines:?}");
    }
    let is_ours = |line: &&str| line.starts_with("USERNAME=");
    assert!(!lines.iter().any(is_ours), "{lines:?}");
    // The given PATH is the one that is searched.
    let path = format!("Path={here}");
    let said = run(&with(&[&path, "A=1"], call("hospes-said", &[])));
    assert_eq!(printed(&said).0, "said 1\r\n");
    assert!(started(&call("hospes-said", &[])).is_err());
}

#[test]
fn a_batch_file_runs_with_its_arguments_and_none_is_a_command() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("a b");
    fs::create_dir(&place).unwrap();
    let file = place.join("script.bat");
    fs::write(&file, "@echo 1=%~1\r\n@echo 2=%~2\r\n@exit /b 5\r\n").unwrap();
    let ended = run(&call(file.to_str().unwrap(), &["x&echo injected", "y z"]));
    assert_eq!(ended.exit, Exit::Code(5));
    let printed = printed(&ended).0;
    assert!(printed.contains("2=y z"), "{printed}");
    assert!(!printed.lines().any(|line| line.starts_with("injected\"")));
    let refused = started(&call(file.to_str().unwrap(), &["\"&calc"])).unwrap_err();
    assert!(refused.to_string().contains("percent sign"), "{refused}");
}

#[test]
fn twenty_run_at_once() {
    let told: Vec<_> = (0..20)
        .map(|number| started(&shell(&format!("echo {number}&exit {number}"))).unwrap())
        .collect();
    for (number, (_, told)) in told.into_iter().enumerate() {
        let ended = told.recv_timeout(LONG).unwrap();
        assert_eq!(ended.exit, Exit::Code(number as i64));
        assert_eq!(printed(&ended).0, format!("{number}\r\n"));
    }
}

fn call(path: &str, arguments: &[&str]) -> ExecCall {
    ExecCall {
        path: path.into(),
        arguments: arguments.iter().map(ToString::to_string).collect(),
        environment: None,
        input: None,
        capture: Capture::Separated,
    }
}

fn shell(script: &str) -> ExecCall {
    call("cmd", &["/d", "/c", script])
}

fn helper(told: &str) -> ExecCall {
    let (path, arguments) = program();
    ExecCall {
        environment: Some(environment(told)),
        arguments,
        ..call(&path, &[])
    }
}

fn started(call: &ExecCall) -> Result<(i64, Receiver<Ended>)> {
    let (tell, told) = channel();
    let pid = spawn(call, move |ended| {
        let _ = tell.send(ended);
    })?;
    Ok((pid, told))
}

fn run(call: &ExecCall) -> Ended {
    let (_, told) = started(call).unwrap();
    told.recv_timeout(LONG).unwrap()
}

fn printed(ended: &Ended) -> (&str, &str) {
    let text = |bytes| std::str::from_utf8(bytes).unwrap();
    (text(&ended.stdout), text(&ended.stderr))
}
