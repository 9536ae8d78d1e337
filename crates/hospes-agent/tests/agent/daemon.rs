//! `-d`: in the background, with a pid file.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{BLOCKED, Program, Running, Stream};

/// A daemon by its pid file; killed when it is dropped.
struct Daemon {
    pid: String,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = Command::new("kill").args(["-9", &self.pid]).output();
    }
}

fn start(dir: &Path) -> Output {
    let mut command = Program::ours().command(Running::arguments(dir));
    let log = dir.join("log");
    command.args(["-d", "-b", BLOCKED, "-l"]).arg(log);
    command.current_dir(dir).output().unwrap()
}

fn runs(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

#[test]
fn a_daemon_tells_its_pid_serves_and_refuses_a_second() {
    let dir = tempfile::tempdir().unwrap();
    let output = start(dir.path());
    let pid = fs::read_to_string(dir.path().join("pid")).unwrap_or_default();
    let daemon = Daemon {
        pid: pid.trim().to_owned(),
    };
    assert!(output.status.success(), "{output:?}");
    assert_eq!(pid, format!("{}\n", daemon.pid));
    let program = fs::read_link(format!("/proc/{}/exe", daemon.pid)).unwrap();
    assert!(program.ends_with("hospes-agent"), "{}", program.display());
    let cwd = fs::read_link(format!("/proc/{}/cwd", daemon.pid)).unwrap();
    assert_eq!(cwd, Path::new("/"));

    let dial = || {
        let log = || fs::read_to_string(dir.path().join("log")).unwrap_or_default();
        Stream::dial(&dir.path().join("sock"), log)
    };
    let mut stream = dial();
    stream.ask("guest-ping", json!({}));

    let second = start(dir.path());
    assert!(!second.stderr.is_empty(), "it says why it does not run");
    stream.ask("guest-ping", json!({}));
    dial().ask("guest-ping", json!({}));
    assert_eq!(fs::read_to_string(dir.path().join("pid")).unwrap(), pid);

    assert!(
        Command::new("kill")
            .arg(&daemon.pid)
            .status()
            .unwrap()
            .success()
    );
    let began = Instant::now();
    while runs(&daemon.pid) {
        assert!(began.elapsed() < Duration::from_secs(10), "SIGTERM ends it");
        sleep(Duration::from_millis(5));
    }
    assert!(!dir.path().join("pid").exists(), "the pid file is removed");
}
