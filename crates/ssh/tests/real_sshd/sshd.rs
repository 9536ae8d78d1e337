//! A throwaway sshd on loopback, with keys of its own.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use lifecycle::ports::{GuestShell, Output, Privilege, ShellError};
use ssh::{HostKeyJudge, PresentedKey, SshShell, Target};
use tempfile::TempDir;

const PROGRAM: &str = "/usr/sbin/sshd";

pub(crate) const LIMIT: usize = 64 * 1024;
pub(crate) const LONG: Duration = Duration::from_secs(30);

pub(crate) struct Sshd {
    child: Child,
    pub(crate) port: u16,
    pub(crate) dir: TempDir,
}

impl Sshd {
    pub(crate) fn start() -> Self {
        Self::with("")
    }

    /// Started with more lines of configuration.
    pub(crate) fn with(extra: &str) -> Self {
        let dir = tempfile::Builder::new()
            .prefix("hospes-sshd-")
            .tempdir()
            .unwrap();
        // Accounts other than root's must reach the authorized keys.
        Command::new("chmod")
            .arg("0755")
            .arg(dir.path())
            .status()
            .unwrap();
        keygen(&dir.path().join("host_ed25519"), &["-t", "ed25519"]);
        keygen(&dir.path().join("host_ecdsa"), &["-t", "ecdsa"]);
        if extra.contains("rsa-sha2") {
            keygen(&dir.path().join("host_rsa"), &["-t", "rsa", "-b", "2048"]);
        }
        keygen(&dir.path().join("user"), &["-t", "ed25519"]);
        std::fs::copy(
            dir.path().join("user.pub"),
            dir.path().join("authorized_keys"),
        )
        .unwrap();
        if is_root() {
            std::fs::create_dir_all("/run/sshd").unwrap();
        }
        let port = free_port();
        let config = dir.path().join("sshd_config");
        std::fs::write(&config, configuration(dir.path(), extra)).unwrap();
        let log = std::fs::File::create(dir.path().join("log")).unwrap();
        let child = Command::new(PROGRAM)
            .args(["-D", "-e", "-p", &port.to_string(), "-f"])
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|e| panic!("{PROGRAM}: {e}; install the package openssh-server"));
        let mut sshd = Self { child, port, dir };
        sshd.wait_until_it_listens();
        sshd
    }

    fn wait_until_it_listens(&mut self) {
        let started = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            let ended = self.child.try_wait().unwrap();
            assert!(
                ended.is_none() && started.elapsed() < LONG,
                "sshd does not listen ({ended:?}): {}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }

    /// The private key that may log in.
    pub(crate) fn key(&self) -> PathBuf {
        self.dir.path().join("user")
    }

    /// `ssh-ed25519 AAAA...` of a host key.
    pub(crate) fn host_key(&self, name: &str) -> PresentedKey {
        let line = std::fs::read_to_string(self.dir.path().join(format!("{name}.pub"))).unwrap();
        ssh::parse_public_key(&line).unwrap()
    }

    /// Lets another key log in.
    pub(crate) fn authorize(&self, key: &Path) {
        let public = std::fs::read(key.with_extension("pub")).unwrap();
        let path = self.dir.path().join("authorized_keys");
        let mut keys = std::fs::read(&path).unwrap();
        keys.extend_from_slice(&public);
        std::fs::write(path, keys).unwrap();
    }

    pub(crate) fn target(&self) -> Target {
        Target {
            port: self.port,
            identity_files: vec![self.key()],
            use_agent: false,
            ..Target::new("127.0.0.1", user())
        }
    }

    pub(crate) fn shell(&self) -> SshShell {
        SshShell::new(self.target(), Arc::new(Judge::trusting()))
    }

    /// How many logins sshd took.
    pub(crate) fn logins(&self) -> usize {
        self.log()
            .lines()
            .filter(|line| line.contains("Accepted publickey"))
            .count()
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("sshd said:\n{}", self.log());
        }
    }
}

fn configuration(dir: &Path, extra: &str) -> String {
    let mut text = String::from(extra);
    for key in ["host_ed25519", "host_ecdsa", "host_rsa"].map(|name| dir.join(name)) {
        if key.exists() {
            writeln!(text, "HostKey {}", key.display()).unwrap();
        }
    }
    writeln!(
        text,
        "AuthorizedKeysFile {}",
        dir.join("authorized_keys").display()
    )
    .unwrap();
    // The files of the account's own shell have no part in this.
    writeln!(text, "SetEnv HOME={}", dir.display()).unwrap();
    text.push_str(
        "ListenAddress 127.0.0.1\nPidFile none\nStrictModes no\nUsePAM no\nLogLevel VERBOSE\n\
         PasswordAuthentication no\nKbdInteractiveAuthentication no\n\
         PermitRootLogin prohibit-password\nUseDNS no\nMaxStartups 100\n",
    );
    text
}

pub(crate) fn keygen(path: &Path, arguments: &[&str]) {
    let output = Command::new("ssh-keygen")
        .args(["-q", "-N", "", "-C", "test", "-f"])
        .arg(path)
        .args(arguments)
        .output()
        .unwrap_or_else(|e| panic!("ssh-keygen: {e}; install the package openssh-client"));
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

pub(crate) fn user() -> String {
    let output = Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

pub(crate) fn is_root() -> bool {
    user() == "root"
}

/// Runs a script as the login user with generous limits.
pub(crate) async fn run(shell: &SshShell, script: &str) -> Result<Output, ShellError> {
    shell.run(script, Privilege::Login, LIMIT, LONG).await
}

/// Answers as it is told, and remembers what it was asked.
pub(crate) struct Judge {
    verdict: Result<(), String>,
    preferred: Vec<String>,
    pub(crate) asked: Mutex<Vec<(String, u16, PresentedKey)>>,
}

impl Judge {
    pub(crate) fn trusting() -> Self {
        Self {
            verdict: Ok(()),
            preferred: Vec::new(),
            asked: Mutex::default(),
        }
    }

    pub(crate) fn refusing(words: &str) -> Self {
        Self {
            verdict: Err(words.to_owned()),
            ..Self::trusting()
        }
    }

    pub(crate) fn preferring(algorithm: &str) -> Self {
        Self {
            preferred: vec![algorithm.to_owned()],
            ..Self::trusting()
        }
    }
}

#[async_trait]
impl HostKeyJudge for Judge {
    async fn judge(&self, host: &str, port: u16, key: &PresentedKey) -> Result<(), String> {
        self.asked
            .lock()
            .unwrap()
            .push((host.to_owned(), port, key.clone()));
        self.verdict.clone()
    }

    fn preferred_algorithms(&self, _host: &str, _port: u16) -> Vec<String> {
        self.preferred.clone()
    }
}
