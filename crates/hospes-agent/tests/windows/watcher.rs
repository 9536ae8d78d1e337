//! A graceful stop, from the host's announcement to the report.

use std::fs::{self, File};
use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::copied;
use crate::host::{Host, STOP_STATE};
use crate::process::{Process, program, until};

const SCRIPT: &str = "instance/attributes/windows-graceful-shutdown-script-cmd";
const REPORT: &str = "instance/guest-attributes/hospes/graceful-shutdown";
const R1: &str = "2026-11-22T04:51:45.1Z";
const R2: &str = "2026-11-22T05:00:00.2Z";

/// A watcher beside its runner, with files of its own.
struct Guest {
    watcher: Option<Process>,
    host: Host,
    folder: TempDir,
}

impl Guest {
    /// A guest whose script writes a line into a file and ends so.
    fn with_script(host: &Host, exit: i32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        copied(folder.path(), "hospes-agent.exe");
        copied(folder.path(), "GCEMetadataScriptRunner.exe");
        let ran = folder.path().join("ran");
        let script = format!(
            "@echo off\r\necho %HOSPES_STOP_REQUEST% >>\"{}\"\r\nexit {exit}\r\n",
            ran.display()
        );
        host.set(&[(STOP_STATE, "NONE"), (SCRIPT, &script)]);
        Self {
            watcher: None,
            host: host.clone(),
            folder,
        }
    }

    fn watch(&mut self) {
        let log = File::options()
            .append(true)
            .create(true)
            .open(self.path("log"));
        let mut command = program(self.path("hospes-agent.exe"));
        command
            .arg("metadata-watcher")
            .stderr(log.unwrap())
            .env("HOSPES_RUN_DIR", self.path("run"))
            .env("GCE_METADATA_HOST", self.host.address());
        self.watcher = Some(Process::start(&mut command));
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    fn wait_until_said(&self, words: &str) {
        until(words, || self.log().contains(words).then_some(()));
    }

    /// The stops that the script has seen.
    fn ran(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path("ran")).unwrap_or_default();
        text.lines().map(|line| line.trim().to_owned()).collect()
    }

    /// The reports to the host, as soon as there are so many.
    fn reports(&self, count: usize) -> Vec<Value> {
        let puts = until(&format!("no report {count}: {}", self.log()), || {
            let puts = self.host.puts();
            (puts.len() >= count).then_some(puts)
        });
        puts.into_iter()
            .map(|(name, value)| {
                assert_eq!(name, REPORT);
                serde_json::from_str(&value).unwrap()
            })
            .collect()
    }
}

#[test]
fn an_announced_stop_runs_the_scripts_and_their_end_is_reported() {
    let host = Host::start();
    let mut guest = Guest::with_script(&host, 0);
    guest.watch();
    host.wait_until_asked(2);
    assert_eq!(guest.ran(), [""; 0]);
    host.announce(R1, "600");
    assert_eq!(
        guest.reports(1),
        [json!({"request": R1, "outcome": "done"})]
    );
    assert_eq!(guest.ran(), [R1]);
    host.cancel();
    guest.wait_until_said("no stop is pending any more");
    host.announce(R2, "600");
    assert_eq!(
        guest.reports(2)[1],
        json!({"request": R2, "outcome": "done"})
    );
    assert_eq!(guest.ran(), [R1, R2]);
}

#[test]
fn a_script_that_fails_is_reported_with_its_status() {
    let host = Host::start();
    let mut guest = Guest::with_script(&host, 7);
    guest.watch();
    host.announce(R1, "600");
    let report = json!({"request": R1, "outcome": "failed", "exit": 7});
    assert_eq!(guest.reports(1), [report]);
}

#[test]
fn a_watcher_that_is_started_again_runs_nothing_twice() {
    let host = Host::start();
    let mut guest = Guest::with_script(&host, 0);
    guest.watch();
    host.announce(R1, "600");
    guest.reports(1);
    guest.watcher = None;
    guest.watch();
    guest.wait_until_said("taken up before");
    host.announce(R2, "600");
    assert_eq!(guest.reports(2).len(), 2);
    assert_eq!(guest.ran(), [R1, R2]);
}

#[test]
fn a_missing_runner_is_one_clear_line_and_the_watcher_stays() {
    let host = Host::start();
    let mut guest = Guest::with_script(&host, 0);
    fs::remove_file(guest.path("GCEMetadataScriptRunner.exe")).unwrap();
    guest.watch();
    host.announce(R1, "600");
    guest.wait_until_said("GCEMetadataScriptRunner.exe");
    let watcher = guest.watcher.as_mut().unwrap();
    assert_eq!(watcher.end(), None);
}
