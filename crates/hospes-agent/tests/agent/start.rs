//! How QEMU's own test suite starts the agent, and what it expects.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::json;

use crate::agent;
use crate::support::{BLOCKED, Program, Running};

/// A program called `qga/qemu-ga` there, which is our agent by its name alone.
fn called_qemu_ga(dir: &Path) -> Program {
    fs::create_dir(dir.join("qga")).unwrap();
    let path = dir.join("qga/qemu-ga");
    symlink(env!("CARGO_BIN_EXE_hospes-agent"), &path).unwrap();
    Program::named(path)
}

fn ended(command: &mut Command) -> Output {
    command.output().unwrap()
}

#[test]
fn called_qemu_ga_it_serves_where_it_is_told_and_sigterm_ends_it_with_0() {
    let mut agent = Running::start_in(tempfile::tempdir().unwrap(), |dir| {
        let socket = dir.join("sock").display().to_string();
        let state = dir.display().to_string();
        let arguments = [
            "-m",
            "unix-listen",
            "-t",
            &state,
            "-p",
            &socket,
            "-v",
            "-b",
            BLOCKED,
        ];
        called_qemu_ga(dir).command(arguments)
    });
    let mut stream = agent.connect();
    assert_eq!(stream.ask("guest-ping", json!({})), json!({}));
    let cwd = fs::read_link(format!("/proc/{}/cwd", agent.pid())).unwrap();
    assert_eq!(cwd, agent.dir().canonicalize().unwrap(), "no chdir");
    assert_eq!(agent.terminate().code(), Some(0), "{}", agent.told());
}

#[test]
fn sigint_ends_it_too_and_a_socket_that_was_left_behind_is_taken_over() {
    let dir = tempfile::tempdir().unwrap();
    drop(UnixListener::bind(dir.path().join("sock")).unwrap());
    let mut agent = Running::start_in(dir, |dir| {
        let mut command = Program::ours().command(Running::arguments(dir));
        command.args(["-b", BLOCKED]);
        command
    });
    agent.connect().ask("guest-ping", json!({}));
    agent.signal("INT");
    assert_eq!(agent.ended().code(), Some(0), "{}", agent.told());
}

#[test]
fn the_os_release_file_is_named_by_the_environment() {
    let agent = Running::start_in(tempfile::tempdir().unwrap(), |dir| {
        let file = dir.join("os-release");
        let text = "ID=test-os\n# comment\nNAME='Test OS'\nPRETTY_NAME=\"Test \\\"OS\\\" \\$5 \\\\ \\`\"\n\
            VERSION=\"1 (one)\"\nVERSION_ID=1\nVARIANT=\"\"\nUNKNOWN=x\nno assignment\n";
        fs::write(&file, text).unwrap();
        let mut command = Program::ours().command(Running::arguments(dir));
        command
            .args(["-b", BLOCKED])
            .env_clear()
            .env("QGA_OS_RELEASE", file);
        command
    });
    let info = agent.connect().ask("guest-get-osinfo", json!({}));
    let told = |name: &str| info[name].as_str().unwrap_or("-").to_owned();
    assert_eq!(told("id"), "test-os");
    assert_eq!(told("name"), "Test OS");
    assert_eq!(told("pretty-name"), "Test \"OS\" $5 \\ `");
    assert_eq!(told("version"), "1 (one)");
    assert_eq!(told("version-id"), "1");
    assert_eq!(told("variant-id"), "-");
    assert_ne!(told("kernel-release"), "-");
    assert_ne!(told("machine"), "-");
}

#[test]
fn the_configuration_is_dumped_as_it_was_read_and_nothing_else_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let text = "[general]\ndaemon=false\nmethod=virtio-serial\npath=/path/to/org.qemu.guest_agent.0\n\
        pidfile=/var/foo/qemu-ga.pid\nstatedir=/var/state\nverbose=true\nretry-path=false\n\
        block-rpcs=guest-ping;guest-get-time\n";
    let file = dir.path().join("conf");
    fs::write(&file, text).unwrap();
    let mut command = called_qemu_ga(dir.path()).command(["-D"]);
    let output = ended(command.env_clear().env("QGA_CONF", &file));
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let dumped = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<_> = dumped
        .lines()
        .filter(|line| *line != "allow-rpcs=")
        .collect();
    assert_eq!(lines, text.lines().collect::<Vec<_>>());
}

#[test]
fn help_and_version_end_with_0_and_nonsense_with_1() {
    for (arguments, code) in [
        (&["--help"][..], 0),
        (&["-h"], 0),
        (&["--version"], 0),
        (&["-V"], 0),
        (&["-b", "help"], 0),
        (&["-a", "help"], 0),
        (&["--no-such-option"], 1),
        (&["-m"], 1),
    ] {
        let output = ended(&mut Program::ours().command(arguments));
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        if code == 0 {
            assert!(!output.stdout.is_empty(), "{arguments:?}");
            assert!(output.stderr.is_empty(), "{arguments:?}");
        }
    }
    let version = ended(&mut Program::ours().command(["--version"])).stdout;
    let version = String::from_utf8(version).unwrap();
    assert!(version.starts_with("QEMU Guest Agent "), "{version}");
}

/// `sh` gives the listening socket on as descriptor 3, as systemd does.
#[test]
fn a_socket_that_systemd_listens_on_is_served() {
    let dir = tempfile::tempdir().unwrap();
    let listener = UnixListener::bind(dir.path().join("sock")).unwrap();
    let mut agent = Running::start_in(dir, |dir| {
        let script = "exec 3<&0 0</dev/null; export LISTEN_FDS=1 LISTEN_PID=$$; exec \"$@\"";
        let mut command = Command::new("sh");
        command
            .args([
                "-c",
                script,
                "sh",
                env!("CARGO_BIN_EXE_hospes-agent"),
                "qemu-ga",
            ])
            .args(["-b", BLOCKED, "-t"])
            .arg(dir)
            .stdin(Stdio::from(std::os::fd::OwnedFd::from(listener)));
        command
    });
    let mut stream = agent.connect();
    assert_eq!(stream.ask("guest-sync", json!({"id": 5})), json!(5));
    let started = json!({"path": "/bin/sh", "arg": ["-c", "env"], "capture-output": true});
    let pid = stream.ask("guest-exec", started)["pid"].clone();
    let env = crate::programs::output(&mut stream, &pid);
    assert!(!env.contains("LISTEN_FDS"), "{env}");
    assert_eq!(agent.terminate().code(), Some(0));
}

#[test]
fn an_agent_that_was_killed_leaves_nothing_that_stops_the_next() {
    let mut first = agent();
    first.connect().ask("guest-ping", json!({}));
    first.signal("KILL");
    first.ended();
    let mut second = Program::ours().command(Running::arguments(first.dir()));
    let mut child = second.args(["-b", BLOCKED]).spawn().unwrap();
    let answer = first.connect().ask("guest-sync", json!({"id": 9}));
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(answer, json!(9));
}
