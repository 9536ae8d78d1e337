//! What must hold for the hypervisor to reach this guest's agent.

use std::fs;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;

use agent::settings::{Config, Endpoint, Settings};
use guest_os::transport::{Holder, holder};

use super::report::{Check, State};
use crate::agent::Agent;

const NAMES: [&str; 3] = ["hospes-agent", "qemu-ga", "qga"];

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
    let (state, seen) = match fs::metadata(path) {
        Ok(found) if found.file_type().is_char_device() => {
            (State::Works, format!("{} is there", path.display()))
        }
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
        Some(Holder { process, name }) if NAMES.contains(&name.as_str()) => (
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
            "only root sees who has the port open".to_owned(),
        ),
    };
    Check {
        name: "agent",
        state,
        seen,
        advice: if is_root {
            "systemctl start qemu-guest-agent; its log is in journalctl -u qemu-guest-agent"
        } else {
            "run the self-test as root"
        },
    }
}

fn socket(path: &Path) -> Check {
    let is_socket = fs::metadata(path).is_ok_and(|found| found.file_type().is_socket());
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
        advice: "start the agent: systemctl start qemu-guest-agent",
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
            "the self-test runs as root, as the agent does".to_owned()
        } else {
            "the self-test does not run as root: some commands below fail only for that".to_owned()
        },
        advice: "run it as root",
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
        advice: "wait for the backup that froze them, or: systemctl restart qemu-guest-agent, which thaws",
    }
}

fn hook(path: &Path) -> Check {
    let runs = fs::metadata(path).map(|found| found.permissions().mode() & 0o111 != 0);
    let (state, seen) = match runs {
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
