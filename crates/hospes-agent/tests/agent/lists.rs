//! Which commands may be called: block list, allow list, configuration file.

use std::fs;

use serde_json::{Value, json};

use crate::support::{BLOCKED, Program, Running, Stream};

fn is_enabled(stream: &mut Stream, command: &str) -> bool {
    let info = stream.ask("guest-info", json!({}));
    let commands = info["supported_commands"].as_array().unwrap().iter();
    let mut found = commands.filter(|entry| entry["name"] == command);
    found.next().unwrap()["enabled"].as_bool().unwrap()
}

fn refusal(stream: &mut Stream, command: &str) -> Value {
    stream.reply(command, json!({}))["error"].take()
}

fn disabled(command: &str) -> Value {
    let desc = format!("Command {command} has been disabled: the command is not allowed");
    json!({"class": "CommandNotFound", "desc": desc})
}

#[test]
fn a_blocked_command_is_refused_and_told_as_disabled() {
    let agent = Running::start(&Program::ours(), &["-b", "guest-ping,guest-get-time"]);
    let mut stream = agent.connect();
    for command in [
        "guest-ping",
        "guest-get-time",
        "guest-shutdown",
        "guest-fsfreeze-freeze",
    ] {
        assert!(!is_enabled(&mut stream, command), "{command}");
        assert_eq!(refusal(&mut stream, command), disabled(command));
    }
    assert!(is_enabled(&mut stream, "guest-sync"));
    stream.ask("guest-sync", json!({"id": 1}));
}

#[test]
fn an_allow_list_refuses_the_rest_and_a_block_list_beats_it() {
    let allow = "guest-info,guest-get-time,guest-get-host-name,guest-shutdown";
    let agent = Running::start(
        &Program::ours(),
        &["-a", allow, "--block-rpcs=guest-get-time"],
    );
    let mut stream = agent.connect();
    stream.ask("guest-get-host-name", json!({}));
    for command in [
        "guest-get-time",
        "guest-ping",
        "guest-exec",
        "guest-shutdown",
    ] {
        assert!(!is_enabled(&mut stream, command), "{command}");
        assert_eq!(refusal(&mut stream, command), disabled(command));
    }
    assert!(is_enabled(&mut stream, "guest-get-host-name"));
}

#[test]
fn a_configuration_file_with_every_key_is_obeyed() {
    let mut agent = Running::start_in(tempfile::tempdir().unwrap(), |dir| {
        let at = |name| dir.join(name).display().to_string();
        let text = format!(
            "[general]\ndaemon=false\nmethod=unix-listen\npath={}\nlogfile={}\npidfile={}\n\
             fsfreeze-hook={}\nstatedir={}\nverbose=true\nretry-path=true\nblock-rpcs=guest-ping,guest-nothing\n\
             allow-rpcs=guest-info,guest-ping,guest-file-open,guest-sync\n",
            at("sock"),
            at("log"),
            at("pid"),
            at("hook"),
            at("state"),
        );
        fs::create_dir(dir.join("state")).unwrap();
        fs::write(dir.join("conf"), text).unwrap();
        let mut command = Program::ours().command(["-b", BLOCKED]);
        command.env("QGA_CONF", dir.join("conf"));
        command
    });
    let mut stream = agent.connect();
    let path = agent.path("file").display().to_string();
    stream.ask("guest-file-open", json!({"path": path, "mode": "w"}));
    assert_eq!(refusal(&mut stream, "guest-ping"), disabled("guest-ping"));
    assert_eq!(
        refusal(&mut stream, "guest-get-time"),
        disabled("guest-get-time")
    );
    assert!(agent.path("state/qga.state").exists());
    let log = fs::read_to_string(agent.path("log")).unwrap();
    assert!(log.contains("guest-file-open"), "verbose: {log}");
    assert_eq!(agent.terminate().code(), Some(0));
}

#[test]
fn another_configuration_file_can_be_named_by_an_option() {
    let agent = Running::start_in(tempfile::tempdir().unwrap(), |dir| {
        let text = "[general]\nblock-rpcs=guest-get-time\n";
        fs::write(dir.join("conf"), text).unwrap();
        let mut command = Program::ours().command(Running::arguments(dir));
        command.args(["-b", BLOCKED, "-c"]).arg(dir.join("conf"));
        command
    });
    let mut stream = agent.connect();
    assert_eq!(
        refusal(&mut stream, "guest-get-time"),
        disabled("guest-get-time")
    );
    assert_eq!(
        refusal(&mut stream, "guest-shutdown"),
        disabled("guest-shutdown")
    );
}
