//! The table of commands: what `guest-info` lists.

/// One command of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommandSpec {
    /// Its name on the wire.
    pub name: &'static str,
    /// A success is answered; power commands are silent then.
    pub success_response: bool,
    /// It is answered while file systems are frozen.
    pub while_frozen: bool,
}

impl CommandSpec {
    /// The command of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        COMMANDS.iter().find(|command| command.name == name)
    }

    const fn new(name: &'static str) -> Self {
        Self {
            name,
            success_response: true,
            while_frozen: false,
        }
    }

    const fn silent(self) -> Self {
        Self {
            success_response: false,
            ..self
        }
    }

    const fn even_frozen(self) -> Self {
        Self {
            while_frozen: true,
            ..self
        }
    }
}

/// Every command that the agent knows on this platform, in the order of `guest-info`: QEMU's agent
/// lists the last of its schema first.
pub const COMMANDS: &[CommandSpec] = &[
    CommandSpec::new("guest-network-get-route"),
    CommandSpec::new("guest-get-load"),
    CommandSpec::new("guest-get-cpustats"),
    CommandSpec::new("guest-get-diskstats"),
    CommandSpec::new("guest-ssh-remove-authorized-keys"),
    CommandSpec::new("guest-ssh-add-authorized-keys"),
    CommandSpec::new("guest-ssh-get-authorized-keys"),
    CommandSpec::new("guest-get-osinfo"),
    CommandSpec::new("guest-get-timezone"),
    CommandSpec::new("guest-get-users"),
    CommandSpec::new("guest-get-host-name"),
    CommandSpec::new("guest-exec"),
    CommandSpec::new("guest-exec-status"),
    CommandSpec::new("guest-get-memory-block-info"),
    CommandSpec::new("guest-set-memory-blocks"),
    CommandSpec::new("guest-get-memory-blocks"),
    CommandSpec::new("guest-set-user-password"),
    CommandSpec::new("guest-get-fsinfo"),
    CommandSpec::new("guest-get-disks"),
    CommandSpec::new("guest-set-vcpus"),
    CommandSpec::new("guest-get-vcpus"),
    CommandSpec::new("guest-network-get-interfaces"),
    CommandSpec::new("guest-suspend-hybrid").silent(),
    CommandSpec::new("guest-suspend-ram").silent(),
    CommandSpec::new("guest-suspend-disk").silent(),
    CommandSpec::new("guest-fstrim"),
    CommandSpec::new("guest-fsfreeze-thaw").even_frozen(),
    CommandSpec::new("guest-fsfreeze-freeze-list"),
    CommandSpec::new("guest-fsfreeze-freeze"),
    CommandSpec::new("guest-fsfreeze-status").even_frozen(),
    CommandSpec::new("guest-file-flush"),
    CommandSpec::new("guest-file-seek"),
    CommandSpec::new("guest-file-write"),
    CommandSpec::new("guest-file-read"),
    CommandSpec::new("guest-file-close"),
    CommandSpec::new("guest-file-open"),
    CommandSpec::new("guest-shutdown").silent(),
    CommandSpec::new("guest-info").even_frozen(),
    CommandSpec::new("guest-set-time"),
    CommandSpec::new("guest-get-time"),
    CommandSpec::new("guest-ping").even_frozen(),
    CommandSpec::new("guest-sync").even_frozen(),
    CommandSpec::new("guest-sync-delimited").even_frozen(),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::Call;

    #[test]
    fn every_command_is_read_and_is_listed_once() {
        assert_eq!(COMMANDS.len(), 43);
        for command in COMMANDS {
            let listed = COMMANDS.iter().filter(|other| other.name == command.name);
            assert_eq!(listed.count(), 1, "{}", command.name);
            assert_eq!(CommandSpec::find(command.name), Some(command));
            let is_unknown =
                Call::decode(command.name, None).is_err_and(|error| error.is_command_not_found());
            assert!(!is_unknown, "{}", command.name);
        }
        for name in ["", "guest", "guest-get-devices", "guest-pin", "guest-pingg"] {
            assert_eq!(CommandSpec::find(name), None);
            let error = Call::decode(name, None).unwrap_err();
            assert!(error.is_command_not_found(), "{name}: {error}");
        }
    }

    #[test]
    fn power_is_silent_and_little_is_answered_while_frozen() {
        let names = |wanted: fn(&CommandSpec) -> bool| -> Vec<&str> {
            let found = COMMANDS.iter().filter(|command| wanted(command));
            found.map(|command| command.name).collect()
        };
        assert_eq!(
            names(|command| !command.success_response),
            [
                "guest-suspend-hybrid",
                "guest-suspend-ram",
                "guest-suspend-disk",
                "guest-shutdown"
            ]
        );
        assert_eq!(
            names(|command| command.while_frozen),
            [
                "guest-fsfreeze-thaw",
                "guest-fsfreeze-status",
                "guest-info",
                "guest-ping",
                "guest-sync",
                "guest-sync-delimited"
            ]
        );
    }
}
