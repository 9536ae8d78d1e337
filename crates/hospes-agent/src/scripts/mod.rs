//! The runner of metadata scripts: `hospes-agent scripts EVENT`.
//!
//! ```text
//! command_line ─► run ─┬─ settings    instance_configs.cfg
//!                      ├─ power       does the machine go down?
//!                      ├─ RunDir      did these scripts run in this boot, for this stop?
//!                      ├─ graceful    which stop, until when; the report to the host
//!                      ├─ attributes  which scripts there are: asked for a bounded time
//!                      └─ for each ─► folder ─► content ─► execute ─► explain
//!                                     private   a file     one poll   why it did not run
//! log: the journal with fields and the console, else lines on standard output
//! ```
//!
//! A process of its own: an agent that is upgraded never touches a script that runs. A script that
//! fails does not keep the next one from running; the runner fails then.

mod attributes;
mod command_line;
mod content;
mod execute;
mod explain;
mod folder;
mod forward;
mod graceful;
mod interrupt;
mod log;
pub(crate) mod man;
mod run;
mod settings;

use std::ffi::OsString;
use std::process::ExitCode;

use metadata::scripts::{Event, settings_files};

use crate::system::DIALECT;
use crate::{complain, print};
use command_line::{Command, Order};

/// The names that the program is called by in the units and on the command line.
pub(crate) const NAMES: [&str; 2] = [
    "google_metadata_script_runner",
    "google_metadata_script_runner_adapt",
];

/// The name of the runner's file on Windows, without its ending.
pub(crate) const WINDOWS_NAME: &str = "GCEMetadataScriptRunner";

const USAGE: &str = "\
Usage:
  hospes-agent scripts EVENT [OPTIONS]    run the scripts of an event, as the metadata server has them

Events: startup, shutdown, graceful-shutdown, specialize

Options:
  --only-at-poweroff    run nothing unless the machine goes down (for ExecStop=)
  --again               run the scripts also when they have run in this boot or for this stop
  --config FILE         settings, with FILE.distro and FILE.template:
                        @CONFIG@
  --help

Exit status: 0 all scripts succeeded, or none had to run; 1 a script failed or could not be fetched;
2 usage. Also called google_metadata_script_runner[_adapt] EVENT, or GCEMetadataScriptRunner.exe EVENT.
";

fn usage() -> String {
    USAGE.replace("@CONFIG@", settings_files(DIALECT)[0])
}

/// What completions and the manual know of the command line.
pub(crate) const OPTIONS: [&str; 4] = ["--only-at-poweroff", "--again", "--config", "--help"];

/// The events, as words of the command line.
pub(crate) fn events() -> impl Iterator<Item = &'static str> {
    Event::all().map(Event::name)
}

/// Does what the arguments ask for. `name` is what the program was called by.
pub(crate) fn main(name: &str, arguments: impl Iterator<Item = OsString>) -> ExitCode {
    match command_line::parse(arguments) {
        Ok(Command::Run(order)) => run::main(&by_hand(name, order), name),
        Ok(Command::Forward { event, key, name }) => forward::main(event, &key, &name),
        Ok(Command::Help) => print(&usage()),
        Err(problem) => {
            complain(&format!("{name}: {problem}\n\n{}", usage()));
            ExitCode::from(2)
        }
    }
}

/// Under Google's own name, and not started by systemd, the program is what Google's manual tells
/// people to type when startup scripts shall run again.
fn by_hand(name: &str, order: Order) -> Order {
    let is_typed = name == NAMES[0] && std::env::var_os("INVOCATION_ID").is_none();
    Order {
        again: order.again || (is_typed && order.event == Event::Startup),
        ..order
    }
}
