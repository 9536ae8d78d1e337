//! The command line, read as `getopt_long(3)` reads it for QEMU's agent.

use std::ffi::OsString;
use std::ops::ControlFlow;

use qga::System;
use thiserror::Error;

use super::defaults;
use super::options::{Argument, Id, OPTIONS, OptionSpec};
use super::partial::PartialSettings;
use super::service::ServiceCommand;

/// What a command line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// What to do.
    pub action: Action,
    /// What it sets.
    pub cli: PartialSettings,
    /// Arguments that mean nothing, as the path in `-F /path`: QEMU's agent passes over them.
    pub ignored: Vec<OsString>,
}

/// What the program does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Be the agent.
    Run,
    /// Print the options.
    Help,
    /// Print the version.
    Version,
    /// Print the settings.
    DumpConf,
    /// Print the names of all commands.
    ListCommands,
    /// Do this to the agent's service; Windows only.
    Service(ServiceCommand),
}

/// Why a command line was not understood, in the words of `getopt_long(3)`.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UsageError {
    /// A long option that is none.
    #[error("unrecognized option '--{0}'")]
    Unrecognized(String),
    /// A short option that is none.
    #[error("invalid option -- '{0}'")]
    Invalid(char),
    /// An abbreviation of several options.
    #[error("option '--{name}' is ambiguous; possibilities:{}", listed(.possible))]
    Ambiguous {
        /// What was written.
        name: String,
        /// What it could be.
        possible: Vec<&'static str>,
    },
    /// A short option without its argument.
    #[error("option requires an argument -- '{0}'")]
    ShortWithoutArgument(char),
    /// A long option without its argument.
    #[error("option '--{0}' requires an argument")]
    LongWithoutArgument(&'static str),
    /// A long flag with an argument.
    #[error("option '--{0}' doesn't allow an argument")]
    UnwantedArgument(&'static str),
    /// An argument that is not text.
    #[error("the argument of option '{0}' is not valid UTF-8")]
    NotText(String),
    /// An option that only Windows has.
    #[error("option '{0}' is for Windows only")]
    ForWindows(String),
    /// A command for services that is none.
    #[error("'{0}' is no service command: it is install or uninstall")]
    ServiceCommand(String),
    /// A command for the provider of shadow copies, which QEMU's agent has.
    #[error("'{0}' does nothing: this agent has no VSS provider")]
    NoVss(String),
    /// Something that the reader of the command line did not take.
    #[error("{0}")]
    Unread(String),
}

/// Reads the arguments behind the program's name, as the agent of `system` does.
///
/// # Errors
/// The first argument that makes no sense, unless help, version or the list of commands was asked
/// for before it.
pub fn parse(
    system: System,
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<Invocation, UsageError> {
    let mut parser = lexopt::Parser::from_args(arguments);
    // To getopt, `-m=x` names the method `=x`.
    parser.set_short_equals(false);
    let mut invocation = Invocation {
        action: Action::Run,
        cli: PartialSettings::default(),
        ignored: Vec::new(),
    };
    while let Some(word) = next_word(&mut parser)? {
        let given = match word {
            Word::Positional(value) => {
                invocation.ignored.push(value);
                continue;
            }
            Word::Short(letter) => short_option(&mut parser, letter)?,
            Word::Long(name) => long_option(system, &mut parser, name)?,
        };
        if let ControlFlow::Break(action) = invocation.take(system, given)? {
            invocation.action = action;
            break;
        }
    }
    Ok(invocation)
}

/// One word of the command line, free of the parser that read it.
enum Word {
    Short(char),
    Long(String),
    Positional(OsString),
}

fn next_word(parser: &mut lexopt::Parser) -> Result<Option<Word>, UsageError> {
    let word = parser
        .next()
        .map_err(|error| UsageError::Unread(error.to_string()))?;
    Ok(word.map(|word| match word {
        lexopt::Arg::Short(letter) => Word::Short(letter),
        lexopt::Arg::Long(name) => Word::Long(name.to_owned()),
        lexopt::Arg::Value(value) => Word::Positional(value),
    }))
}

/// An option as it was given.
struct Given {
    spec: &'static OptionSpec,
    /// Its name with dashes.
    name: String,
    argument: Option<OsString>,
}

fn short_option(parser: &mut lexopt::Parser, letter: char) -> Result<Given, UsageError> {
    let spec = OPTIONS.iter().find(|option| option.short == Some(letter));
    let spec = spec.ok_or(UsageError::Invalid(letter))?;
    let argument = match spec.argument {
        Argument::Nothing => None,
        Argument::Optional(_) => parser.optional_value(),
        Argument::Required(_) => {
            let value = parser.value();
            Some(value.map_err(|_| UsageError::ShortWithoutArgument(letter))?)
        }
    };
    Ok(Given {
        spec,
        name: format!("-{letter}"),
        argument,
    })
}

fn long_option(
    system: System,
    parser: &mut lexopt::Parser,
    written: String,
) -> Result<Given, UsageError> {
    let (spec, name) = find_long(system, parser, written)?;
    let argument = match spec.argument {
        Argument::Nothing => match parser.optional_value() {
            None => None,
            Some(_) => return Err(UsageError::UnwantedArgument(name)),
        },
        Argument::Optional(_) => parser.optional_value(),
        Argument::Required(_) => {
            let value = parser.value();
            Some(value.map_err(|_| UsageError::LongWithoutArgument(name))?)
        }
    };
    Ok(Given {
        spec,
        name: format!("--{name}"),
        argument,
    })
}

/// The option that is called so, or the only one of this system whose name begins so. On Linux
/// `--service` is no name to be abbreviated: `--s` means `--statedir` to QEMU's agent.
fn find_long(
    system: System,
    parser: &mut lexopt::Parser,
    written: String,
) -> Result<(&'static OptionSpec, &'static str), UsageError> {
    let names: Vec<(&OptionSpec, &str)> = OPTIONS
        .iter()
        .flat_map(|option| option.longs.iter().map(move |long| (option, *long)))
        .filter(|(option, long)| {
            *long == written || (long.starts_with(&written) && option.is_told_on(system))
        })
        .collect();
    if let Some(exact) = names.iter().find(|(_, long)| *long == written) {
        return Ok(*exact);
    }
    let one_option = names.windows(2).all(|two| two[0].0.id == two[1].0.id);
    match names.first() {
        Some(found) if one_option => Ok(*found),
        first => {
            let name = with_value(parser, written);
            Err(match first {
                None => UsageError::Unrecognized(name),
                Some(_) => UsageError::Ambiguous {
                    name,
                    possible: names.iter().map(|(_, long)| *long).collect(),
                },
            })
        }
    }
}

/// The option as it was written, with `=value` when that was part of it.
fn with_value(parser: &mut lexopt::Parser, name: String) -> String {
    match parser.optional_value() {
        Some(value) => format!("{name}={}", value.to_string_lossy()),
        None => name,
    }
}

fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!(" '--{name}'")).collect()
}

impl Invocation {
    /// Takes one option; breaks at one after which nothing else counts.
    fn take(&mut self, system: System, given: Given) -> Result<ControlFlow<Action>, UsageError> {
        let Given {
            spec,
            name,
            argument,
        } = given;
        let argument = argument.map(OsString::into_string).transpose();
        let argument = argument.map_err(|_| UsageError::NotText(name.clone()))?;
        let cli = &mut self.cli;
        match spec.id {
            Id::Help => return Ok(ControlFlow::Break(Action::Help)),
            Id::Version => return Ok(ControlFlow::Break(Action::Version)),
            Id::Service if system != System::Windows => return Err(UsageError::ForWindows(name)),
            Id::Service => {
                self.action = Action::Service(argument.unwrap_or_default().parse()?);
            }
            Id::DumpConf => self.action = Action::DumpConf,
            Id::BlockRpcs | Id::AllowRpcs => {
                let list = argument.unwrap_or_default();
                if matches!(list.as_str(), "help" | "?") {
                    return Ok(ControlFlow::Break(Action::ListCommands));
                }
                match spec.id {
                    Id::BlockRpcs => cli.block(&list),
                    _ => cli.allow(&list),
                }
            }
            Id::FreezeHook => {
                let default = || defaults::paths(system).freeze_hook.to_owned();
                cli.freeze_hook = Some(argument.unwrap_or_else(default));
            }
            Id::Config => cli.config = argument.map(Into::into),
            Id::Method => cli.method = argument,
            Id::Path => cli.path = argument,
            Id::LogFile => cli.log_file = argument,
            Id::PidFile => cli.pid_file = argument,
            Id::StateDir => cli.state_dir = argument,
            Id::Verbose => cli.verbose = Some(true),
            Id::Daemonize => cli.daemonize = Some(true),
            Id::RetryPath => cli.retry_path = Some(true),
            Id::FreezeLimit | Id::HookDeadline | Id::ExecResultKept => {
                unreachable!("only the configuration file has {:?}", spec.id)
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

impl UsageError {
    /// The status with which the program exits, as QEMU's agent does.
    pub const EXIT_STATUS: u8 = 1;

    /// What goes to standard error: the fault, and where help is.
    #[must_use]
    pub fn report(&self, program: &str) -> String {
        format!("{program}: {self}\nTry '{program} --help' for more information.\n")
    }
}
