//! `GCEMetadataScriptRunner.exe` beside a metadata server.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::{Finished, program};
use crate::server::{Page, Server};
use crate::{copied, finished};

const CMD: &str = "windows-startup-script-cmd";

/// A runner with files of its own.
struct Bench {
    server: Server,
    folder: TempDir,
}

impl Bench {
    fn of(attributes: &Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        copied(folder.path(), "GCEMetadataScriptRunner.exe");
        fs::create_dir(folder.path().join("tmp")).unwrap();
        let settings = "[MetadataScripts]\r\nmetadata_wait = 5\r\n";
        fs::write(folder.path().join("settings"), settings).unwrap();
        let server = Server::start();
        server.instance(attributes);
        Self { server, folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program(self.path("GCEMetadataScriptRunner.exe"));
        command
            .args(arguments)
            .arg("--config")
            .arg(self.path("settings"))
            .env("TMP", self.path("tmp"))
            .env("TEMP", self.path("tmp"))
            .env("HOSPES_RUN_DIR", self.path("run"))
            .env("GCE_METADATA_HOST", self.server.address().to_string());
        command
    }

    fn run(&self, arguments: &[&str]) -> Finished {
        finished(&mut self.command(arguments))
    }

    /// What is in the folder for temporary files.
    fn left(&self) -> usize {
        fs::read_dir(self.path("tmp")).unwrap().count()
    }
}

impl Finished {
    fn has_line(&self, line: &str) -> bool {
        self.out.lines().any(|found| found.trim_end() == line)
    }

    /// What a script has printed.
    fn printed(&self, key: &str) -> Vec<&str> {
        let before = format!("{key}: ");
        let lines = self.out.lines();
        lines
            .filter_map(|line| line.strip_prefix(&before))
            .map(str::trim_end)
            .collect()
    }
}

#[test]
fn usage_is_told_with_status_2() {
    let bench = Bench::of(&json!({}));
    for arguments in [
        &[][..],
        &["boot"],
        &["startup", "shutdown"],
        &["startup", "-x"],
    ] {
        let ran = bench.run(arguments);
        assert_eq!(ran.code, Some(2), "{arguments:?}: {ran:?}");
        assert!(ran.err.contains("Usage:"), "{ran:?}");
    }
    assert!(bench.server.asked().is_empty());
    assert_eq!(bench.run(&["--help"]).code, Some(0));
}

#[test]
fn without_a_metadata_server_it_fails_after_a_bounded_wait() {
    let bench = Bench::of(&json!({}));
    let mut command = bench.command(&["startup"]);
    let began = Instant::now();
    let ran = finished(command.env("GCE_METADATA_HOST", "127.0.0.1:1"));
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(began.elapsed() < Duration::from_secs(45), "{ran:?}");
    assert!(ran.out.contains("no script was run: "), "{ran:?}");
}

#[test]
fn a_cmd_script_runs_and_its_lines_are_in_the_log() {
    let script =
        "\r\n  @echo off\r\necho hello %HOSPES_EVENT% %HOSPES_SCRIPT_KEY%\r\necho error 1>&2\r\n";
    let bench = Bench::of(&json!({ CMD: script }));
    let ran = bench.run(&["startup"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let version = env!("CARGO_PKG_VERSION");
    for line in [
        &format!("Starting startup scripts (version {version})."),
        "Found windows-startup-script-cmd in metadata.",
        "windows-startup-script-cmd: hello startup windows-startup-script-cmd",
        "windows-startup-script-cmd: error",
        "windows-startup-script-cmd exit status 0",
        "Finished running startup scripts.",
    ] {
        assert!(ran.has_line(line), "{line}: {ran:#?}");
    }
    assert_eq!(bench.left(), 0);
    let asked = bench.server.asked();
    assert!(
        asked
            .iter()
            .all(|asked| asked.head.contains("metadata-flavor: google\r\n"))
    );
}

#[test]
fn scripts_run_in_their_order_and_a_failure_is_told() {
    let bench = Bench::of(&json!({
        "windows-startup-script-bat": "@echo second\r\n",
        CMD: "@echo first\r\n@exit 7\r\n",
        "startup-script": "echo of Linux",
    }));
    let ran = bench.run(&["startup"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert_eq!(ran.printed(CMD), ["first"]);
    assert_eq!(ran.printed("windows-startup-script-bat"), ["second"]);
    let failed = format!("Script \"{CMD}\" failed with error: exit status 7");
    let line = ran.out.lines().position(|line| line.starts_with(&failed));
    let second = ran.out.lines().position(|line| line.ends_with("second"));
    assert!(line.unwrap() < second.unwrap(), "{ran:#?}");
    assert!(!ran.out.contains("of Linux"), "{ran:#?}");
    assert_eq!(bench.left(), 0);
}

#[test]
fn the_ending_of_a_url_says_what_runs_it() {
    let bench = Bench::of(&json!({}));
    let url = format!("http://{}/folder/script.cmd?x=1", bench.server.address());
    let page = Page::Text("@echo off\r\necho fetched\r\n".to_owned());
    // The server is asked for the path without its query.
    bench.server.page("folder/script.cmd", &[page]);
    let key = "windows-shutdown-script-url";
    bench.server.instance(&json!({ key: url }));
    let ran = bench.run(&["shutdown"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(ran.printed(key), ["fetched"]);
}

/// What stands in for PowerShell is our program, which complains of the first word that it is told.
#[test]
fn powershell_of_the_search_path_runs_ps1_scripts() {
    let key = "windows-startup-script-ps1";
    let bench = Bench::of(&json!({ key: "Write-Host hello" }));
    let bin = bench.path("bin");
    fs::create_dir(&bin).unwrap();
    copied(&bin, "powershell.exe");
    let path = std::env::var("PATH").unwrap();
    let mut command = bench.command(&["startup"]);
    let ran = finished(command.env("PATH", format!("{};{path}", bin.display())));
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let told = "`-NoProfile` is no command of hospes-agent.";
    assert_eq!(ran.printed(key).first(), Some(&told), "{ran:?}");
    let failed = format!("Script \"{key}\" failed with error: exit status 2");
    assert!(ran.out.contains(&failed), "{ran:?}");
}

#[test]
fn an_event_without_scripts_is_success() {
    let bench =
        Bench::of(&json!({"startup-script": "of Linux", "windows-shutdown-script-cmd": ""}));
    for event in ["startup", "shutdown", "graceful-shutdown", "specialize"] {
        let ran = bench.run(&[event]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(
            ran.has_line(&format!("No {event} scripts to run.")),
            "{ran:?}"
        );
    }
}

#[test]
fn every_event_runs_its_own_scripts() {
    let bench = Bench::of(&json!({
        "windows-startup-script-cmd": "@echo s",
        "windows-shutdown-script-bat": "@echo h",
        "windows-graceful-shutdown-script-cmd": "@echo g",
        "sysprep-specialize-script-cmd": "@echo p",
    }));
    for (event, key, printed) in [
        ("startup", "windows-startup-script-cmd", "s"),
        ("shutdown", "windows-shutdown-script-bat", "h"),
        (
            "graceful-shutdown",
            "windows-graceful-shutdown-script-cmd",
            "g",
        ),
        ("specialize", "sysprep-specialize-script-cmd", "p"),
    ] {
        let ran = bench.run(&[event]);
        assert_eq!(ran.printed(key), [printed], "{ran:?}");
    }
}

#[test]
fn startup_scripts_run_once_a_boot() {
    let bench = Bench::of(&json!({ CMD: "@echo ran" }));
    assert_eq!(bench.run(&["startup"]).printed(CMD), ["ran"]);
    let again = bench.run(&["startup"]);
    assert_eq!(again.code, Some(0), "{again:?}");
    assert_eq!(again.printed(CMD), [""; 0], "{again:?}");
    assert_eq!(bench.run(&["startup", "--again"]).printed(CMD), ["ran"]);
}

#[test]
fn a_script_has_nothing_to_read_and_a_long_line_is_no_problem() {
    let script =
        "@echo off\r\nset /p LINE=\r\necho [%LINE%]\r\nfor /L %%i in (1,1,2000) do echo %%i\r\n";
    let bench = Bench::of(&json!({ CMD: script }));
    let ran = bench.run(&["startup"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let printed = ran.printed(CMD);
    assert_eq!((printed[0], printed.len()), ("[]", 2001));
    assert_eq!(printed.last(), Some(&"2000"));
}

#[test]
fn a_script_that_takes_too_long_is_killed() {
    let bench = Bench::of(&json!({ CMD: "@echo begins\r\n:again\r\n@goto again\r\n" }));
    let settings = "[MetadataScripts]\r\nmetadata_wait = 5\r\nscript_timeout = 1\r\n";
    fs::write(bench.path("settings"), settings).unwrap();
    let ran = bench.run(&["startup"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.out.contains("it ran longer than 1 s"), "{ran:?}");
    assert_eq!(bench.left(), 0);
}
