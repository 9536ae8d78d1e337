//! Which commands there are, and which may be called.

use std::fs;

use qga::System;
use qga::commands::GuestInfo;
use serde_json::json;

use crate::running::{BLOCKED, Running};
use crate::{Port, agent, agent_program};

/// What the agent lists on Windows and cannot carry out there.
const UNSUPPORTED: [&str; 5] = [
    "guest-get-load",
    "guest-fsfreeze-status",
    "guest-fsfreeze-freeze",
    "guest-fsfreeze-freeze-list",
    "guest-fsfreeze-thaw",
];

fn info(port: &mut Port) -> GuestInfo {
    GuestInfo::from_result(port.ask("guest-info", json!({}))).unwrap()
}

fn is_disabled(port: &mut Port, command: &str) -> bool {
    let info = info(port);
    let mut found = info.commands.iter().filter(|known| known.name == command);
    !found.next().unwrap().enabled
}

fn assert_refused(port: &mut Port, command: &str) {
    let error = port.refusal(command, json!({}));
    assert!(error.is_command_not_found(), "{command}: {error}");
    let begins = format!("Command {command} has been disabled: ");
    assert!(error.desc.starts_with(&begins), "{error}");
    assert!(is_disabled(port, command), "{command}");
}

#[test]
fn every_command_of_windows_is_listed_and_only_unsupported_and_blocked_ones_are_disabled() {
    let mut agent = agent();
    let told = info(&mut agent.port);
    let names: Vec<_> = told
        .commands
        .iter()
        .map(|known| known.name.as_str())
        .collect();
    let expected: Vec<_> = System::Windows.commands().map(|known| known.name).collect();
    assert_eq!(names, expected);
    for known in &told.commands {
        let is_blocked = BLOCKED
            .split(',')
            .chain(UNSUPPORTED)
            .any(|name| name == known.name);
        assert_eq!(known.enabled, !is_blocked, "{}", known.name);
        let goes_down = ["guest-shutdown", "guest-suspend-ram", "guest-suspend-disk"];
        let answers = !goes_down.contains(&known.name.as_str());
        assert_eq!(known.success_response, answers, "{}", known.name);
    }
}

#[test]
fn freezes_and_what_else_windows_does_not_offer_are_refused() {
    let mut agent = agent();
    for command in UNSUPPORTED {
        assert_refused(&mut agent.port, command);
    }
    agent.port.ask("guest-get-time", json!({}));
}

#[test]
fn a_blocked_command_is_refused_and_told_as_disabled() {
    let mut agent = Running::start(&[
        "-b",
        "guest-ping,guest-nothing",
        "--block-rpcs=guest-get-time",
    ]);
    for command in ["guest-ping", "guest-get-time", "guest-shutdown"] {
        assert_refused(&mut agent.port, command);
    }
    assert_eq!(agent.port.ask("guest-sync", json!({"id": 1})), 1);
    assert!(agent.told().contains("guest-nothing"), "{}", agent.told());
}

#[test]
fn an_allow_list_refuses_the_rest() {
    let allowed = "guest-info,guest-get-host-name,guest-shutdown,guest-fsfreeze-freeze";
    let mut agent = Running::start(&["-a", allowed]);
    agent.port.ask("guest-get-host-name", json!({}));
    for command in [
        "guest-exec",
        "guest-ping",
        "guest-shutdown",
        "guest-fsfreeze-freeze",
    ] {
        assert_refused(&mut agent.port, command);
    }
}

#[test]
fn a_configuration_file_is_obeyed() {
    let mut agent = Running::start_as(|folder, name| {
        let escaped = |text: &str| text.replace('\\', r"\\");
        let text = format!(
            "[general]\r\nmethod=virtio-serial\r\npath={}\r\nstatedir={}\r\nlogfile={}\r\nverbose=true\r\n\
             block-rpcs=guest-ping,{BLOCKED}\r\n",
            escaped(name),
            escaped(folder.to_str().unwrap()),
            escaped(folder.join("log").to_str().unwrap()),
        );
        let file = folder.join("qemu-ga.conf");
        fs::write(&file, text).unwrap();
        let mut command = agent_program();
        command.args(["qemu-ga", "-c"]).arg(file);
        command
    });
    assert_refused(&mut agent.port, "guest-ping");
    assert_refused(&mut agent.port, "guest-shutdown");
    fs::write(agent.path("file"), "").unwrap();
    let path = agent.path("file").to_str().unwrap().to_owned();
    agent.port.ask("guest-file-open", json!({"path": path}));
    assert!(agent.path("qga.state").exists());
    let log = fs::read_to_string(agent.path("log")).unwrap();
    assert!(log.contains("guest-file-open"), "{log}");
}

#[test]
fn qga_conf_names_the_configuration_file() {
    let mut agent = Running::start_as(|folder, name| {
        let file = folder.join("other.conf");
        fs::write(
            &file,
            format!("[general]\nblock-rpcs=guest-ping,{BLOCKED}\n"),
        )
        .unwrap();
        let mut command = agent_program();
        command.args(["qemu-ga", "-p", name, "-t"]).arg(folder);
        command.env("QGA_CONF", file);
        command
    });
    assert_refused(&mut agent.port, "guest-ping");
}
