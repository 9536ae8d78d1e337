//! One connection a shell: kept, replaced when dead, gone when dropped.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lifecycle::ports::{GuestShell, Privilege, ShellError};
use ssh::{Hop, SshShell, Target};

use crate::forwarder::Forwarder;
use crate::sshd::{Judge, LIMIT, Sshd, run, user};

fn through(forwarder: &Forwarder, sshd: &Sshd) -> SshShell {
    let target = Target {
        port: forwarder.port,
        ..sshd.target()
    };
    SshShell::new(target, Arc::new(Judge::trusting()))
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < Duration::from_secs(5), "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn one_login_serves_many_scripts_at_once_and_in_turn() {
    let sshd = Sshd::start();
    let shell = sshd.shell();
    let (first, second) = tokio::join!(run(&shell, "echo 1"), run(&shell, "sleep 0.2; echo 2"));
    assert_eq!(first.unwrap().stdout, b"1\n");
    assert_eq!(second.unwrap().stdout, b"2\n");
    for n in 0..5 {
        run(&shell, &format!("echo {n}")).await.unwrap();
    }
    assert_eq!(sshd.logins(), 1);
    shell.disconnect().await;
    run(&shell, "true").await.unwrap();
    assert_eq!(sshd.logins(), 2);
}

#[tokio::test]
async fn a_connection_that_breaks_under_a_script_is_broken_and_then_replaced() {
    let sshd = Sshd::start();
    let shell = sshd.shell();
    let error = run(&shell, "kill -9 $PPID; sleep 5").await.unwrap_err();
    assert!(matches!(error, ShellError::Broken(_)), "{error:?}");
    assert_eq!(run(&shell, "echo back").await.unwrap().stdout, b"back\n");
}

#[tokio::test]
async fn a_connection_that_died_unnoticed_is_replaced() {
    let sshd = Sshd::start();
    let forwarder = Forwarder::to(sshd.port).await;
    let shell = through(&forwarder, &sshd);
    run(&shell, "true").await.unwrap();
    forwarder.freeze();
    let started = Instant::now();
    assert_eq!(run(&shell, "echo again").await.unwrap().stdout, b"again\n");
    assert!(
        started.elapsed() < Duration::from_secs(9),
        "{:?}",
        started.elapsed()
    );
    assert_eq!(sshd.logins(), 2);
}

#[tokio::test]
async fn a_dropped_shell_closes_its_connection_and_leaves_no_task() {
    let sshd = Sshd::start();
    let metrics = tokio::runtime::Handle::current().metrics();
    let before = metrics.num_alive_tasks();
    let shell = sshd.shell();
    run(&shell, "true").await.unwrap();
    assert!(metrics.num_alive_tasks() > before);
    drop(shell);
    until("the task ends", || metrics.num_alive_tasks() == before).await;
}

#[tokio::test]
async fn a_dropped_run_closes_its_channel_and_keeps_the_connection() {
    let sshd = Sshd::start();
    let shell = sshd.shell();
    let pid_file = sshd.dir.path().join("pid");
    // A closed channel is a closed pipe to what prints on it.
    let script = format!(
        "echo $$ >{}; while echo x; do sleep 0.1; done",
        pid_file.display()
    );
    let abandoned = run(&shell, &script);
    assert!(
        tokio::time::timeout(Duration::from_secs(1), abandoned)
            .await
            .is_err()
    );
    let pid = std::fs::read_to_string(&pid_file).unwrap();
    let process = Path::new("/proc").join(pid.trim());
    until("the script ends", || !process.exists()).await;
    run(&shell, "true").await.unwrap();
    assert_eq!(sshd.logins(), 1);
}

#[tokio::test]
async fn an_abandoned_handshake_leaves_no_task() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = Target {
        port: listener.local_addr().unwrap().port(),
        use_agent: false,
        ..Target::new("127.0.0.1", user())
    };
    let shell = SshShell::new(target, Arc::new(Judge::trusting()));
    let metrics = tokio::runtime::Handle::current().metrics();
    let before = metrics.num_alive_tasks();
    let guest = async {
        let (mut socket, _) = listener.accept().await.unwrap();
        // Far enough that russh has started its task, then nothing more.
        tokio::io::AsyncWriteExt::write_all(&mut socket, b"SSH-2.0-hung\r\n")
            .await
            .unwrap();
        socket
    };
    let attempt = shell.run("true", Privilege::Login, LIMIT, Duration::from_millis(500));
    let (outcome, _socket) = tokio::join!(attempt, guest);
    assert!(matches!(
        outcome,
        Err(ShellError::TimedOut {
            phase: "handshake",
            ..
        })
    ));
    until("the task ends", || metrics.num_alive_tasks() == before).await;
}

#[tokio::test]
async fn a_guest_behind_a_jump_host_is_reached_and_both_are_judged() {
    let (jump, guest) = (Sshd::start(), Sshd::start());
    let forwarder = Forwarder::to(jump.port).await;
    let hop = Hop {
        host: "127.0.0.1".to_owned(),
        port: forwarder.port,
        user: user(),
        identity_files: vec![jump.key()],
    };
    let target = Target {
        jumps: vec![hop],
        ..guest.target()
    };
    let judge = Arc::new(Judge::trusting());
    let shell = SshShell::new(target, judge.clone());
    let output = run(&shell, "echo $SSH_CONNECTION; head -c 200000 /dev/zero >&2")
        .await
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.trim().ends_with(&guest.port.to_string()), "{text}");
    let judged: Vec<(u16, _)> = judge
        .asked
        .lock()
        .unwrap()
        .iter()
        .map(|(_, port, key)| (*port, key.clone()))
        .collect();
    assert_eq!(
        judged,
        [
            (forwarder.port, jump.host_key("host_ed25519")),
            (guest.port, guest.host_key("host_ed25519"))
        ]
    );
    assert_eq!(forwarder.open(), 1);
    drop(shell);
    until("the connection to the jump host ends", || {
        forwarder.open() == 0
    })
    .await;
}

#[tokio::test]
async fn a_jump_host_that_forwards_nothing_is_named() {
    let (jump, guest) = (Sshd::with("AllowTcpForwarding no\n"), Sshd::start());
    let hop = Hop {
        host: "127.0.0.1".to_owned(),
        port: jump.port,
        user: user(),
        identity_files: vec![jump.key()],
    };
    let target = Target {
        jumps: vec![hop],
        ..guest.target()
    };
    let shell = SshShell::new(target, Arc::new(Judge::trusting()));
    let error = run(&shell, "true").await.unwrap_err();
    let wanted = "AllowTcpForwarding";
    assert!(
        matches!(&error, ShellError::Unreachable(m) if m.contains(wanted)),
        "{error:?}"
    );
}

/// Each algorithm alone, as older, hardened and FIPS servers offer them.
#[tokio::test]
async fn every_algorithm_that_is_offered_works() {
    let configurations = [
        "KexAlgorithms curve25519-sha256@libssh.org\nCiphers aes128-gcm@openssh.com\n",
        "KexAlgorithms ecdh-sha2-nistp256\nCiphers aes256-gcm@openssh.com\n",
        "KexAlgorithms ecdh-sha2-nistp384\nCiphers aes128-ctr\nMACs hmac-sha2-256\n",
        "KexAlgorithms ecdh-sha2-nistp521\nCiphers aes192-ctr\nMACs hmac-sha2-512\n",
        "KexAlgorithms diffie-hellman-group14-sha256\nMACs hmac-sha2-256-etm@openssh.com\n\
         Ciphers aes256-ctr\n",
        "KexAlgorithms diffie-hellman-group16-sha512\nCiphers chacha20-poly1305@openssh.com\n",
        "KexAlgorithms diffie-hellman-group-exchange-sha256\n\
         HostKeyAlgorithms ecdsa-sha2-nistp256\n",
    ];
    for configuration in configurations {
        let sshd = Sshd::with(configuration);
        let output = run(&sshd.shell(), "head -c 100000 /dev/zero | wc -c").await;
        assert_eq!(
            output.expect(configuration).stdout,
            b"100000\n",
            "{configuration}"
        );
    }
}

#[tokio::test]
async fn an_rsa_host_key_signs_with_sha2() {
    for algorithm in ["rsa-sha2-256", "rsa-sha2-512"] {
        let sshd = Sshd::with(&format!("HostKeyAlgorithms {algorithm}\n"));
        let output = run(&sshd.shell(), "echo in").await;
        assert_eq!(output.expect(algorithm).stdout, b"in\n");
    }
}

#[tokio::test]
async fn a_server_without_a_common_algorithm_says_which_it_has() {
    let sshd = Sshd::with("KexAlgorithms diffie-hellman-group14-sha1\n");
    let error = run(&sshd.shell(), "true").await.unwrap_err();
    let wanted = "the server offers diffie-hellman-group14-sha1";
    assert!(
        matches!(&error, ShellError::Unreachable(m) if m.contains(wanted)),
        "{error:?}"
    );
}
