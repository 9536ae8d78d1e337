//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use metadata::scripts::{Event, settings_files};

use crate::system::DIALECT;

/// The word of the command that a runner starts for what it leaves in the background.
pub(super) const FORWARD: &str = "forward-output";

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Command {
    Run(Order),
    /// Log what comes on standard input as the output of a script.
    Forward {
        event: Event,
        key: String,
        /// What the runner was called by.
        name: String,
    },
    Help,
}

/// Which scripts run, and under which conditions.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) event: Event,
    pub(super) again: bool,
    pub(super) only_at_poweroff: bool,
    /// The first of the files with settings.
    pub(super) config: PathBuf,
}

/// Reads the arguments behind the command's name.
pub(super) fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Command, String> {
    let mut arguments = arguments.map(|word| {
        word.into_string()
            .map_err(|word| format!("`{}` is no text", word.to_string_lossy()))
    });
    let (mut event, mut again, mut only_at_poweroff) = (None, false, false);
    let mut config = PathBuf::from(settings_files(DIALECT)[0]);
    while let Some(word) = arguments.next().transpose()? {
        match word.as_str() {
            "--help" | "-h" => return Ok(Command::Help),
            "--again" => again = true,
            "--only-at-poweroff" => only_at_poweroff = true,
            "--config" => {
                let file = arguments.next().transpose()?;
                config = file.ok_or("--config needs a file")?.into();
            }
            FORWARD if event.is_none() => return forward(arguments),
            option if option.starts_with('-') => return Err(format!("`{option}` is no option")),
            _ if event.is_some() => return Err(format!("`{word}` is one argument too many")),
            event_name => {
                let known: Event = event_name.parse().map_err(|unknown| format!("{unknown}"))?;
                event = Some(known);
            }
        }
    }
    Ok(Command::Run(Order {
        event: event.ok_or("which event?")?,
        again,
        only_at_poweroff,
        config,
    }))
}

fn forward(mut arguments: impl Iterator<Item = Result<String, String>>) -> Result<Command, String> {
    let mut next = || arguments.next().transpose();
    match (next()?, next()?, next()?) {
        (Some(event), Some(key), Some(name)) => Ok(Command::Forward {
            event: event.parse().map_err(|unknown| format!("{unknown}"))?,
            key,
            name,
        }),
        _ => Err(format!("{FORWARD} needs an event, a key and a name")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(words: &[&str]) -> Result<Command, String> {
        parse(words.iter().map(OsString::from))
    }

    #[test]
    fn options_and_the_event_come_in_any_order() {
        let order = |again, only_at_poweroff, config: &str| {
            Ok(Command::Run(Order {
                event: Event::Shutdown,
                again,
                only_at_poweroff,
                config: config.into(),
            }))
        };
        let standard = settings_files(DIALECT)[0];
        for (words, expected) in [
            (&["shutdown"][..], order(false, false, standard)),
            (
                &["--only-at-poweroff", "shutdown", "--again"],
                order(true, true, standard),
            ),
            (&["shutdown", "--config", "/f"], order(false, false, "/f")),
            (&["shutdown", "--help"], Ok(Command::Help)),
        ] {
            assert_eq!(parsed(words), expected);
        }
    }

    #[test]
    fn what_makes_no_sense_is_told() {
        for (words, problem) in [
            (&[][..], "which event?"),
            (&["boot"], "`boot` is no event"),
            (
                &["startup", "shutdown"],
                "`shutdown` is one argument too many",
            ),
            (&["startup", "--agian"], "`--agian` is no option"),
            (&["startup", "--config"], "--config needs a file"),
            (&["forward-output", "startup"], "forward-output needs"),
        ] {
            let told = parsed(words).unwrap_err();
            assert!(told.starts_with(problem), "{told}");
        }
    }
}
