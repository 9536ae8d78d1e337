//! What must hold for the hypervisor to reach this guest's agent.

use std::path::Path;

use agent::settings::{Config, Endpoint, Settings};
use guest_os::access::is_program;
use guest_os::transport::{Holder, Place, holder, place};
use guest_os::words::{ADMINISTRATOR, AGENTS, AS_ADMINISTRATOR, START_AGENT, THAW};

use super::report::{Check, State};
use crate::agent::Agent;

pub(super) fn configuration(config: &Result<Config, String>) -> Check {
    let (state, seen) = match config {
        Ok(config) if config.warnings.is_empty() => (State::Works, "is understood".to_owned()),
        Ok(config) => (
            State::Works,
            format!("is understood, but: {}", config.warnings.join("; ")),
        ),
        Err(problem) => (State::Fails, problem.clone()),
    };
    Check {
        name: "configuration",
        state,
        seen,
        advice: "mend that line; `qemu-ga --dump-conf` then shows what holds",
    }
}

pub(super) fn all(settings: &Settings, agent: &Agent) -> Vec<Check> {
    let mut checks = match settings.endpoint() {
        Ok(Endpoint::VirtioSerial(path) | Endpoint::IsaSerial(path)) => {
            vec![port(&path), open_port(&path)]
        }
        Ok(Endpoint::UnixListen(path)) => vec![socket(&path)],
        Ok(other) => vec![not_looked_at(&format!("{other:?}"))],
        Err(error) => vec![wrong_channel(&error.to_string())],
    };
    checks.push(user());
    checks.push(shutdown(agent));
    checks.push(thawed(agent));
    checks.extend(settings.freeze_hook.as_deref().map(hook));
    checks
}

fn port(path: &Path) -> Check {
    let (state, seen) = match place(path) {
        Ok(Place::Device) => (State::Works, format!("{} is there", path.display())),
        Ok(_) => (State::Fails, format!("{} is no device", path.display())),
        Err(error) => (State::Fails, format!("{}: {error}", path.display())),
    };
    Check {
        name: "port",
        state,
        seen,
        advice: "give the machine the port: in Proxmox VE, Options, QEMU Guest Agent; then power it off and start it",
    }
}

fn open_port(path: &Path) -> Check {
    let is_root = is_root();
    let (state, seen) = match holder(path) {
        Some(Holder { process, name }) if AGENTS.contains(&name.as_str()) => (
            State::Works,
            format!("{name} (process {process}) has the port open"),
        ),
        Some(Holder { process, name }) => (
            State::Fails,
            format!("{name} (process {process}) has the port open, which is no agent"),
        ),
        None if is_root => (State::Fails, "nobody has the port open".to_owned()),
        None => (
            State::Unknown,
            format!("only {ADMINISTRATOR} sees who has the port open"),
        ),
    };
    Check {
        name: "agent",
        state,
        seen,
        advice: if is_root {
            START_AGENT
        } else {
            AS_ADMINISTRATOR
        },
    }
}

fn socket(path: &Path) -> Check {
    let is_socket = place(path).is_ok_and(|place| place == Place::Socket);
    Check {
        name: "socket",
        state: if is_socket {
            State::Works
        } else {
            State::Fails
        },
        seen: format!(
            "{} is {} socket",
            path.display(),
            if is_socket { "a" } else { "no" }
        ),
        advice: START_AGENT,
    }
}

fn not_looked_at(channel: &str) -> Check {
    Check {
        name: "channel",
        state: State::Unknown,
        seen: channel.to_owned(),
        advice: "ask from the other end: `hospes check`",
    }
}

fn wrong_channel(problem: &str) -> Check {
    Check {
        name: "channel",
        state: State::Fails,
        seen: problem.to_owned(),
        advice: "mend `method` and `path` in the configuration",
    }
}

fn user() -> Check {
    Check {
        name: "user",
        state: if is_root() {
            State::Works
        } else {
            State::Unknown
        },
        seen: if is_root() {
            format!("the self-test runs as {ADMINISTRATOR}, as the agent does")
        } else {
            format!(
                "the self-test does not run as {ADMINISTRATOR}: some commands below fail only for that"
            )
        },
        advice: AS_ADMINISTRATOR,
    }
}

fn shutdown(agent: &Agent) -> Check {
    let admitted = agent.admit("guest-shutdown");
    Check {
        name: "shutdown",
        state: if admitted.is_ok() {
            State::Works
        } else {
            State::Fails
        },
        seen: match admitted {
            Ok(()) => "the hypervisor may ask for a shutdown".to_owned(),
            Err(error) => error.desc,
        },
        advice: "take guest-shutdown off the blocked commands, if the hypervisor shall be able to recover this guest",
    }
}

fn thawed(agent: &Agent) -> Check {
    let left = agent.freezer.left_frozen();
    Check {
        name: "freeze",
        state: if left { State::Fails } else { State::Works },
        seen: if left {
            "file systems are frozen".to_owned()
        } else {
            "no file system is frozen".to_owned()
        },
        advice: THAW,
    }
}

fn hook(path: &Path) -> Check {
    let (state, seen) = match is_program(path) {
        Ok(true) => (
            State::Works,
            format!("{} runs at every freeze", path.display()),
        ),
        Ok(false) => (
            State::Fails,
            format!("{} may not be executed", path.display()),
        ),
        Err(error) => (State::Fails, format!("{}: {error}", path.display())),
    };
    Check {
        name: "freeze hook",
        state,
        seen,
        advice: "make it executable, or take fsfreeze-hook out of the configuration",
    }
}

fn is_root() -> bool {
    guest_os::process::is_root()
}
