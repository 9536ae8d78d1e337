//! Scripts that run as root for a login that is not root, with a stand-in for sudo.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use lifecycle::ports::{GuestShell, Output, Privilege, ShellError};
use ssh::{SshShell, Target};

use crate::sshd::{Judge, LIMIT, LONG, Sshd, is_root, user};

/// An account that is not root and has a shell; as root any such account will do.
fn account() -> Option<String> {
    if !is_root() {
        return Some(user());
    }
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap();
    let found = accounts.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        let has_shell = ["/bin/sh", "/bin/bash", "/bin/dash"].contains(fields.get(6)?);
        (has_shell && fields[2] != "0").then(|| fields[0].to_owned())
    });
    if found.is_none() {
        eprintln!("SKIPPED: no account but root has a shell; run the tests as an ordinary user");
    }
    found
}

/// Runs `script` as root where `sudo` is the given shell script.
async fn run_with_sudo(sudo: Option<&str>, script: &str) -> Option<Result<Output, ShellError>> {
    let account = account()?;
    let bin = tempfile::tempdir().unwrap();
    std::fs::set_permissions(bin.path(), PermissionsExt::from_mode(0o755)).unwrap();
    if let Some(text) = sudo {
        let path = bin.path().join("sudo");
        std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    }
    // With PAM, sshd lets accounts log in that have no password.
    let pam = if is_root() { "UsePAM yes\n" } else { "" };
    let sshd = Sshd::with(&format!("{pam}SetEnv PATH={}\n", bin.path().display()));
    let target = Target {
        user: account,
        ..sshd.target()
    };
    let shell = SshShell::new(target, Arc::new(Judge::trusting()));
    Some(shell.run(script, Privilege::Root, LIMIT, LONG).await)
}

#[tokio::test]
async fn an_allowed_sudo_runs_the_script() {
    let sudo = r#"[ "$1 $2" = "-n --" ] || exit 99; shift 2; SUDO=yes; export SUDO; exec "$@""#;
    let Some(output) = run_with_sudo(Some(sudo), "echo $SUDO; exit 1").await else {
        return;
    };
    let output = output.unwrap();
    assert_eq!((output.status, output.stdout), (1, b"yes\n".to_vec()));
}

#[tokio::test]
async fn a_denied_sudo_is_a_verdict_of_its_own_with_advice() {
    let sudo = "echo 'sudo: a password is required' >&2; exit 1";
    let Some(output) = run_with_sudo(Some(sudo), "echo never").await else {
        return;
    };
    let Err(ShellError::SudoDenied(message)) = output else {
        panic!("{output:?}")
    };
    assert!(message.contains("a password is required"), "{message}");
    assert!(
        message.contains("ALL=(root) NOPASSWD: /bin/sh -s"),
        "{message}"
    );
}

#[tokio::test]
async fn a_missing_sudo_is_denied_too() {
    let Some(output) = run_with_sudo(None, "echo never").await else {
        return;
    };
    let Err(ShellError::SudoDenied(message)) = output else {
        panic!("{output:?}")
    };
    assert!(
        message.contains("not found") && message.contains("log in as root"),
        "{message}"
    );
}
