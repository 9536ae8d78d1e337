//! `--service`: what is done to the agent's service on Windows.

use std::str::FromStr;

use super::command_line::UsageError;

/// What `--service` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceCommand {
    /// Make the service.
    Install,
    /// Take it away.
    Uninstall,
}

impl FromStr for ServiceCommand {
    type Err = UsageError;

    fn from_str(word: &str) -> Result<Self, UsageError> {
        match word {
            "install" => Ok(Self::Install),
            "uninstall" => Ok(Self::Uninstall),
            "vss-install" | "vss-uninstall" => Err(UsageError::NoVss(word.to_owned())),
            other => Err(UsageError::ServiceCommand(other.to_owned())),
        }
    }
}
