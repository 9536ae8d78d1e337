//! The command: its options, and what it looks at.

use std::ffi::OsString;
use std::process::ExitCode;

use agent::settings::{PartialSettings, Settings};
use guest_os::SYSTEM;

use super::report::Report;
use super::{checks, sight};
use crate::agent::Agent;
use crate::{complain, print, qemu_ga};

const USAGE: &str = "\
Usage: hospes-agent self-test [--json] [--config PATH]

Tells what works in this guest: port, agent, configuration, commands, and what the
hypervisor sees. Changes nothing. Ends with 1 when something does not work.
";

struct Options {
    json: bool,
    cli: PartialSettings,
}

pub(crate) fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let options = match options(arguments) {
        Ok(Some(options)) => options,
        Ok(None) => return print(USAGE),
        Err(problem) => {
            complain(&format!("hospes-agent self-test: {problem}\n\n{USAGE}"));
            return ExitCode::from(2);
        }
    };
    let report = examine(options.cli);
    let ending = if report.works() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    };
    let text = if options.json {
        report.document()
    } else {
        report.text()
    };
    print(&text);
    ending
}

fn options(mut arguments: impl Iterator<Item = OsString>) -> Result<Option<Options>, String> {
    let mut options = Options {
        json: false,
        cli: PartialSettings::default(),
    };
    while let Some(argument) = arguments.next() {
        match argument.to_str() {
            Some("--json") => options.json = true,
            Some("--config" | "-c") => {
                let path = arguments.next().ok_or("--config needs a path")?;
                options.cli.config = Some(path.into());
            }
            Some("--help" | "-h") => return Ok(None),
            _ => return Err(format!("`{}` is no option", argument.to_string_lossy())),
        }
    }
    Ok(Some(options))
}

fn examine(cli: PartialSettings) -> Report {
    let mut report = Report::default();
    let config = qemu_ga::configuration(&cli);
    report.checks.push(checks::configuration(&config));
    let partial = cli.over(config.map(|config| config.settings).unwrap_or_default());
    // Settings that cannot be resolved are told by the first check; the defaults say the rest.
    let settings = Settings::resolve(SYSTEM, partial, None)
        .or_else(|_| Settings::resolve(SYSTEM, PartialSettings::default(), None));
    if let Ok(settings) = settings {
        let agent = Agent::new(&settings);
        report.checks.extend(checks::all(&settings, &agent));
        report.commands = sight::commands(&agent);
        report.seen = sight::hypervisor_sees(&agent);
    }
    report
}
