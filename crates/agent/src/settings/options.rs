//! The table of options: their names on the command line, their keys in the configuration file,
//! and what they are for.

use Argument::{Nothing, Optional, Required};
use qga::System;

/// What an option asks for or sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Id {
    /// The configuration file.
    Config,
    /// How hosts reach the agent.
    Method,
    /// Where they reach it.
    Path,
    /// Where the log goes.
    LogFile,
    /// Where a daemon's process id goes.
    PidFile,
    /// What runs before a freeze and after a thaw.
    FreezeHook,
    /// What must outlive the agent goes here.
    StateDir,
    /// More is logged.
    Verbose,
    /// The version is printed.
    Version,
    /// The agent runs in the background.
    Daemonize,
    /// Commands that are refused.
    BlockRpcs,
    /// The only commands that are not refused.
    AllowRpcs,
    /// The settings are printed.
    DumpConf,
    /// A channel that is missing or lost is opened again.
    RetryPath,
    /// The options are printed.
    Help,
    /// What is done to the agent's service on Windows; refused elsewhere.
    Service,
    /// How long file systems may stay frozen.
    FreezeLimit,
    /// How long a hook may run.
    HookDeadline,
    /// How long a program's result is kept once it was read.
    ExecResultKept,
}

/// What follows an option on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Argument {
    /// Nothing: it is a flag.
    Nothing,
    /// One argument, called so in texts.
    Required(&'static str),
    /// None, or one that is attached to it (`-F/path`, `--fsfreeze-hook=/path`).
    Optional(&'static str),
}

/// A group of the configuration file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// `[general]`: what QEMU's agent reads too.
    General,
    /// `[hospes]`: what only ours reads.
    Hospes,
}

/// Where an option stands in the configuration file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// The group.
    pub group: Group,
    /// Its name, and older ones that are still read.
    pub names: &'static [&'static str],
}

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OptionSpec {
    /// What it is.
    pub id: Id,
    /// The letter after one dash.
    pub short: Option<char>,
    /// The name after two dashes, and older ones that are still accepted; empty when only the
    /// configuration file has it.
    pub longs: &'static [&'static str],
    /// What follows it.
    pub argument: Argument,
    /// Where the configuration file has it.
    pub key: Option<Key>,
    /// What it is for on Linux.
    linux: &'static str,
    /// What it is for on Windows.
    windows: &'static str,
}

/// Every option, in the order of `--help`.
pub const OPTIONS: &[OptionSpec] = &[
    OptionSpec::on_command_line(Id::Config, 'c', &["config"], Required("PATH")).by_system(
        "read this configuration file (default: the file that QGA_CONF names, else \
         /etc/qemu/qemu-ga.conf)",
        concat!(
            "read this configuration file (default: the file that QGA_CONF names, else ",
            r"C:\Program Files\Google\Compute Engine\qemu-ga.conf)",
        ),
    ),
    OptionSpec::on_command_line(Id::Method, 'm', &["method"], Required("METHOD"))
        .in_config(&["method"])
        .by_system(
            "how the host reaches the agent: virtio-serial (the default), isa-serial, \
             unix-listen or vsock-listen",
            "how the host reaches the agent: virtio-serial (the default) or isa-serial",
        ),
    OptionSpec::on_command_line(Id::Path, 'p', &["path"], Required("PATH"))
        .in_config(&["path"])
        .by_system(
            "the device or socket (default: /dev/virtio-ports/org.qemu.guest_agent.0 for \
             virtio-serial, /dev/ttyS0 for isa-serial); CID:PORT for vsock-listen",
            concat!(
                r"the device (default: \\.\Global\org.qemu.guest_agent.0 for virtio-serial, ",
                "COM1 for isa-serial)",
            ),
        ),
    OptionSpec::on_command_line(Id::LogFile, 'l', &["logfile"], Required("PATH"))
        .in_config(&["logfile"])
        .by_system(
            "log into this file (default: standard error)",
            "log into this file (default: standard error; of a service, the event log)",
        ),
    OptionSpec::on_command_line(Id::PidFile, 'f', &["pidfile"], Required("PATH"))
        .in_config(&["pidfile"])
        .by_system(
            "a daemon writes its process id here (default: /var/run/qemu-ga.pid)",
            "",
        ),
    OptionSpec::on_command_line(
        Id::FreezeHook,
        'F',
        &["fsfreeze-hook"],
        Optional("PATH"),
    )
    .in_config(&["fsfreeze-hook"])
    .by_system(
        "run a hook with 'freeze' before file systems are frozen and with 'thaw' after they are \
         thawed (default: /etc/qemu/fsfreeze-hook); its path is written without a space, as in \
         -F/path",
        "",
    ),
    OptionSpec::on_command_line(Id::StateDir, 't', &["statedir"], Required("DIR"))
        .in_config(&["statedir"])
        .by_system(
            "keep here what must outlive the agent, an absolute path (default: /var/run)",
            concat!(
                "keep here what must outlive the agent, an absolute path ",
                r"(default: C:\ProgramData\hospes-agent)",
            ),
        ),
    OptionSpec::on_command_line(Id::Verbose, 'v', &["verbose"], Nothing)
        .in_config(&["verbose"])
        .says("log every request"),
    OptionSpec::on_command_line(Id::Version, 'V', &["version"], Nothing)
        .says("print the version and exit"),
    OptionSpec::on_command_line(Id::Daemonize, 'd', &["daemonize"], Nothing)
        .in_config(&["daemon"])
        .by_system("run in the background", ""),
    OptionSpec::on_command_line(
        Id::BlockRpcs,
        'b',
        &["block-rpcs", "blacklist"],
        Required("LIST"),
    )
    .in_config(&["block-rpcs", "blacklist"])
    .says("refuse these commands, separated by commas; 'help' lists all commands"),
    OptionSpec::on_command_line(Id::AllowRpcs, 'a', &["allow-rpcs"], Required("LIST"))
        .in_config(&["allow-rpcs"])
        .says(
            "refuse every command but these, separated by commas; what is also blocked stays \
             refused; 'help' lists all commands",
        ),
    OptionSpec::on_command_line(Id::DumpConf, 'D', &["dump-conf"], Nothing)
        .says("print the settings as a configuration file and exit"),
    OptionSpec::on_command_line(Id::RetryPath, 'r', &["retry-path"], Nothing)
        .in_config(&["retry-path"])
        .says("keep trying to open the channel while it is missing, and again when it is lost"),
    OptionSpec::on_command_line(Id::Help, 'h', &["help"], Nothing)
        .says("print this help and exit"),
    OptionSpec::on_command_line(Id::Service, 's', &["service"], Required("COMMAND"))
        .by_system("", "install or uninstall the agent's service, and exit"),
    OptionSpec::of_ours(Id::FreezeLimit, &["freeze-limit"], "TIME").by_system(
        "thaw file systems that nobody has thawed for so long (default: 10m; 0: no limit)",
        "",
    ),
    OptionSpec::of_ours(Id::HookDeadline, &["hook-deadline"], "TIME").by_system(
        "end a freeze hook that runs for longer (default: 60s)",
        "",
    ),
    OptionSpec::of_ours(Id::ExecResultKept, &["exec-result-kept"], "TIME").says(
        "keep the result of a program for so long after it was first read (default: 60s)",
    ),
];

impl OptionSpec {
    /// What it is for, in one sentence or a few; empty when help keeps silent about it on `system`.
    #[must_use]
    pub const fn help(&self, system: System) -> &'static str {
        match system {
            System::Linux => self.linux,
            System::Windows => self.windows,
        }
    }

    /// Whether help tells of it on `system`.
    #[must_use]
    pub const fn is_told_on(&self, system: System) -> bool {
        !self.help(system).is_empty()
    }

    /// The row of an option.
    pub(crate) fn of(id: Id) -> &'static Self {
        let found = OPTIONS.iter().find(|option| option.id == id);
        found.expect("every option has its row")
    }

    const fn on_command_line(
        id: Id,
        short: char,
        longs: &'static [&'static str],
        argument: Argument,
    ) -> Self {
        Self {
            id,
            short: Some(short),
            longs,
            argument,
            key: None,
            linux: "",
            windows: "",
        }
    }

    const fn of_ours(id: Id, names: &'static [&'static str], placeholder: &'static str) -> Self {
        let key = Key {
            group: Group::Hospes,
            names,
        };
        Self {
            id,
            short: None,
            longs: &[],
            argument: Required(placeholder),
            key: Some(key),
            linux: "",
            windows: "",
        }
    }

    const fn in_config(self, names: &'static [&'static str]) -> Self {
        let key = Key {
            group: Group::General,
            names,
        };
        Self {
            key: Some(key),
            ..self
        }
    }

    const fn says(self, help: &'static str) -> Self {
        self.by_system(help, help)
    }

    const fn by_system(self, linux: &'static str, windows: &'static str) -> Self {
        Self {
            linux,
            windows,
            ..self
        }
    }
}

impl Group {
    /// Its name in the file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::General => "general",
            Self::Hospes => "hospes",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::defaults;
    use super::*;

    #[test]
    fn no_name_is_given_twice() {
        let mut names = HashSet::new();
        for option in OPTIONS {
            assert_eq!(OptionSpec::of(option.id), option);
            for long in option.longs {
                assert!(names.insert(format!("--{long}")), "{long}");
            }
            if let Some(short) = option.short {
                assert!(names.insert(format!("-{short}")), "{short}");
            }
            let key = option.key.as_ref();
            for name in key.map(|key| key.names).unwrap_or_default() {
                assert!(names.insert((*name).to_owned()), "{name}");
            }
        }
    }

    #[test]
    fn help_tells_the_defaults_of_its_system() {
        for system in [System::Linux, System::Windows] {
            let paths = defaults::paths(system);
            for (id, default) in [
                (Id::Config, paths.config),
                (Id::Path, paths.virtio_serial),
                (Id::Path, paths.isa_serial),
                (Id::PidFile, paths.pid_file),
                (Id::StateDir, paths.state_dir),
                (Id::FreezeHook, paths.freeze_hook),
            ] {
                let option = OptionSpec::of(id);
                let help = option.help(system);
                let is_told = option.is_told_on(system);
                assert!(help.contains(default) || !is_told, "{system:?}: {help}");
            }
        }
    }

    #[test]
    fn help_keeps_silent_about_what_a_system_lacks() {
        let silent = |system| -> Vec<Id> {
            let options = OPTIONS.iter().filter(|option| !option.is_told_on(system));
            options.map(|option| option.id).collect()
        };
        assert_eq!(silent(System::Linux), [Id::Service]);
        assert_eq!(
            silent(System::Windows),
            [
                Id::PidFile,
                Id::FreezeHook,
                Id::Daemonize,
                Id::FreezeLimit,
                Id::HookDeadline
            ]
        );
    }
}
