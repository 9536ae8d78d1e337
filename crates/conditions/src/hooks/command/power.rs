//! What ends a guest's run.

use serde::{Deserialize, Serialize};

/// What ends a guest's run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PowerAction {
    /// Powers off, also by `shutdown` without a time.
    PowerOff,
    /// Reboots.
    Reboot,
    /// Halts.
    Halt,
    /// Boots another kernel.
    Kexec,
    /// Restarts userspace only.
    SoftReboot,
    /// Ends the service manager, which powers off.
    Exit,
    /// Asks the kernel directly, through `sysrq-trigger`.
    SysRq,
}

impl PowerAction {
    /// The word for people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PowerOff => "poweroff",
            Self::Reboot => "reboot",
            Self::Halt => "halt",
            Self::Kexec => "kexec",
            Self::SoftReboot => "soft-reboot",
            Self::Exit => "exit",
            Self::SysRq => "sysrq",
        }
    }

    /// The action of a verb of `systemctl` or `loginctl`, or the stem of a unit's name.
    pub(super) fn from_verb(verb: &str) -> Option<Self> {
        Some(match verb {
            "poweroff" => Self::PowerOff,
            "reboot" => Self::Reboot,
            "halt" => Self::Halt,
            "kexec" => Self::Kexec,
            "soft-reboot" => Self::SoftReboot,
            "exit" => Self::Exit,
            _ => return None,
        })
    }
}

/// One command that powers the guest off or reboots it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Power {
    /// What it does.
    pub action: PowerAction,
    /// The command, without quotes.
    pub command: String,
    /// Its line in the text, counted from 1.
    pub line: usize,
}
