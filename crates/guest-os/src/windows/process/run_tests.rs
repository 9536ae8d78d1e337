use super::super::helper_tests::{LONG, gate, is_held, line, wait_until};
use super::*;

/// As `cmd` runs it.
fn shell(script: &str, stdin: &[u8]) -> Finished {
    run(Path::new("cmd"), &["/d", "/c", script], stdin, LONG).expect("a script that ends")
}

#[test]
fn status_and_output_come_back() {
    let finished = shell("echo out&echo err>&2&exit 3", b"");
    assert_eq!(finished.status.code(), Some(3));
    assert_eq!(finished.output, b"out\r\nerr\r\n");
    assert_eq!(finished.words(), "out err");
    assert_eq!(finished.complaint(), "exit code: 3: out err");
}

#[test]
fn more_input_and_output_than_pipes_hold_pass_at_once() {
    let input = vec![b'x'; 1 << 20];
    let counted = shell(&line("count"), &input);
    assert!(counted.words().contains("count=1048576"), "{counted:?}");
    let printed = shell(&line("print"), b"");
    assert!(printed.status.success());
    assert_eq!(printed.output.len(), OUTPUT_LIMIT);
}

#[test]
fn a_helper_that_does_not_read_its_input_still_ends() {
    assert!(shell("exit 0", &vec![b'x'; 1 << 20]).status.success());
}

#[test]
fn a_background_child_that_keeps_the_output_open_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("proof");
    let finished = shell(&line(&format!("parent {}", file.display())), b"");
    assert!(finished.words().contains("parent"), "{finished:?}");
    std::fs::write(gate(&file), "").unwrap();
    wait_until(|| file.exists());
}

#[test]
fn what_is_killed_is_killed_with_what_it_has_started() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("held");
    let script = line(&format!("sleep {}", file.display()));
    // The helper is the child of a shell.
    let helper = Helper::start(Path::new("cmd"), &["/d", "/c", &script], b"").unwrap();
    wait_until(|| is_held(&file));
    helper.kill();
    wait_until(|| !is_held(&file));
}

#[test]
fn at_the_deadline_it_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("held");
    let script = line(&format!("sleep {}", file.display()));
    let late = run(
        Path::new("cmd"),
        &["/d", "/c", &script],
        b"",
        Duration::from_millis(500),
    );
    let error = late.expect_err("a helper that does not end");
    assert!(error.to_string().contains("did not end within 0.5 s"));
    assert!(matches!(error, Error::Os { source, .. } if source.kind() == ErrorKind::TimedOut));
    wait_until(|| !is_held(&file));
}

#[test]
fn a_program_that_does_not_exist_is_told_as_such() {
    for name in ["no-such-program", r"C:\no\such\program.exe"] {
        let none: [&str; 0] = [];
        let error = run(Path::new(name), &none, b"", LONG).expect_err("no program");
        assert!(matches!(error, Error::Os { source, .. } if source.kind() == ErrorKind::NotFound));
    }
}
