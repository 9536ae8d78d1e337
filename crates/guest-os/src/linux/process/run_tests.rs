use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use super::*;

const SHELL: &str = "/bin/sh";
const PLENTY: Duration = Duration::from_secs(60);

fn shell(script: &str, stdin: &[u8]) -> Finished {
    run(Path::new(SHELL), &["-c", script], stdin, PLENTY).expect("a script that ends")
}

/// An executable script `name` in `directory`.
pub(in crate::linux) fn script(directory: &Path, name: &str, body: &str) -> PathBuf {
    let path = directory.join(name);
    // Written by a child: a file that this process has open for writing can pass into the child
    // of another test, and is then busy and not executable.
    let text = format!("#!/bin/sh\n{body}\n");
    let file = path.to_str().expect("a plain path");
    let finished = run(
        Path::new(SHELL),
        &["-c", "cat >\"$0\"", file],
        text.as_bytes(),
        PLENTY,
    );
    assert!(finished.expect("a shell").status.success());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a file");
    path
}

#[test]
fn status_and_output_come_back() {
    let finished = shell("echo out; echo err >&2; exit 3", b"");
    assert_eq!(finished.status.code(), Some(3));
    assert_eq!(finished.output, b"out\nerr\n");
    assert_eq!(finished.words(), "out err");
    assert_eq!(finished.complaint(), "exit status: 3: out err");
    assert_eq!(shell("kill -9 $$", b"").complaint(), "signal: 9 (SIGKILL)");
}

#[test]
fn more_input_and_output_than_pipes_hold_pass_at_once() {
    let input = vec![b'x'; 1 << 20];
    let finished = shell("cat", &input);
    assert!(finished.status.success());
    assert_eq!(finished.output, &input[..OUTPUT_LIMIT]);
}

#[test]
fn a_helper_that_does_not_read_its_input_still_ends() {
    let finished = shell("exit 0", &vec![b'x'; 1 << 20]);
    assert!(finished.status.success());
}

#[test]
fn a_background_child_that_keeps_the_output_open_is_not_waited_for() {
    let start = Instant::now();
    let finished = shell("sleep 30 & echo $!", b"");
    assert!(start.elapsed() < Duration::from_secs(20));
    let sleeper: i32 = finished.words().parse().expect("the sleeper's pid");
    let pid = Pid::from_raw(sleeper).expect("a pid");
    rustix::process::kill_process(pid, Signal::KILL).expect("a process of this test");
}

#[test]
fn at_the_deadline_the_group_is_killed_and_no_zombie_stays() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("pids");
    // The second shell is a grandchild in the same group.
    let script = format!(
        "sh -c 'echo $$ >>{0}; sleep 60' & echo $$ >>{0}; wait",
        file.display()
    );
    let error = run(
        Path::new(SHELL),
        &["-c", &script],
        b"",
        Duration::from_millis(500),
    )
    .expect_err("a script that does not end");
    assert!(error.to_string().contains("did not end within 0.5 s"));
    let pids = fs::read_to_string(&file).expect("written by the script");
    assert_eq!(pids.lines().count(), 2);
    for pid in pids.lines() {
        let ended = Instant::now() + Duration::from_secs(10);
        while alive(pid) {
            assert!(Instant::now() < ended, "{pid} still runs");
            thread::yield_now();
        }
    }
}

/// Whether a process runs. A grandchild is init's to reap: its zombie counts as ended.
fn alive(pid: &str) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat.contains(") Z ") && !stat.contains(") X "))
}

#[test]
fn endless_output_does_not_outlast_the_deadline() {
    let error = run(
        Path::new(SHELL),
        &["-c", "exec cat /dev/zero"],
        b"",
        Duration::from_millis(200),
    )
    .expect_err("a helper that does not end");
    assert!(matches!(error, Error::Os { source, .. } if source.kind() == ErrorKind::TimedOut));
}

#[test]
fn a_program_that_does_not_exist_is_told_as_such() {
    let none: [&str; 0] = [];
    let error = run(Path::new("/no/such/program"), &none, b"", PLENTY).expect_err("no program");
    assert!(matches!(error, Error::Os { source, .. } if source.kind() == ErrorKind::NotFound));
}

#[test]
fn without_pidfds_the_end_is_seen_as_well() {
    let mut helper =
        Helper::start(Path::new(SHELL), &["-c", "exec >&- 2>&-; exit 4"], b"").expect("a shell");
    helper.end = None;
    let finished = helper
        .finish_before(Instant::now() + PLENTY)
        .expect("a script that ends");
    assert_eq!(finished.status.code(), Some(4));
}
