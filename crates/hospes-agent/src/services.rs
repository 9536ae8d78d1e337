//! `hospes-agent service`: the services of a system without units.

use std::ffi::OsString;
use std::process::ExitCode;

use guest_os::service::{self, Change, Presence, Service};

use crate::{complain, print, qemu_ga, watcher};

const USAGE: &str = "\
Usage:
  hospes-agent service install|uninstall|start|stop [--dry-run]

The services: hospes-agent, which hosts reach through the port, and hospes-metadata-watcher, which
starts the graceful scripts when the host announces a stop. Installing again makes them as they
should be, and is refused beside QEMU's guest agent (unless it is disabled) and Google's. Stopping them
stops nothing else. `qemu-ga -s install|uninstall` does the same. On Linux the packages install units
instead.
";

/// A service with what it runs.
struct Row {
    service: Service,
    main: fn() -> ExitCode,
}

const SERVICES: [Row; 2] = [
    Row {
        service: Service {
            name: "hospes-agent",
            title: "hospes guest agent",
            description: "Answers the hypervisor through the virtio port org.qemu.guest_agent.0.",
            arguments: &["service", "run", "hospes-agent"],
        },
        main: || qemu_ga::main("hospes-agent qemu-ga", ["--retry-path".into()].into_iter()),
    },
    Row {
        service: Service {
            name: "hospes-metadata-watcher",
            title: "hospes metadata watcher",
            description: "Starts the graceful-shutdown scripts when the host announces a stop.",
            arguments: &["service", "run", "hospes-metadata-watcher"],
        },
        main: || watcher::main(std::iter::empty()),
    },
];

/// Does what the arguments behind the command's name ask for.
pub(crate) fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let words: Vec<String> = arguments
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match *words.as_slice() {
        ["--help" | "-h"] => print(USAGE),
        ["run", name] => run(name),
        [change] => parsed(change).map_or_else(usage, |change| all(change, false)),
        [change, "--dry-run"] | ["--dry-run", change] => {
            parsed(change).map_or_else(usage, |change| all(change, true))
        }
        _ => usage(),
    }
}

/// A service that does the same.
struct Other {
    name: &'static str,
    /// Whether it does nothing as long as it is disabled.
    may_be_disabled: bool,
    why: &'static str,
}

const OTHERS: [Other; 2] = [
    Other {
        name: "QEMU-GA",
        may_be_disabled: true,
        why: "it has the port: uninstall QEMU's guest agent, or stop and disable its service",
    },
    Other {
        name: "GCEAgent",
        may_be_disabled: false,
        why: "it runs the same scripts: remove the packages of Google's guest agent first",
    },
];

/// Makes a change to every service, up to the first that refuses.
pub(crate) fn all(change: Change, is_dry: bool) -> ExitCode {
    if change == Change::Install
        && let Err(problem) = alone(service::presence)
    {
        return refused(&problem);
    }
    for Row { service, .. } in &SERVICES {
        match service::change(service, change, is_dry) {
            Ok(done) => print(&format!("{done}\n")),
            Err(problem) => return refused(&problem.to_string()),
        };
    }
    ExitCode::SUCCESS
}

/// Two agents would take turns at the port, and run every script twice. Who cannot be looked for may
/// be there.
fn alone(presence: impl Fn(&str) -> guest_os::Result<Presence>) -> Result<(), String> {
    for other in &OTHERS {
        match presence(other.name) {
            Ok(Presence::Missing) => {}
            Ok(Presence::Disabled) if other.may_be_disabled => {}
            Ok(_) => {
                return Err(format!(
                    "not beside the service {}: {}",
                    other.name, other.why
                ));
            }
            Err(problem) => return Err(problem.to_string()),
        }
    }
    Ok(())
}

fn refused(problem: &str) -> ExitCode {
    complain(&format!("hospes-agent service: {problem}\n"));
    ExitCode::FAILURE
}

/// What the system's service manager calls.
fn run(name: &str) -> ExitCode {
    let Some(row) = SERVICES.iter().find(|row| row.service.name == name) else {
        return usage();
    };
    service::run(&row.service, row.main).unwrap_or_else(|problem| {
        complain(&format!("hospes-agent service run: {problem}\n"));
        ExitCode::FAILURE
    })
}

fn parsed(word: &str) -> Option<Change> {
    Some(match word {
        "install" => Change::Install,
        "uninstall" => Change::Uninstall,
        "start" => Change::Start,
        "stop" => Change::Stop,
        _ => return None,
    })
}

fn usage() -> ExitCode {
    complain(USAGE);
    ExitCode::from(2)
}

#[cfg(test)]
mod tests {
    use guest_os::Error;

    use super::*;

    #[test]
    fn services_are_not_installed_beside_an_agent_that_can_run() {
        use Presence::{Disabled, Enabled, Missing};
        for (qemu, google, refused_for) in [
            (Missing, Missing, None),
            (Disabled, Missing, None),
            (Enabled, Missing, Some("QEMU-GA")),
            (Missing, Enabled, Some("GCEAgent")),
            (Disabled, Disabled, Some("GCEAgent")),
        ] {
            let presence = |name: &str| {
                Ok(match name {
                    "QEMU-GA" => qemu,
                    _ => google,
                })
            };
            match (alone(presence), refused_for) {
                (Ok(()), None) => {}
                (Err(problem), Some(name)) => assert!(problem.contains(name), "{problem}"),
                (result, _) => panic!("{qemu:?} {google:?}: {result:?}"),
            }
        }
    }

    #[test]
    fn an_agent_that_cannot_be_looked_for_may_be_there() {
        let problem = alone(|_| Err(Error::Invalid("no answer".to_owned())));
        assert_eq!(problem, Err("no answer".to_owned()));
    }
}
