//! A state directory with a run that waits for graceful scripts, and the real binary.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::time::Duration;

use conditions::{MachineId, Timestamp};
use journal::{Holder, Journal, MachineLock, NewRun};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The identity of the stop that waits.
const REQUEST: &str = "2026-03-01T12:00:00.123Z";

pub(crate) struct Site(TempDir);

impl Site {
    /// One guest, `web1`, which is stopped.
    pub(crate) fn new(more: &str) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let text = format!("state-dir = \"state\"\n[guest.web1]\nqmp = \"web1.qmp\"\n{more}");
        std::fs::write(dir.path().join("hospes.toml"), text).expect("written");
        Self(dir)
    }

    /// The same, with run `r1` that announced a stop and whose hospes died while it waited.
    pub(crate) fn waiting(operation: &str) -> Self {
        let site = Self::new("");
        site.announce();
        let now = now();
        let state = json!({ "power": {
            "goal": operation,
            "phase": { "waiting": {
                "guest": "web1",
                "request": { "request": REQUEST, "max-seconds": 600, "target": "TERMINATED" },
                "boot": "11111111-1111-4111-8111-111111111111",
                "at": now,
                "until": now + Duration::from_secs(600),
            } },
            "graceful": { "max": { "secs": 600, "nanos": 0 }, "without-watcher": "go-on" },
            "announced": REQUEST,
        } });
        let journal = Journal::open(&site.path().join("state")).expect("a journal");
        let machine: MachineId = "web1".parse().expect("a name");
        let holder = Holder {
            pid: 1,
            command: "a hospes that died".to_owned(),
            since: now,
        };
        let lock = MachineLock::acquire(&journal, &machine, &holder).expect("free");
        let run = NewRun {
            operation: operation.to_owned(),
            machine,
            operator: "eva".to_owned(),
            options: json!({}),
            state,
            at: now,
        };
        journal.begin(&run, &lock).expect("begun");
        site
    }

    fn announce(&self) {
        for (name, value) in [
            ("stop-state", "PENDING_STOP"),
            ("max-duration", "600"),
            ("request-timestamp", REQUEST),
        ] {
            let key = format!("instance/shutdown-details/{name}");
            let set = self.hospes(&["metadata", "set", "web1", &key, value]);
            assert_eq!(set.status.code(), Some(0), "{}", err(&set));
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hospes"));
        command
            .args(["--config", "hospes.toml"])
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .env("HOME", self.path())
            .env("USER", "eva");
        command
    }

    pub(crate) fn hospes(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("hospes runs")
    }

    /// The document that a command prints, and its exit code.
    pub(crate) fn document(&self, arguments: &[&str]) -> (Value, Option<i32>) {
        let output = self.hospes(&[arguments, &["--json"]].concat());
        let document = serde_json::from_slice(&output.stdout);
        let document = document.unwrap_or_else(|error| panic!("{error}: {}", err(&output)));
        (document, output.status.code())
    }

    /// Starts a hospes that takes the run up, and returns when it waits.
    pub(crate) fn resumed(&self) -> Waiting {
        let mut command = self.command(&["runs", "resume", "r1"]);
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("hospes runs");
        let mut stderr = BufReader::new(child.stderr.take().expect("a pipe"));
        let mut told = String::new();
        while !told.contains("waiting for the guest's graceful scripts") {
            let read = stderr.read_line(&mut told).expect("text");
            assert_ne!(read, 0, "it ended: {told}");
        }
        Waiting {
            child,
            stderr,
            told,
        }
    }

    /// `stop-state` as a guest reads it.
    pub(crate) fn stop_state(&self) -> String {
        let key = "instance/shutdown-details/stop-state";
        let output = self.hospes(&["metadata", "get", "web1", key]);
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    pub(crate) fn status(&self) -> Value {
        self.document(&["runs", "show", "r1"]).0["status"].clone()
    }

    /// The guest runs: its monitor says so, and nothing else.
    pub(crate) fn runs(&self) {
        let listener = UnixListener::bind(self.path().join("web1.qmp")).expect("a socket");
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let _ = monitor(stream);
            }
        });
    }
}

/// A hospes that waits for graceful scripts.
pub(crate) struct Waiting {
    child: Child,
    stderr: BufReader<ChildStderr>,
    told: String,
}

impl Waiting {
    pub(crate) fn interrupt(&self) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-INT", &pid]).status();
        assert!(sent.expect("kill runs").success());
    }

    /// Its exit code, what it printed and what it told.
    pub(crate) fn end(mut self) -> (Option<i32>, String, String) {
        let told = self.stderr.read_to_string(&mut self.told);
        told.expect("text");
        let output = self.child.wait_with_output().expect("it ends");
        (output.status.code(), out(&output), self.told)
    }
}

fn monitor(stream: UnixStream) -> std::io::Result<()> {
    let mut writer = stream.try_clone()?;
    writeln!(
        writer,
        r#"{{"QMP": {{"version": {{"qemu": {{"micro": 0, "minor": 2, "major": 7}}, "package": ""}}, "capabilities": []}}}}"#
    )?;
    for line in BufReader::new(stream).lines() {
        let request: Value = serde_json::from_str(&line?)?;
        let mut answer = match request["execute"].as_str() {
            Some("qmp_capabilities") => json!({ "return": {} }),
            Some("query-status") => {
                json!({ "return": { "status": "running", "running": true, "singlestep": false } })
            }
            Some(_) | None => json!({ "return": [] }),
        };
        if let Some(id) = request.get("id") {
            answer["id"] = id.clone();
        }
        writeln!(writer, "{answer}")?;
    }
    Ok(())
}

fn now() -> Timestamp {
    let since = std::time::UNIX_EPOCH.elapsed().expect("after 1970");
    Timestamp::from_millis(u64::try_from(since.as_millis()).expect("milliseconds"))
}

pub(crate) fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub(crate) fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}
