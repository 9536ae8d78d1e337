//! The commands of the program, and the names that it is called by.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::ExitCode;

use crate::{complain, man, print, qemu_ga, scripts, self_test, services, version, watcher};

const USAGE: &str = "\
hospes-agent, the guest end of hospes: a drop-in QEMU guest agent

Usage:
  hospes-agent qemu-ga [OPTIONS]      be the guest agent, with the options of qemu-ga
  hospes-agent self-test [--json]     tell what works in this guest
  hospes-agent metadata-watcher       start the graceful scripts when the host announces a stop
  hospes-agent report-graceful-shutdown
                                      tell the host how they ended (the unit calls it)
  hospes-agent scripts EVENT [OPTIONS]
                                      run the scripts that the metadata server has (--help)
  hospes-agent service CHANGE         install, uninstall, start or stop the services (--help)
  hospes-agent man                    print the manual page
  hospes-agent completions            print completions for bash
  hospes-agent --version | --help

Called as `qemu-ga`, it behaves as qemu-ga; as `google_metadata_script_runner EVENT` or
`GCEMetadataScriptRunner.exe EVENT`, it runs scripts.
";

/// Runs the program with its arguments, the first of which is its name.
#[must_use]
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    let mut arguments = arguments.into_iter();
    let name = arguments.next().unwrap_or_default();
    let called_as = called_as(&name);
    if called_as == "qemu-ga" {
        return qemu_ga::main(&name.to_string_lossy(), arguments);
    }
    let mut runners = scripts::NAMES.iter().chain([&scripts::WINDOWS_NAME]);
    if let Some(name) = runners.find(|name| called_as.eq_ignore_ascii_case(name)) {
        return scripts::main(name, arguments);
    }
    let command = arguments.next().unwrap_or_default();
    match command.to_str() {
        Some("qemu-ga") => qemu_ga::main("hospes-agent qemu-ga", arguments),
        Some("self-test") => self_test::main(arguments),
        Some("scripts") => scripts::main("hospes-agent", arguments),
        Some("service") => services::main(arguments),
        Some("metadata-watcher") => watcher::main(arguments),
        Some("report-graceful-shutdown") => watcher::unit_end::main(arguments),
        Some("man") => print(&man::page()),
        Some("completions") => print(&man::bash_completions()),
        Some("--version" | "-V") => print(&format!(
            "hospes-agent {} (reports {})\n",
            version::OWN,
            version::REPORTED
        )),
        Some("--help" | "-h" | "help") => print(USAGE),
        _ => {
            complain(&format!(
                "`{}` is no command of hospes-agent.\n\n{USAGE}",
                command.to_string_lossy()
            ));
            ExitCode::from(2)
        }
    }
}

/// The name of the program's file, without the ending of Windows.
fn called_as(name: &OsStr) -> String {
    let name = Path::new(name).file_name().unwrap_or_default();
    let name = name.to_string_lossy();
    let ending = name.len().saturating_sub(".exe".len());
    match name.get(ending..) {
        Some(last) if last.eq_ignore_ascii_case(".exe") => name[..ending].to_owned(),
        _ => name.into_owned(),
    }
}
