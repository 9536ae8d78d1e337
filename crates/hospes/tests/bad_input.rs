//! The real binary on bad input: a clear error, the right exit code, nothing lost.

use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

fn hospes(dir: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hospes"))
        .args(["--config", "hospes.toml"])
        .args(arguments)
        .current_dir(dir)
        .env_clear()
        .env("HOME", dir)
        .output()
        .expect("hospes runs")
}

fn with_config(text: &str) -> TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    let text = format!("state-dir = \"state\"\n{text}");
    std::fs::write(dir.path().join("hospes.toml"), text).expect("written");
    dir
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_mistake_in_the_configuration_is_answered_with_its_place() {
    let dir = with_config("[guest.web1]\nqmp = \"/run/web1.qmp\"\nstrat = [\"true\"]\n");
    let output = hospes(dir.path(), &["guests"]);
    assert_eq!(output.status.code(), Some(2));
    let err = err(&output);
    assert!(err.contains("hospes.toml:4:1"), "{err}");
    assert!(err.contains("start"), "what was meant is named: {err}");
}

#[test]
fn no_configuration_is_answered_with_the_places_looked_at() {
    let dir = tempfile::tempdir().expect("a folder");
    let output = Command::new(env!("CARGO_BIN_EXE_hospes"))
        .arg("guests")
        .current_dir(dir.path())
        .env_clear()
        .env("HOME", dir.path())
        .output()
        .expect("hospes runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(
        err(&output).contains(".config/hospes/hospes.toml"),
        "{}",
        err(&output)
    );
}

#[test]
fn an_unknown_guest_is_answered_with_the_nearest_name() {
    let dir = with_config("[guest.web1]\nqmp = \"web1.qmp\"\n");
    let output = hospes(dir.path(), &["check", "wbe1"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("web1"), "{}", err(&output));
}

#[test]
fn a_condition_that_can_never_be_accepted_is_a_usage_error() {
    let dir = with_config("[guest.web1]\nqmp = \"web1.qmp\"\n");
    let output = hospes(dir.path(), &["restart", "web1", "--accept-unknown", "3"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        err(&output).contains("can never be accepted"),
        "{}",
        err(&output)
    );
}

#[test]
fn a_folder_that_is_not_there_is_not_taken_for_a_stopped_guest() {
    let dir = with_config("[guest.web1]\nqmp = \"no/such/web1.qmp\"\nstart = [\"/bin/true\"]\n");
    for arguments in [
        &["start", "web1"][..],
        &["restart", "web1"],
        &["start", "--check", "web1"],
    ] {
        let output = hospes(dir.path(), arguments);
        assert_ne!(output.status.code(), Some(0), "{arguments:?}");
        let said = format!(
            "{}{}",
            err(&output),
            String::from_utf8_lossy(&output.stdout)
        );
        assert!(said.contains("no/such"), "{arguments:?}: {said}");
    }
    assert!(
        !dir.path().join("state/logs/web1.log").exists(),
        "nothing was started"
    );
}

#[test]
fn a_stopped_guest_is_not_restarted_and_start_is_named() {
    let dir = with_config("[guest.web1]\nqmp = \"web1.qmp\"\n");
    let output = hospes(dir.path(), &["restart", "web1"]);
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("hospes start web1"), "{said}");
}

#[test]
fn a_monitor_that_babbles_is_a_clear_error() {
    let dir = with_config("[guest.web1]\nqmp = \"web1.qmp\"\n");
    let listener = UnixListener::bind(dir.path().join("web1.qmp")).expect("a socket");
    let babbler = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let noise = vec![b'x'; 1 << 20];
        while stream.write_all(&noise).is_ok() {}
        let _ = stream.read(&mut [0; 1]);
    });
    let output = hospes(dir.path(), &["guests", "--json"]);
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(document["schema"], "hospes.guests/1");
    assert_eq!(document["guests"][0]["state"], "unknown");
    babbler.join().expect("the babbler ends with its client");
}

#[test]
fn runs_that_are_not_there_are_named() {
    let dir = with_config("[guest.web1]\nqmp = \"web1.qmp\"\n");
    let output = hospes(dir.path(), &["runs", "resume", "r7"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        err(&output).contains("there is no run r7"),
        "{}",
        err(&output)
    );
    let output = hospes(dir.path(), &["runs", "show", "seven"]);
    assert_ne!(output.status.code(), Some(0));
    assert!(err(&output).contains("r12"), "{}", err(&output));
}

#[test]
fn every_listing_has_a_document_with_its_schema() {
    let dir = with_config("[guest.web1]\nqmp = \"web1.qmp\"\n");
    for (arguments, schema) in [
        (&["guests", "--json"][..], "hospes.guests/1"),
        (&["runs", "list", "--json"], "hospes.runs/1"),
        (&["check", "all", "--json"], "hospes.check/1"),
        (&["ready", "all", "--json"], "hospes.ready/1"),
        (&["restart", "--check", "all", "--json"], "hospes.restart/1"),
        (&["start", "--check", "all", "--json"], "hospes.start/1"),
        (&["fix", "--check", "all", "--json"], "hospes.fix/1"),
    ] {
        let output = hospes(dir.path(), arguments);
        let document: serde_json::Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{arguments:?}: {e}"));
        assert_eq!(document["schema"], schema, "{arguments:?}");
    }
}

#[test]
fn completions_and_man_pages_come_from_the_definition() {
    let dir = tempfile::tempdir().expect("a folder");
    let output = hospes(dir.path(), &["completions", "bash"]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("accept-unknown"));
    let output = hospes(dir.path(), &["man", "pages"]);
    assert_eq!(output.status.code(), Some(0));
    let page = std::fs::read_to_string(dir.path().join("pages/hospes-restart.1")).expect("a page");
    assert!(page.contains("accept\\-unknown"), "{page}");
    assert!(dir.path().join("pages/hospes-runs-resume.1").exists());
}

#[test]
fn what_a_plan_says_is_not_said_again_on_the_command_line() {
    let dir = with_config("");
    for words in [
        &["patch", "plan", "--file", "a.toml", "--reboot", "never"][..],
        &["patch", "apply", "--plan", "a.json", "--max-failures", "1"],
        &["patch", "apply", "--plan", "a.json", "web1"],
    ] {
        let output = hospes(dir.path(), words);
        let told = err(&output);
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains("cannot be used with"), "{told}");
    }
    let nobody = hospes(dir.path(), &["patch", "apply"]);
    assert!(
        err(&nobody).contains("--plan <PLAN.json>"),
        "{}",
        err(&nobody)
    );
}

#[test]
fn why_a_file_cannot_be_read_is_told_once() {
    let dir = with_config("");
    let output = hospes(dir.path(), &["patch", "apply", "--plan", "nowhere.json"]);
    assert_eq!(
        err(&output),
        "hospes: nowhere.json cannot be read: No such file or directory (os error 2)\n"
    );
}

#[test]
fn a_guest_that_cannot_be_asked_is_not_one_without_upgrades() {
    let dir = with_config("[guest.web1]\nqmp = \"/nowhere/qmp\"\n");
    let output = hospes(dir.path(), &["patch", "plan", "web1"]);
    assert_eq!(output.status.code(), Some(4), "{}", err(&output));
    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    let row = table.lines().last().unwrap_or_default();
    let cells: Vec<&str> = row.split_whitespace().take(6).collect();
    assert_eq!(cells, ["web1", "?", "?", "?", "?", "?"], "{table}");
}
