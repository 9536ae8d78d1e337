//! The command line of `hospes-agent.exe`.

use std::fs;

use serde_json::Value;

use crate::process::Finished;
use crate::running::pipe_name;
use crate::{Port, agent_program, copied, finished};

fn told(arguments: &[&str]) -> Finished {
    let missing = std::env::temp_dir().join("hospes-no-such.conf");
    finished(agent_program().args(arguments).env("QGA_CONF", missing))
}

#[test]
fn help_and_version_end_with_0_and_what_is_no_command_with_2() {
    for (arguments, code) in [
        (&["--help"][..], 0),
        (&["--version"], 0),
        (&["self-test", "--help"], 0),
        (&["service", "--help"], 0),
        (&["scripts", "--help"], 0),
        (&[], 2),
        (&["nonsense"], 2),
        (&["self-test", "--nonsense"], 2),
        (&["service"], 2),
        (&["service", "nonsense"], 2),
        (&["service", "run", "nonsense"], 2),
        (&["scripts"], 2),
        (&["metadata-watcher", "nonsense"], 2),
    ] {
        let ran = told(arguments);
        assert_eq!(ran.code, Some(code), "{arguments:?}: {ran:?}");
        let (says, is_silent) = if code == 0 {
            (&ran.out, &ran.err)
        } else {
            (&ran.err, &ran.out)
        };
        assert!(
            !says.is_empty() && is_silent.is_empty(),
            "{arguments:?}: {ran:?}"
        );
    }
}

#[test]
fn as_qemu_ga_it_answers_as_qemu_ga() {
    let folder = tempfile::tempdir().unwrap();
    let called = copied(folder.path(), "qemu-ga.exe");
    for (arguments, code) in [
        (&["--help"][..], 0),
        (&["-V"], 0),
        (&["-b", "help"], 0),
        (&["--no-such-option"], 1),
        (&["-s", "vss-install"], 1),
        (&["-s", "nonsense"], 1),
    ] {
        let by_name = finished(crate::process::program(&called).args(arguments));
        assert_eq!(by_name.code, Some(code), "{arguments:?}: {by_name:?}");
        let by_word = told(&[&["qemu-ga"][..], arguments].concat());
        assert_eq!(by_word.code, Some(code), "{arguments:?}: {by_word:?}");
    }
    assert!(
        told(&["qemu-ga", "-V"])
            .out
            .starts_with("QEMU Guest Agent ")
    );
    let commands = told(&["qemu-ga", "-b", "help"]).out;
    assert!(
        commands.lines().any(|line| line == "guest-get-devices"),
        "{commands}"
    );
}

#[test]
fn settings_are_dumped_with_the_paths_of_windows() {
    let ran = told(&["qemu-ga", "-D", "-b", "guest-exec"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    for line in [
        "[general]",
        "method=virtio-serial",
        r"path=\\\\.\\Global\\org.qemu.guest_agent.0",
        r"statedir=C:\\ProgramData\\hospes-agent",
        "block-rpcs=guest-exec",
    ] {
        assert!(
            ran.out.lines().any(|found| found == line),
            "{line}: {}",
            ran.out
        );
    }
}

#[test]
fn a_dry_run_tells_what_would_be_done_to_each_service() {
    let ran = told(&["service", "install", "--dry-run"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    for service in ["hospes-agent", "hospes-metadata-watcher"] {
        assert!(ran.out.contains(service), "{ran:?}");
    }
}

#[test]
fn methods_that_windows_lacks_are_told() {
    for method in ["unix-listen", "vsock-listen", "nonsense"] {
        let ran = told(&["qemu-ga", "-m", method, "-p", "3:1234"]);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert_eq!(ran.err.trim_end().lines().count(), 1, "{ran:?}");
    }
}

#[test]
fn a_configuration_that_cannot_be_read_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("qemu-ga.conf");
    let name = file.to_str().unwrap();
    for text in [None, Some("[general]\npath=C:\\dir\n"), Some("nonsense\n")] {
        if let Some(text) = text {
            fs::write(&file, text).unwrap();
        }
        let ran = told(&["qemu-ga", "-c", name]);
        assert_eq!(ran.code, Some(1), "{text:?}: {ran:?}");
        assert!(ran.err.contains("qemu-ga.conf"), "{ran:?}");
    }
}

#[test]
fn the_self_test_tells_programs_what_the_hypervisor_sees() {
    let folder = tempfile::tempdir().unwrap();
    let name = pipe_name();
    let _port = Port::create(&name);
    let file = folder.path().join("qemu-ga.conf");
    fs::write(
        &file,
        format!("[general]\npath={}\n", name.replace('\\', r"\\")),
    )
    .unwrap();
    let ran = told(&["self-test", "--json", "--config", file.to_str().unwrap()]);
    let document: Value = serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{ran:?}"));
    assert_eq!(document["schema"], "hospes-agent.self-test/1");
    assert_eq!(
        ran.code,
        Some(if document["works"] == true { 0 } else { 1 }),
        "{document:#}"
    );
    let commands = document["commands"].as_array().unwrap();
    let sight = |name: &str| {
        commands
            .iter()
            .find(|command| command["name"] == name)
            .unwrap()
    };
    assert_eq!(sight("guest-get-osinfo")["works"], true, "{document:#}");
    assert_eq!(sight("guest-fsfreeze-freeze")["allowed"], false);
    assert_eq!(sight("guest-shutdown")["works"], Value::Null);
    let system = document["hypervisor-sees"]["system"].as_str().unwrap();
    assert!(system.contains("Windows"), "{document:#}");
    for check in document["checks"].as_array().unwrap() {
        let state = check["state"].as_str().unwrap();
        assert!(["works", "fails", "unknown"].contains(&state), "{check}");
        assert_eq!(check["advice"].is_null(), state == "works", "{check}");
    }
}

#[test]
fn the_self_test_is_text_for_people() {
    let ran = told(&["self-test"]);
    assert!(ran.out.contains("the hypervisor sees:"), "{ran:?}");
    assert!(matches!(ran.code, Some(0 | 1)), "{ran:?}");
}
