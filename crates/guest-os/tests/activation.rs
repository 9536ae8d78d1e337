//! Sockets that systemd listens on. Without a test harness: the variables name a process, and
//! that process has no thread but its first.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test stops at what it does not expect, and says what it found"
)]

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use guest_os::transport::{Received, activated};

const ROLE: &str = "HOSPES_TEST_IS_ACTIVATED";

fn main() -> ExitCode {
    if std::env::var_os(ROLE).is_some() {
        println!("{}", serve_one_client());
        return ExitCode::SUCCESS;
    }
    a_socket_is_taken_and_its_clients_are_served();
    what_is_not_for_us_or_of_no_use_is_not_taken();
    println!("activation: ok");
    ExitCode::SUCCESS
}

fn a_socket_is_taken_and_its_clients_are_served() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let socket = UnixListener::bind(&path).unwrap();
    // As of a unit with `NonBlocking=yes`.
    socket.set_nonblocking(true).unwrap();
    let service = start("$$", "1", socket.into());
    let mut client = UnixStream::connect(&path).unwrap();
    client
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    client.write_all(b"ping").unwrap();
    let mut answer = [0; 4];
    client.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"pong");
    assert_eq!(said(service), "Unix, variables left: 0");
}

fn what_is_not_for_us_or_of_no_use_is_not_taken() {
    let folder = tempfile::tempdir().unwrap();
    let unix = |name: &str| UnixListener::bind(folder.path().join(name)).unwrap().into();
    let null = File::open("/dev/null").unwrap().into();
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap().into();
    let (stream, _other) = UnixStream::pair().unwrap();
    let passed = "the descriptor passed by systemd";
    for (process, count, descriptor, expected) in [
        ("1", "1", unix("another's"), "none".into()),
        ("$$", "0", unix("none"), "none".into()),
        ("$$", "many", unix("nonsense"), "none".into()),
        (
            "$$",
            "2",
            unix("two"),
            "2 sockets were passed by systemd, one is expected".into(),
        ),
        ("$$", "1", null, format!("{passed} is no socket")),
        (
            "$$",
            "1",
            stream.into(),
            format!("{passed} is no listening socket"),
        ),
        (
            "$$",
            "1",
            tcp,
            format!("{passed} is neither a unix nor a vsock socket"),
        ),
    ] {
        assert_eq!(said(start(process, count, descriptor)), expected);
    }
}

/// This program again, as systemd would start it: the shell knows its process id and gives it
/// the descriptor's number.
fn start(process: &str, count: &str, descriptor: OwnedFd) -> Child {
    let script = format!(
        "LISTEN_PID={process} LISTEN_FDS={count} LISTEN_FDNAMES=a exec \"$0\" 3<&0 </dev/null"
    );
    Command::new("sh")
        .arg("-c")
        .arg(script)
        .arg(std::env::current_exe().unwrap())
        .env(ROLE, "1")
        .stdin(descriptor)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn said(service: Child) -> String {
    let output = service.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn serve_one_client() -> String {
    let listener = match activated() {
        Ok(Some(listener)) => listener,
        Ok(None) => return "none".into(),
        Err(error) => return error.to_string(),
    };
    let left = std::env::vars().filter(|(name, _)| name.starts_with("LISTEN_"));
    let left = left.count();
    let mut client = listener.accept().unwrap();
    assert_eq!(client.receive(&mut [0; 16]).unwrap(), Received::Bytes(4));
    client
        .sender()
        .send(b"pong", Duration::from_secs(60))
        .unwrap();
    format!("{:?}, variables left: {left}", listener.family())
}
