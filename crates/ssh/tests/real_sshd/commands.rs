//! What a script prints and how it ends.

use std::time::{Duration, Instant};

use lifecycle::ports::{GuestShell, Privilege, ShellError};

use crate::sshd::{LIMIT, LONG, Sshd, run};

#[tokio::test]
async fn a_script_runs_and_its_streams_and_status_come_back() {
    let sshd = Sshd::start();
    let output = run(&sshd.shell(), "echo out; echo err >&2; exit 7")
        .await
        .unwrap();
    assert_eq!(output.stdout, b"out\n");
    assert_eq!(output.stderr, b"err\n");
    assert_eq!((output.status, output.truncated), (7, false));
}

#[tokio::test]
async fn root_privilege_needs_nothing_more_as_root() {
    let sshd = Sshd::start();
    if !crate::sshd::is_root() {
        return;
    }
    let output = sshd
        .shell()
        .run("id -u", Privilege::Root, LIMIT, LONG)
        .await
        .unwrap();
    assert_eq!(output.stdout, b"0\n");
}

#[tokio::test]
async fn a_signal_is_128_and_its_number() {
    let sshd = Sshd::start();
    let shell = sshd.shell();
    for (signal, status) in [("TERM", 143), ("KILL", 137), ("SEGV", 139)] {
        let output = run(&shell, &format!("kill -{signal} $$; sleep 5"))
            .await
            .unwrap();
        assert_eq!(output.status, status, "{signal}");
    }
}

#[tokio::test]
async fn a_long_script_with_any_bytes_arrives_whole() {
    let sshd = Sshd::start();
    let line = "# ünïcode 'quotes' \"and\" $dollars `ticks`\n";
    let script = format!("{}echo arrived", line.repeat(20_000));
    let output = run(&sshd.shell(), &script).await.unwrap();
    assert_eq!(output.stdout, b"arrived\n");
}

#[tokio::test]
async fn a_script_that_ends_before_it_is_read_does_not_hold_us_up() {
    let sshd = Sshd::start();
    let script = format!("exit 3\n{}", "# never read\n".repeat(400_000));
    assert_eq!(run(&sshd.shell(), &script).await.unwrap().status, 3);
}

#[tokio::test]
async fn a_little_too_much_output_is_cut_and_the_script_ends_by_itself() {
    let sshd = Sshd::start();
    let script = "head -c 300000 /dev/zero; echo done >&2; exit 5";
    let output = run(&sshd.shell(), script).await.unwrap();
    assert_eq!(output.stdout.len(), LIMIT);
    assert_eq!(output.stderr, b"done\n");
    assert_eq!((output.status, output.truncated), (5, true));
}

#[tokio::test]
async fn a_gigabyte_of_output_is_abandoned_in_little_memory() {
    let sshd = Sshd::start();
    let shell = sshd.shell();
    let started = Instant::now();
    let output = run(&shell, "yes | head -c 1000000000").await.unwrap();
    assert_eq!(output.stdout.len(), LIMIT);
    assert_eq!((output.status, output.truncated), (141, true));
    assert!(
        started.elapsed() < Duration::from_secs(10),
        "{:?}",
        started.elapsed()
    );
    let peak = peak_memory_kb();
    assert!(peak < 200_000, "{peak} kB at peak");
    assert_eq!(
        run(&shell, "echo still here").await.unwrap().stdout,
        b"still here\n"
    );
    assert_eq!(sshd.logins(), 1, "the connection is kept");
}

fn peak_memory_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn the_deadline_ends_a_command_that_does_not() {
    let sshd = Sshd::start();
    let shell = sshd.shell();
    run(&shell, "true").await.unwrap();
    let started = Instant::now();
    let deadline = Duration::from_secs(1);
    let error = shell
        .run("sleep 20", Privilege::Login, LIMIT, deadline)
        .await
        .unwrap_err();
    assert_eq!(
        error,
        ShellError::TimedOut {
            phase: "command",
            after: deadline
        }
    );
    assert!(started.elapsed() < Duration::from_secs(3));
    assert_eq!(run(&shell, "echo next").await.unwrap().stdout, b"next\n");
}

#[tokio::test]
async fn something_left_in_the_background_does_not_hold_us_up() {
    let sshd = Sshd::start();
    let started = Instant::now();
    let output = run(&sshd.shell(), "echo before; sleep 20 & exit 4")
        .await
        .unwrap();
    assert_eq!((output.status, output.stdout), (4, b"before\n".to_vec()));
    assert!(
        started.elapsed() < Duration::from_secs(10),
        "{:?}",
        started.elapsed()
    );
}

#[tokio::test]
async fn a_server_that_opens_no_session_is_told_apart() {
    let sshd = Sshd::with("MaxSessions 0\n");
    let error = run(&sshd.shell(), "echo hello").await.unwrap_err();
    assert!(
        matches!(&error, ShellError::NotAllowed(m) if m.contains("MaxSessions")),
        "{error:?}"
    );
}
