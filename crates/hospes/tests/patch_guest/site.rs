//! A state directory with a patch run that a hospes began and left, and the real binary.

use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use conditions::{MachineId, Timestamp};
use journal::{Holder, Journal, MachineLock, NewRun, NewSnapshot};
use patch::{RebootPolicy, Run, Settings};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::guest::Guest;
use crate::machine::Machine;

pub(crate) struct Site(TempDir);

impl Site {
    /// Run `r1` of `web1` was begun, and nothing was done.
    pub(crate) fn new(guest: &Guest, reboot: RebootPolicy) -> Self {
        Self::of(&guest.table(), settings(reboot), None)
    }

    /// The same over a machine, of which the run takes a snapshot that is kept so long.
    pub(crate) fn over(machine: &Machine, guest: &Guest, kept: Duration) -> Self {
        let mut settings = settings(RebootPolicy::Never);
        settings.snapshot = true;
        Self::of(&machine.table(guest), settings, Some(kept))
    }

    fn of(table: &str, settings: Settings, kept: Option<Duration>) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let text = format!("state-dir = \"state\"\n{table}");
        std::fs::write(dir.path().join("hospes.toml"), text).expect("written");
        let journal = Journal::open(&dir.path().join("state")).expect("a journal");
        let at = now();
        let machine: MachineId = "web1".parse().expect("a name");
        let holder = Holder {
            pid: 1,
            command: "a hospes that died".to_owned(),
            since: at,
        };
        let lock = MachineLock::acquire(&journal, &machine, &holder).expect("free");
        let (run, _) = Run::begin(settings, at);
        let new = NewRun {
            operation: "patch".to_owned(),
            machine,
            operator: "eva".to_owned(),
            options: json!({}),
            state: json!({ "patch": run.saved(), "snapshot-expires": kept }),
            at,
        };
        journal.begin(&new, &lock).expect("begun");
        Self(dir)
    }

    /// A snapshot that was asked for by the run, and expired long ago.
    pub(crate) fn expired(&self, name: &str) {
        let journal = Journal::open(&self.0.path().join("state")).expect("a journal");
        let moment = Timestamp::from_millis(7);
        let new = NewSnapshot {
            guest: "web1".parse().expect("a name"),
            name: name.to_owned(),
            run: "r1".parse().expect("a run"),
            expires: Some(moment),
        };
        journal.intend_snapshot(&new, moment).expect("recorded");
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hospes"));
        command
            .args(["--config", "hospes.toml"])
            .args(arguments)
            .current_dir(self.0.path())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.0.path())
            .env("USER", "eva");
        command
    }

    pub(crate) fn hospes(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("hospes runs")
    }

    /// A hospes that goes on with the run.
    pub(crate) fn resumes(&self) -> Child {
        let mut command = self.command(&["runs", "resume", "r1"]);
        let silent = command.stdout(Stdio::null()).stderr(Stdio::null());
        silent.spawn().expect("hospes runs")
    }

    /// The document that a command prints, and its exit code.
    pub(crate) fn document(&self, arguments: &[&str]) -> (Value, Option<i32>) {
        let output = self.hospes(&[arguments, &["--json"]].concat());
        let document = serde_json::from_slice(&output.stdout);
        let document = document.unwrap_or_else(|error| panic!("{error}: {}", err(&output)));
        (document, output.status.code())
    }
}

fn settings(reboot: RebootPolicy) -> Settings {
    let mut settings = Settings::new("r1".parse().expect("a name"));
    settings.reboot = reboot;
    settings.limits.poll = Duration::from_millis(100);
    settings.limits.look = Duration::from_secs(20);
    settings
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
