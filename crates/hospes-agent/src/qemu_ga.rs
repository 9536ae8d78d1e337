//! The program as `qemu-ga`: its command line and configuration file.

use std::ffi::OsString;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::process::ExitCode;

use agent::settings::{
    self, Action, Config, ConfigSource, Inherited, MOST_CONFIG_BYTES, PartialSettings,
    ServiceCommand, Settings, UsageError,
};
use guest_os::SYSTEM;
use guest_os::service::Change;
use guest_os::transport::{self, Family, Listener};

use crate::{complain, print, serve, services, version};

/// Does what the arguments behind the program's name ask for.
pub(crate) fn main(program: &str, arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let invocation = match settings::parse(SYSTEM, arguments) {
        Ok(invocation) => invocation,
        Err(error) => {
            complain(&error.report(program));
            return ExitCode::from(UsageError::EXIT_STATUS);
        }
    };
    match invocation.action {
        Action::Help => print(&settings::help(SYSTEM, program, version::REPORTED)),
        Action::Version => print(&settings::version_text(version::REPORTED)),
        Action::ListCommands => print(&commands()),
        Action::Service(ServiceCommand::Install) => services::all(Change::Install, false),
        Action::Service(ServiceCommand::Uninstall) => services::all(Change::Uninstall, false),
        action => match prepare(invocation.cli, &invocation.ignored) {
            Ok(prepared) if action == Action::DumpConf => {
                print(&settings::dump_conf(&prepared.settings))
            }
            Ok(prepared) => serve::main(program, prepared),
            Err(problem) => {
                complain(&format!("{program}: {problem}\n"));
                ExitCode::FAILURE
            }
        },
    }
}

fn commands() -> String {
    let names = SYSTEM.commands().map(|command| command.name);
    names.flat_map(|name| [name, "\n"]).collect()
}

/// Everything that is known before the agent starts.
pub(crate) struct Prepared {
    pub(crate) settings: Settings,
    /// The socket that systemd listens on for us.
    pub(crate) inherited: Option<Listener>,
    /// What the configuration file and the command line say in vain.
    pub(crate) warnings: Vec<String>,
}

fn prepare(cli: PartialSettings, ignored: &[OsString]) -> Result<Prepared, String> {
    let config = configuration(&cli)?;
    let ignored = ignored
        .iter()
        .map(|word| format!("the argument `{}` means nothing", word.to_string_lossy()));
    let inherited = transport::activated().map_err(|error| error.to_string())?;
    let kind = inherited.as_ref().map(|listener| match listener.family() {
        Family::Unix => Inherited::Unix,
        Family::Vsock => Inherited::Vsock,
    });
    let settings = Settings::resolve(SYSTEM, cli.over(config.settings), kind);
    Ok(Prepared {
        settings: settings.map_err(|error| error.to_string())?,
        inherited,
        warnings: config.warnings.into_iter().chain(ignored).collect(),
    })
}

/// What the configuration file says: nothing, when it is missing and nobody asked for it.
pub(crate) fn configuration(cli: &PartialSettings) -> Result<Config, String> {
    let source = ConfigSource::find(SYSTEM, cli, std::env::var_os("QGA_CONF"));
    let path = source.path.display();
    let bytes = match File::open(&source.path) {
        Ok(file) => {
            // One byte more than allowed, so that a longer file is told from one that just fits.
            let mut bytes = Vec::new();
            let read = file
                .take(MOST_CONFIG_BYTES as u64 + 1)
                .read_to_end(&mut bytes);
            read.map_err(|error| format!("cannot read {path}: {error}"))?;
            bytes
        }
        Err(error) if error.kind() == ErrorKind::NotFound && !source.is_required => Vec::new(),
        Err(error) => {
            return Err(format!(
                "cannot read the configuration file {path}: {error}"
            ));
        }
    };
    settings::decode_config(&bytes).map_err(|error| format!("{path}, {error}"))
}
