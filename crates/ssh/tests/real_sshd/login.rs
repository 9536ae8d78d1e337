//! Keys from files and from the SSH agent.

use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use lifecycle::ports::ShellError;
use ssh::{SshShell, Target};

use crate::sshd::{Judge, Sshd, keygen, run};

fn shell(target: Target) -> SshShell {
    SshShell::new(target, Arc::new(Judge::trusting()))
}

async fn login_error(target: Target) -> String {
    match run(&shell(target), "true").await {
        Err(ShellError::Login(message)) => message,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn keys_of_each_kind_and_format_log_in() {
    let sshd = Sshd::start();
    let kinds: [(&str, &[&str]); 5] = [
        ("ed25519", &["-t", "ed25519"]),
        ("ecdsa", &["-t", "ecdsa", "-b", "384"]),
        ("rsa", &["-t", "rsa", "-b", "2048"]),
        ("rsa_pem", &["-t", "rsa", "-b", "2048", "-m", "PEM"]),
        ("rsa_pkcs8", &["-t", "rsa", "-b", "2048", "-m", "PKCS8"]),
    ];
    for (name, arguments) in kinds {
        let path = sshd.dir.path().join(name);
        keygen(&path, arguments);
        sshd.authorize(&path);
        let target = Target {
            identity_files: vec![path],
            ..sshd.target()
        };
        let output = run(&shell(target), "echo in").await;
        assert_eq!(output.expect(name).stdout, b"in\n", "{name}");
    }
    assert!(!sshd.log().contains("ssh-rsa algorithm"), "SHA-1 was used");
}

#[tokio::test]
async fn a_refused_login_names_what_was_tried_and_nothing_secret() {
    let sshd = Sshd::start();
    let wrong = sshd.dir.path().join("wrong");
    keygen(&wrong, &["-t", "ed25519"]);
    let missing = PathBuf::from("/nonexistent/id_ed25519");
    let noise = sshd.dir.path().join("noise");
    std::fs::write(&noise, "secret words").unwrap();
    let files = vec![missing, noise, wrong.clone()];
    let message = login_error(Target {
        identity_files: files,
        ..sshd.target()
    })
    .await;
    let fingerprint = {
        let line = std::fs::read_to_string(wrong.with_extension("pub")).unwrap();
        ssh::parse_public_key(&line)
            .unwrap()
            .fingerprint()
            .to_owned()
    };
    for wanted in [
        "/nonexistent/id_ed25519",
        "No such file",
        "noise",
        &fingerprint,
        "wrong: refused",
    ] {
        assert!(message.contains(wanted), "{wanted} in {message}");
    }
    assert!(!message.contains("secret words"), "{message}");
}

#[tokio::test]
async fn what_the_server_says_about_the_login_is_passed_on() {
    let banner = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(banner.path(), "System is \x1b[31mbooting up\n").unwrap();
    let sshd = Sshd::with(&format!("Banner {}\n", banner.path().display()));
    let wrong = sshd.dir.path().join("wrong");
    keygen(&wrong, &["-t", "ed25519"]);
    let target = Target {
        identity_files: vec![wrong],
        ..sshd.target()
    };
    let message = login_error(target).await;
    assert!(!message.contains('\x1b'), "{message:?}");
    let wanted = "refused; the server says: System is";
    assert!(
        message.contains(wanted) && message.contains("booting up"),
        "{message:?}"
    );
}

#[tokio::test]
async fn without_a_key_the_message_says_so() {
    let sshd = Sshd::start();
    let message = login_error(Target {
        identity_files: Vec::new(),
        ..sshd.target()
    })
    .await;
    assert!(
        message.contains("no identity file is configured"),
        "{message}"
    );
}

#[tokio::test]
async fn an_encrypted_key_points_to_the_agent() {
    let sshd = Sshd::start();
    for format in [&[][..], &["-m", "PEM"]] {
        let path = sshd.dir.path().join(format!("locked{}", format.len()));
        keygen(&path, &[&["-t", "rsa", "-b", "2048"], format].concat());
        let locked = Command::new("ssh-keygen")
            .args(["-q", "-p", "-P", "", "-N", "a passphrase"])
            .args(format)
            .arg("-f")
            .arg(&path)
            .output()
            .unwrap();
        assert!(locked.status.success());
        sshd.authorize(&path);
        let message = login_error(Target {
            identity_files: vec![path],
            ..sshd.target()
        })
        .await;
        assert!(
            message.contains("encrypted") && message.contains("ssh-add"),
            "{message}"
        );
    }
}

#[tokio::test]
async fn too_many_keys_are_reported_as_what_they_are() {
    let sshd = Sshd::with("MaxAuthTries 2\n");
    let files: Vec<PathBuf> = (0..4)
        .map(|n| {
            let path = sshd.dir.path().join(format!("wrong{n}"));
            keygen(&path, &["-t", "ed25519"]);
            path
        })
        .collect();
    let message = login_error(Target {
        identity_files: files,
        ..sshd.target()
    })
    .await;
    assert!(
        message.contains("Too many authentication failures"),
        "{message}"
    );
}

#[tokio::test]
async fn a_server_that_wants_a_second_factor_is_told_apart() {
    let sshd = Sshd::with("AuthenticationMethods publickey,publickey\n");
    let message = login_error(sshd.target()).await;
    assert!(message.contains("more than a key"), "{message}");
}

/// The agent is found through the environment, which a test cannot set for itself.
#[test]
fn keys_of_the_ssh_agent_log_in() {
    let sshd = Sshd::start();
    let agent = Agent::start(sshd.dir.path());
    for (name, arguments) in [("one", ["-t", "ed25519"]), ("two", ["-t", "rsa"])] {
        let path = sshd.dir.path().join(name);
        keygen(&path, &arguments);
        agent.add(&path);
        // Without the agent these do not help any more.
        std::fs::remove_file(&path).unwrap();
    }
    inside(
        "login::inside_the_environment_of_an_agent",
        &agent.socket,
        sshd.dir.path(),
    );
}

#[test]
fn an_agent_that_hangs_does_not_keep_the_identity_files_from_being_used() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("agent.sock");
    let _hung = UnixListener::bind(&socket).unwrap();
    inside(
        "login::inside_the_environment_of_a_hung_agent",
        &socket,
        dir.path(),
    );
}

/// Runs one test of this program with an agent in its environment.
fn inside(test: &str, agent: &Path, keys: &Path) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env("SSH_AUTH_SOCK", agent)
        .env("HOSPES_TEST_KEYS", keys)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}"
    );
}

#[tokio::test]
#[ignore = "started by an_agent_that_hangs_does_not_keep_the_identity_files_from_being_used"]
async fn inside_the_environment_of_a_hung_agent() {
    let sshd = Sshd::start();
    let target = Target {
        use_agent: true,
        ..sshd.target()
    };
    run(&shell(target), "true")
        .await
        .expect("the identity file");
    let target = Target {
        use_agent: true,
        identity_files: Vec::new(),
        ..sshd.target()
    };
    let message = login_error(target).await;
    assert!(
        message.contains("the SSH agent cannot be asked"),
        "{message}"
    );
}

#[tokio::test]
#[ignore = "started by keys_of_the_ssh_agent_log_in, with an agent in its environment"]
async fn inside_the_environment_of_an_agent() {
    let keys = PathBuf::from(std::env::var_os("HOSPES_TEST_KEYS").unwrap());
    let sshd = Sshd::start();
    let from_agent = Target {
        identity_files: Vec::new(),
        use_agent: true,
        ..sshd.target()
    };
    let message = login_error(from_agent.clone()).await;
    assert_eq!(
        message.matches("from the SSH agent: refused").count(),
        2,
        "{message}"
    );
    sshd.authorize(&keys.join("two"));
    run(&shell(from_agent.clone()), "true")
        .await
        .expect("an RSA key of the agent");
    // The public key alone names the key of the agent, which is then offered first.
    let named = Target {
        identity_files: vec![keys.join("two.pub")],
        ..from_agent
    };
    run(&shell(named.clone()), "true")
        .await
        .expect("a named key of the agent");
    let message = login_error(Target {
        use_agent: false,
        ..named
    })
    .await;
    assert!(
        message.contains("the SSH agent may not be used"),
        "{message}"
    );
}

struct Agent {
    child: Child,
    socket: PathBuf,
}

impl Agent {
    fn start(dir: &Path) -> Self {
        let socket = dir.join("agent.sock");
        let child = Command::new("ssh-agent")
            .args(["-D", "-a"])
            .arg(&socket)
            .stdout(Stdio::null())
            .spawn()
            .unwrap_or_else(|e| panic!("ssh-agent: {e}; install the package openssh-client"));
        let started = Instant::now();
        while !socket.exists() {
            assert!(
                started.elapsed() < Duration::from_secs(10),
                "ssh-agent has no socket"
            );
            std::thread::sleep(Duration::from_millis(10));
        }
        Self { child, socket }
    }

    fn add(&self, key: &Path) {
        let output = Command::new("ssh-add")
            .arg(key)
            .env("SSH_AUTH_SOCK", &self.socket)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
