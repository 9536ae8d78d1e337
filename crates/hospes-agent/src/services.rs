//! `hospes-agent service`: the services of a system without units.

use std::ffi::OsString;
use std::process::ExitCode;

use guest_os::service::{self, Change, Service};

use crate::{complain, print, qemu_ga, watcher};

const USAGE: &str = "\
Usage:
  hospes-agent service install|uninstall|start|stop [--dry-run]

The services: hospes-agent, which hosts reach through the port, and hospes-metadata-watcher, which
starts the graceful scripts when the host announces a stop. Installing again makes them as they
should be. Stopping them stops nothing else. `qemu-ga -s install|uninstall` does the same. On Linux the
packages install units instead.
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

/// Makes a change to every service, up to the first that refuses.
pub(crate) fn all(change: Change, is_dry: bool) -> ExitCode {
    for Row { service, .. } in &SERVICES {
        match service::change(service, change, is_dry) {
            Ok(done) => print(&format!("{done}\n")),
            Err(problem) => {
                complain(&format!("hospes-agent service: {problem}\n"));
                return ExitCode::FAILURE;
            }
        };
    }
    ExitCode::SUCCESS
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
