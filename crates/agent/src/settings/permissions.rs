//! Which commands may be called.

use qga::{AgentError, CommandSpec, Support, System};

use super::resolved::Settings;

/// Which commands the settings allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permissions {
    commands: Vec<(&'static CommandSpec, Permission)>,
    unknown: Vec<String>,
}

/// Whether a command may be called now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// It may.
    Allowed,
    /// The settings refuse it.
    Disabled,
    /// File systems are frozen, and it could wait for them for ever.
    Frozen,
    /// This system's agent lists it and cannot carry it out, for this reason.
    Unsupported(&'static str),
    /// There is no such command on this system.
    Unknown,
}

impl Permissions {
    /// The permissions that `settings` give for the commands of `system`: a list of allowed ones
    /// refuses all others, and what is blocked is refused in any case.
    #[must_use]
    pub fn new(system: System, settings: &Settings) -> Self {
        let (allow, block) = (&settings.allow_rpcs, &settings.block_rpcs);
        let stands_in = |list: &[String], name: &str| list.iter().any(|listed| listed == name);
        let is_allowed =
            |name: &str| (allow.is_empty() || stands_in(allow, name)) && !stands_in(block, name);
        let permission = |command: &CommandSpec| match command.on(system) {
            Support::Disabled(reason) => Permission::Unsupported(reason),
            _ if is_allowed(command.name) => Permission::Allowed,
            _ => Permission::Disabled,
        };
        let is_unknown = |name: &&String| !system.commands().any(|command| command.name == **name);
        Self {
            commands: system
                .commands()
                .map(|command| (command, permission(command)))
                .collect(),
            unknown: allow
                .iter()
                .chain(block)
                .filter(is_unknown)
                .cloned()
                .collect(),
        }
    }

    /// Whether a command may be called. While file systems are frozen the settings do not count:
    /// whoever froze them must be able to thaw them.
    #[must_use]
    pub fn of(&self, name: &str, is_frozen: bool) -> Permission {
        let found = self
            .commands
            .iter()
            .find(|(command, _)| command.name == name);
        match found {
            None => Permission::Unknown,
            Some((command, Permission::Allowed | Permission::Disabled)) if is_frozen => {
                match command.while_frozen {
                    true => Permission::Allowed,
                    false => Permission::Frozen,
                }
            }
            Some((_, permission)) => *permission,
        }
    }

    /// Names in the lists that are no commands, for the log: QEMU's agent passes over them, and
    /// so a list serves agents of several versions.
    #[must_use]
    pub fn unknown(&self) -> &[String] {
        &self.unknown
    }
}

impl Permission {
    /// Lets a call through.
    ///
    /// # Errors
    /// It is not allowed: class `CommandNotFound`, in the words of QEMU's agent.
    pub fn admit(self, name: &str) -> Result<(), AgentError> {
        let desc = match self {
            Self::Allowed => return Ok(()),
            Self::Disabled => {
                format!("Command {name} has been disabled: the command is not allowed")
            }
            Self::Frozen => {
                format!("Command {name} has been disabled: the agent is in frozen state")
            }
            Self::Unsupported(reason) => format!("Command {name} has been disabled: {reason}"),
            Self::Unknown => format!("The command {name} has not been found"),
        };
        Err(AgentError {
            class: AgentError::COMMAND_NOT_FOUND.to_owned(),
            desc,
        })
    }
}
