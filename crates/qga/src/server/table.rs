//! The table of commands: what `guest-info` lists.

use crate::System;

/// One command of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommandSpec {
    /// Its name on the wire.
    pub name: &'static str,
    /// A success is answered; power commands are silent then.
    pub success_response: bool,
    /// It is answered while file systems are frozen.
    pub while_frozen: bool,
    linux: Support,
    windows: Support,
}

/// What the agent of one system makes of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Support {
    /// It carries the command out.
    Full,
    /// It lists the command as disabled and refuses it, for this reason.
    Disabled(&'static str),
    /// It does not know the command: the schema has none for this system.
    Absent,
}

/// Why freezes are refused on Windows, where a provider of the Volume Shadow Copy Service would
/// carry them out.
const NO_VSS: &str = "this agent has no VSS provider";

/// Why the load is refused there.
const NO_LOAD: &str = "Windows keeps no load average";

impl CommandSpec {
    /// The command of this name, on whichever system.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        COMMANDS.iter().find(|command| command.name == name)
    }

    /// What the agent of `system` makes of it.
    #[must_use]
    pub const fn on(&self, system: System) -> Support {
        match system {
            System::Linux => self.linux,
            System::Windows => self.windows,
        }
    }

    const fn new(name: &'static str) -> Self {
        Self {
            name,
            success_response: true,
            while_frozen: false,
            linux: Support::Full,
            windows: Support::Full,
        }
    }

    const fn linux(name: &'static str) -> Self {
        Self {
            windows: Support::Absent,
            ..Self::new(name)
        }
    }

    const fn windows(name: &'static str) -> Self {
        Self {
            linux: Support::Absent,
            ..Self::new(name)
        }
    }

    const fn not_on_windows(name: &'static str, why: &'static str) -> Self {
        Self {
            windows: Support::Disabled(why),
            ..Self::new(name)
        }
    }

    const fn freeze(name: &'static str) -> Self {
        Self::not_on_windows(name, NO_VSS)
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

impl System {
    /// The commands that the agent of this system lists, in the order of `guest-info`.
    pub fn commands(self) -> impl Iterator<Item = &'static CommandSpec> {
        let is_listed = move |command: &&CommandSpec| command.on(self) != Support::Absent;
        COMMANDS.iter().filter(is_listed)
    }
}

/// Every command of the protocol, on whichever system, in the order of `guest-info`: QEMU's agent
/// lists the last of its schema first.
pub const COMMANDS: &[CommandSpec] = &[
    CommandSpec::linux("guest-network-get-route"),
    CommandSpec::not_on_windows("guest-get-load", NO_LOAD),
    CommandSpec::linux("guest-get-cpustats"),
    CommandSpec::linux("guest-get-diskstats"),
    CommandSpec::new("guest-ssh-remove-authorized-keys"),
    CommandSpec::new("guest-ssh-add-authorized-keys"),
    CommandSpec::new("guest-ssh-get-authorized-keys"),
    CommandSpec::windows("guest-get-devices"),
    CommandSpec::new("guest-get-osinfo"),
    CommandSpec::new("guest-get-timezone"),
    CommandSpec::new("guest-get-users"),
    CommandSpec::new("guest-get-host-name"),
    CommandSpec::new("guest-exec"),
    CommandSpec::new("guest-exec-status"),
    CommandSpec::linux("guest-get-memory-block-info"),
    CommandSpec::linux("guest-set-memory-blocks"),
    CommandSpec::linux("guest-get-memory-blocks"),
    CommandSpec::new("guest-set-user-password"),
    CommandSpec::new("guest-get-fsinfo"),
    CommandSpec::new("guest-get-disks"),
    CommandSpec::linux("guest-set-vcpus"),
    CommandSpec::new("guest-get-vcpus"),
    CommandSpec::new("guest-network-get-interfaces"),
    CommandSpec::linux("guest-suspend-hybrid").silent(),
    CommandSpec::new("guest-suspend-ram").silent(),
    CommandSpec::new("guest-suspend-disk").silent(),
    CommandSpec::new("guest-fstrim"),
    CommandSpec::freeze("guest-fsfreeze-thaw").even_frozen(),
    CommandSpec::freeze("guest-fsfreeze-freeze-list"),
    CommandSpec::freeze("guest-fsfreeze-freeze"),
    CommandSpec::freeze("guest-fsfreeze-status").even_frozen(),
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

    fn names(system: System, wanted: impl Fn(&CommandSpec) -> bool) -> Vec<&'static str> {
        let found = system.commands().filter(|command| wanted(command));
        found.map(|command| command.name).collect()
    }

    #[test]
    fn every_command_is_read_and_is_listed_once() {
        assert_eq!(COMMANDS.len(), 44);
        for command in COMMANDS {
            let listed = COMMANDS.iter().filter(|other| other.name == command.name);
            assert_eq!(listed.count(), 1, "{}", command.name);
            assert_eq!(CommandSpec::find(command.name), Some(command));
            let is_unknown =
                Call::decode(command.name, None).is_err_and(|error| error.is_command_not_found());
            assert!(!is_unknown, "{}", command.name);
        }
        for name in ["", "guest", "guest-pin", "guest-pingg"] {
            assert_eq!(CommandSpec::find(name), None);
            let error = Call::decode(name, None).unwrap_err();
            assert!(error.is_command_not_found(), "{name}: {error}");
        }
    }

    #[test]
    fn each_system_lists_the_commands_of_its_schema() {
        assert_eq!(System::Linux.commands().count(), 43);
        assert_eq!(System::Windows.commands().count(), 36);
        let only_on = |system, other| names(system, |command| command.on(other) == Support::Absent);
        assert_eq!(
            only_on(System::Linux, System::Windows),
            [
                "guest-network-get-route",
                "guest-get-cpustats",
                "guest-get-diskstats",
                "guest-get-memory-block-info",
                "guest-set-memory-blocks",
                "guest-get-memory-blocks",
                "guest-set-vcpus",
                "guest-suspend-hybrid",
            ]
        );
        assert_eq!(
            only_on(System::Windows, System::Linux),
            ["guest-get-devices"]
        );
    }

    #[test]
    fn windows_lists_freezes_and_load_and_refuses_them() {
        let refused = |system: System| {
            names(system, |command| {
                matches!(command.on(system), Support::Disabled(_))
            })
        };
        assert_eq!(
            refused(System::Windows),
            [
                "guest-get-load",
                "guest-fsfreeze-thaw",
                "guest-fsfreeze-freeze-list",
                "guest-fsfreeze-freeze",
                "guest-fsfreeze-status",
            ]
        );
        assert!(refused(System::Linux).is_empty());
    }

    #[test]
    fn power_is_silent_and_little_is_answered_while_frozen() {
        assert_eq!(
            names(System::Linux, |command| !command.success_response),
            [
                "guest-suspend-hybrid",
                "guest-suspend-ram",
                "guest-suspend-disk",
                "guest-shutdown"
            ]
        );
        assert_eq!(
            names(System::Windows, |command| !command.success_response),
            ["guest-suspend-ram", "guest-suspend-disk", "guest-shutdown"]
        );
        assert_eq!(
            names(System::Linux, |command| command.while_frozen),
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
