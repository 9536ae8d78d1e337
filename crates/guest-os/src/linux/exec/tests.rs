use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use qga::results::exec::Exit;
use qga::{Capture, ExecCall};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{CWD, FileType, mknodat};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::process::{EndSignal, waiter};
use super::*;

/// Of pidfds, and of the thread that stands for them on old kernels.
const SIGNALS: [EndSignal; 2] = [end_signal, waiter];

#[test]
fn output_and_exit_code_are_kept() {
    for end_signal in SIGNALS {
        let (pid, told) = started(&shell("echo out; echo err >&2; exit 3"), end_signal).unwrap();
        assert!(pid > 1);
        let ended = told.recv_timeout(LONG).unwrap();
        assert_eq!(ended.exit, Exit::Code(3));
        assert_eq!(printed(&ended), ("out\n", "err\n"));
        assert!(!ended.out_truncated && !ended.err_truncated);
    }
}

#[test]
fn only_the_captured_streams_are_kept() {
    for (capture, stdout, stderr) in [
        (Capture::None, "", ""),
        (Capture::Stdout, "out\n", ""),
        (Capture::Stderr, "", "err\n"),
        (Capture::Separated, "out\n", "err\n"),
        (Capture::Merged, "out\nerr\n", ""),
    ] {
        let call = ExecCall {
            capture,
            ..shell("echo out; echo err >&2")
        };
        let ended = run(&call);
        assert_eq!(printed(&ended), (stdout, stderr), "{capture:?}");
        assert_eq!(ended.exit, Exit::Code(0));
    }
}

#[test]
fn merged_streams_keep_their_order() {
    let call = ExecCall {
        capture: Capture::Merged,
        ..shell("for i in 1 2 3 4 5 6 7 8 9; do echo o$i; echo e$i >&2; done")
    };
    let expected: String = (1..=9).map(|i| format!("o{i}\ne{i}\n")).collect();
    assert_eq!(printed(&run(&call)).0, expected);
}

#[test]
fn the_result_does_not_wait_for_a_background_child_and_the_child_lives_on() {
    for end_signal in SIGNALS {
        let (gate, proof) = (Fifo::new(), Fifo::new());
        let script = format!(
            "(read line < {gate}; echo late; echo late >&2; echo lives > {proof}) & echo parent",
            gate = gate.path(),
            proof = proof.path(),
        );
        let (_, told) = started(&shell(&script), end_signal).unwrap();
        let ended = told.recv_timeout(LONG).unwrap();
        assert_eq!(ended.exit, Exit::Code(0));
        assert_eq!(printed(&ended), ("parent\n", ""));
        gate.put("go\n");
        assert_eq!(proof.take(), "lives\n");
    }
}

#[test]
fn a_background_child_that_prints_for_ever_does_not_hold_the_result_back() {
    let ended = run(&shell("yes & echo $! >&2"));
    let child = printed(&ended).1.trim().parse().unwrap();
    assert!(ended.stdout.len() < KEPT_BYTES);
    kill_process(Pid::from_raw(child).unwrap(), Signal::KILL).unwrap();
}

#[test]
fn of_a_long_output_the_beginning_is_kept() {
    let ended = run(&shell(
        "head -c 20971520 /dev/zero; head -c 16777216 /dev/zero >&2; echo x",
    ));
    assert_eq!(ended.exit, Exit::Code(0));
    assert_eq!(ended.stdout.len(), KEPT_BYTES);
    assert!(ended.stdout.iter().all(|byte| *byte == 0));
    assert!(ended.out_truncated);
    assert_eq!(ended.stderr.len(), KEPT_BYTES);
    assert!(!ended.err_truncated, "all of it was kept");
}

#[test]
fn a_signal_ends_it_with_its_number() {
    let (pid, told) = started(&shell("kill -9 $$"), end_signal).unwrap();
    let ended = told.recv_timeout(LONG).unwrap();
    assert_eq!(ended.exit, Exit::Signal(9));
    let gone = format!("/proc/{pid}");
    assert!(!PathBuf::from(gone).exists(), "it is reaped");
}

#[test]
fn input_is_read_to_its_end() {
    for (input, script, expected) in [
        (None, "wc -c", "0\n"),
        (Some(Vec::new()), "wc -c", "0\n"),
        (Some(b"hello".to_vec()), "cat", "hello"),
        (Some(vec![b'x'; 3_000_000]), "wc -c", "3000000\n"),
        // Nobody reads it: that is no error, and nobody is killed by SIGPIPE.
        (Some(vec![b'x'; 3_000_000]), "exec <&-; echo on", "on\n"),
    ] {
        let call = ExecCall {
            input,
            capture: Capture::Stdout,
            ..shell(script)
        };
        let ended = run(&call);
        assert_eq!(printed(&ended).0.trim_start(), expected);
        assert_eq!(ended.exit, Exit::Code(0));
    }
}

#[test]
fn input_reaches_a_background_child_after_its_parent_has_ended() {
    let (gate, proof) = (Fifo::new(), Fifo::new());
    let call = ExecCall {
        input: Some(vec![b'x'; 1_000_000]),
        capture: Capture::None,
        ..shell(&format!(
            "exec 3<&0; (read line < {}; wc -c <&3 > {}) & true",
            gate.path(),
            proof.path()
        ))
    };
    assert_eq!(run(&call).exit, Exit::Code(0));
    gate.put("go\n");
    assert_eq!(proof.take().trim(), "1000000");
}

#[test]
fn what_cannot_be_executed_is_said_in_the_words_of_the_reference() {
    let folder = tempfile::tempdir().unwrap();
    let plain = folder.path().join("plain");
    File::create(&plain).unwrap();
    let missing = folder.path().join("missing").to_str().unwrap().to_owned();
    let (folder, plain) = (folder.path().to_str().unwrap(), plain.to_str().unwrap());
    for (path, reason) in [
        (missing.as_str(), "No such file or directory"),
        ("/dev/null/program", "Not a directory"),
        ("no-such-program-in-the-path", "No such file or directory"),
        ("", "No such file or directory"),
        (folder, "Permission denied"),
        (plain, "Permission denied"),
    ] {
        let call = ExecCall {
            environment: Some(vec!["PATH=/usr/bin:/bin".into()]),
            ..call(path, &[])
        };
        let refused = started(&call, end_signal).unwrap_err();
        assert_eq!(
            refused.to_string(),
            format!("Failed to execute child process “{path}” ({reason})")
        );
    }
}

#[test]
fn a_process_that_cannot_be_watched_is_killed_and_reaped() {
    let refused = started(&shell("read line"), |pid| {
        Err(std::io::Error::other(pid.to_string()))
    });
    let refused = refused.unwrap_err().to_string();
    let pid = refused
        .strip_prefix("failed to watch the process: ")
        .unwrap();
    assert!(!PathBuf::from(format!("/proc/{pid}")).exists());
}

#[test]
fn a_file_without_an_interpreter_is_a_shell_script() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("script");
    let path = script.to_str().unwrap();
    // Written by another process: this one forks in other threads, which would hold it open.
    let written = shell(&format!("echo 'echo $0 $1' > {path}; chmod 755 {path}"));
    assert_eq!(run(&written).exit, Exit::Code(0));
    assert_eq!(printed(&run(&call(path, &["a"]))).0, format!("{path} a\n"));
}

#[test]
fn the_environment_is_the_given_one_or_the_agents_own() {
    let own = run(&shell("echo ${PATH:+set}"));
    assert_eq!(printed(&own).0, "set\n");
    let with = |environment: &[&str]| ExecCall {
        environment: Some(environment.iter().map(ToString::to_string).collect()),
        ..call("env", &[])
    };
    for (environment, expected) in [
        (&["A=1", "B=x=y", "A=2"][..], "A=1\nB=x=y\n"),
        (&["NAME_ONLY", "A="], "A=\n"),
        (&[], ""),
    ] {
        assert_eq!(printed(&run(&with(environment))).0, expected);
    }
    // The given PATH is the one that is searched, as by the reference.
    let refused = started(&with(&["PATH=/dev/null"]), end_signal).unwrap_err();
    assert!(refused.to_string().contains("“env”"), "{refused}");
    let elsewhere = run(&with(&["PATH=/dev/null:/usr/bin:/bin"]));
    assert_eq!(elsewhere.exit, Exit::Code(0));
}

#[test]
fn a_program_knows_itself_by_the_name_it_was_called_by() {
    let ended = run(&call("sh", &["-c", "cat /proc/$$/cmdline"]));
    assert!(ended.stdout.starts_with(b"sh\0-c\0"));
}

const LONG: Duration = Duration::from_secs(60);

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
    call("/bin/sh", &["-c", script])
}

fn started(call: &ExecCall, end_signal: EndSignal) -> Result<(i64, Receiver<Ended>)> {
    let (tell, told) = channel();
    let pid = start(call, Group::Agents, end_signal, move |ended| {
        let _ = tell.send(ended);
    })?;
    Ok((pid, told))
}

fn run(call: &ExecCall) -> Ended {
    let (_, told) = started(call, end_signal).unwrap();
    told.recv_timeout(LONG).unwrap()
}

fn printed(ended: &Ended) -> (&str, &str) {
    let text = |bytes| std::str::from_utf8(bytes).unwrap();
    (text(&ended.stdout), text(&ended.stderr))
}

/// A named pipe between a test and its processes, open on this side as long as it exists, so
/// that opening it blocks nobody.
struct Fifo {
    file: File,
    folder: TempDir,
}

impl Fifo {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fifo");
        mknodat(CWD, &path, FileType::Fifo, 0o600.into(), 0).unwrap();
        let file = File::options().read(true).write(true).open(&path).unwrap();
        Self { file, folder }
    }

    fn path(&self) -> String {
        self.folder.path().join("fifo").to_str().unwrap().to_owned()
    }

    fn put(&self, text: &str) {
        (&self.file).write_all(text.as_bytes()).unwrap();
    }

    fn take(&self) -> String {
        let mut polled = [PollFd::from_borrowed_fd(self.file.as_fd(), PollFlags::IN)];
        let long = Timespec::try_from(LONG).unwrap();
        assert_eq!(poll(&mut polled, Some(&long)), Ok(1), "nothing was written");
        let mut bytes = [0; 4096];
        let count = (&self.file).read(&mut bytes).unwrap();
        String::from_utf8(bytes[..count].to_vec()).unwrap()
    }
}
