//! Ports that are closed, silent, or something else.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lifecycle::ports::{GuestShell, Privilege, ShellError};
use ssh::{SshShell, Target};

use crate::sshd::{Judge, LIMIT, Sshd, free_port, run};

async fn error_of(target: Target, deadline: Duration) -> ShellError {
    let shell = SshShell::new(target, Arc::new(Judge::trusting()));
    shell
        .run("true", Privilege::Login, LIMIT, deadline)
        .await
        .unwrap_err()
}

fn target(host: &str, port: u16) -> Target {
    Target {
        port,
        use_agent: false,
        ..Target::new(host, "root")
    }
}

/// A listener that says `greeting` to whoever connects and then waits.
fn listener(greeting: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        while let Ok((mut socket, _)) = listener.accept() {
            std::thread::spawn(move || {
                let _ = socket.write_all(greeting);
                let _ = socket.read_to_end(&mut Vec::new());
            });
        }
    });
    port
}

#[tokio::test]
async fn a_port_that_accepts_and_says_nothing_is_no_handshake() {
    let deadline = Duration::from_millis(700);
    let started = Instant::now();
    let error = error_of(target("127.0.0.1", listener(b"")), deadline).await;
    assert_eq!(
        error,
        ShellError::TimedOut {
            phase: "handshake",
            after: deadline
        }
    );
    assert!(started.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn the_login_has_a_deadline_of_its_own() {
    let login_timeout = Duration::from_millis(300);
    let target = Target {
        login_timeout,
        ..target("127.0.0.1", listener(b"SSH-2.0-x\r\n"))
    };
    let error = error_of(target, Duration::from_secs(30)).await;
    assert_eq!(
        error,
        ShellError::TimedOut {
            phase: "handshake",
            after: login_timeout
        }
    );
}

#[tokio::test]
async fn what_is_not_ssh_is_unreachable() {
    static NOISE: [u8; 100_000] = [0xff; 100_000];
    for greeting in [
        &NOISE[..],
        b"SSH-2.0-x\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
    ] {
        let target = target("127.0.0.1", listener(greeting));
        let error = error_of(target, Duration::from_secs(10)).await;
        assert!(matches!(error, ShellError::Unreachable(_)), "{error:?}");
    }
}

#[tokio::test]
async fn a_closed_port_is_refused_at_once() {
    let error = error_of(target("127.0.0.1", free_port()), Duration::from_secs(10)).await;
    let wanted = "connection refused";
    assert!(
        matches!(&error, ShellError::Unreachable(m) if m.contains(wanted)),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_told_as_such() {
    let error = error_of(target("no-such-host.invalid", 22), Duration::from_secs(30)).await;
    let wanted = "no-such-host.invalid:22 cannot be reached: the name was not found";
    assert!(
        matches!(&error, ShellError::Unreachable(m) if m.contains(wanted)),
        "{error:?}"
    );
}

#[tokio::test]
async fn every_address_of_a_name_is_tried() {
    // localhost is ::1 and 127.0.0.1 or only one of them; sshd listens on the latter.
    let sshd = Sshd::start();
    let target = Target {
        host: "localhost".to_owned(),
        ..sshd.target()
    };
    let shell = SshShell::new(target, Arc::new(Judge::trusting()));
    assert_eq!(run(&shell, "echo here").await.unwrap().stdout, b"here\n");
}
