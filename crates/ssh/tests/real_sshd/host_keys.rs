//! Who may be spoken to.

use std::process::Command;
use std::sync::Arc;

use lifecycle::ports::ShellError;
use ssh::{KnownHosts, KnownHostsVerdict, SshShell};

use crate::sshd::{Judge, Sshd, run};

#[tokio::test]
async fn the_judge_sees_the_key_that_the_file_holds() {
    let sshd = Sshd::start();
    let judge = Arc::new(Judge::trusting());
    run(&SshShell::new(sshd.target(), judge.clone()), "true")
        .await
        .unwrap();
    let asked = judge.asked.lock().unwrap();
    assert_eq!(
        *asked,
        [(
            "127.0.0.1".to_owned(),
            sshd.port,
            sshd.host_key("host_ed25519")
        )]
    );
    let listed = Command::new("ssh-keygen")
        .arg("-lf")
        .arg(sshd.dir.path().join("host_ed25519.pub"))
        .output()
        .unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.contains(asked[0].2.fingerprint()), "{listed}");
}

#[tokio::test]
async fn a_refused_host_key_ends_it_before_any_login() {
    let sshd = Sshd::start();
    let judge = Arc::new(Judge::refusing("the key changed: hospes trust web1"));
    let error = run(&SshShell::new(sshd.target(), judge), "true")
        .await
        .unwrap_err();
    assert_eq!(
        error,
        ShellError::HostKey("the key changed: hospes trust web1".to_owned())
    );
    assert_eq!(sshd.logins(), 0);
    assert!(!sshd.log().contains("publickey for"), "{}", sshd.log());
}

#[tokio::test]
async fn a_pinned_algorithm_is_asked_for_first() {
    let sshd = Sshd::start();
    let judge = Arc::new(Judge::preferring("ecdsa-sha2-nistp256"));
    run(&SshShell::new(sshd.target(), judge.clone()), "true")
        .await
        .unwrap();
    assert_eq!(
        judge.asked.lock().unwrap()[0].2,
        sshd.host_key("host_ecdsa")
    );
}

#[test]
fn files_written_by_openssh_are_understood() {
    let sshd = Sshd::start();
    let path = sshd.dir.path().join("known_hosts");
    let key = sshd.host_key("host_ed25519");
    let other = sshd.host_key("host_ecdsa");
    std::fs::write(
        &path,
        format!("[127.0.0.1]:{} {}\n", sshd.port, key.openssh()),
    )
    .unwrap();
    let hashed = Command::new("ssh-keygen")
        .arg("-Hf")
        .arg(&path)
        .output()
        .unwrap();
    assert!(hashed.status.success());
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("|1|"), "{text}");
    let paths = [path];
    let lookup = |port, key| KnownHosts::lookup(&paths, "127.0.0.1", port, key);
    assert_eq!(lookup(sshd.port, &key), KnownHostsVerdict::Match);
    assert_eq!(lookup(22, &key), KnownHostsVerdict::Unknown);
    assert_eq!(lookup(sshd.port, &other), KnownHostsVerdict::Unknown);
    assert_eq!(
        KnownHosts::algorithms(&paths, "127.0.0.1", sshd.port),
        ["ssh-ed25519"]
    );
}
