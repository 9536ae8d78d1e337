//! What a run wants done, and what came of it.

use std::time::Duration;

use conditions::BootId;
use lifecycle::operation::BootProof;

use super::Outcome;
use crate::script::Script;

/// One thing to do. Only the caller touches the world.
#[derive(Debug)]
pub enum Effect {
    /// Run a script as root in the guest. Answer: [`Event::Printed`].
    Shell(Look, Script),
    /// Have the hypervisor take the snapshot of this name, unless it is there already: the effect
    /// may be asked for again after a crash. Answer: [`Event::Snapshotted`].
    Snapshot(String),
    /// Carry out lifecycle's reboot operation on the guest. Answer: [`Event::Rebooted`].
    Reboot {
        /// The boot that is to end; the caller refuses to ask any other.
        old: BootId,
        /// A reboot may have been begun for this run before: the caller resumes it where it was,
        /// and begins one only where none was begun.
        resumed: bool,
    },
    /// Let time pass. Answer: [`Event::Woke`].
    Sleep(Duration),
    /// The run has ended, or cannot go on for now.
    Finish(Box<Outcome>),
}

/// Which script it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Looks at the guest before.
    Preflight,
    /// `apt-get update`.
    Refresh,
    /// Asks apt what it would do.
    Preview,
    /// Starts the unit.
    Start,
    /// Looks at the unit.
    Follow,
    /// Reads what the unit left.
    Collect,
    /// Looks at the guest after, and runs the commands of the user.
    Check,
}

/// What came of an effect.
#[derive(Debug)]
pub enum Event {
    /// Of [`Effect::Shell`]: what the script printed, or why it did not run to its end.
    Printed(Result<Vec<u8>, String>),
    /// Of [`Effect::Snapshot`]: why not, where it failed.
    Snapshotted(Result<(), String>),
    /// Of [`Effect::Reboot`].
    Rebooted(RebootReport),
    /// Of [`Effect::Sleep`].
    Woke,
}

/// What came of a reboot.
#[derive(Debug)]
pub enum RebootReport {
    /// The guest is back in a new boot.
    Proved(BootProof),
    /// It was not asked, or refused, and stays up; why.
    NotAsked(String),
    /// It was asked, and is not proved to be back; what was seen last. It may yet come.
    NotProved(String),
}

impl Effect {
    /// Changes the guest or the hypervisor: recorded with its intent before and its result after.
    /// The rest only looks or waits.
    #[must_use]
    pub const fn is_recorded(&self) -> bool {
        match self {
            Self::Shell(look, _) => look.is_recorded(),
            Self::Snapshot(_) | Self::Reboot { .. } => true,
            Self::Sleep(_) | Self::Finish(_) => false,
        }
    }

    /// Its name in the journal.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Shell(look, _) => look.name(),
            Self::Snapshot(_) => "snapshot",
            Self::Reboot { .. } => "reboot",
            Self::Sleep(_) => "sleep",
            Self::Finish(_) => "finish",
        }
    }
}

impl Look {
    /// Its script changes the guest.
    pub(crate) const fn is_recorded(self) -> bool {
        matches!(self, Self::Refresh | Self::Start | Self::Check)
    }

    /// Its name in the journal.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Preflight => "preflight",
            Self::Refresh => "refresh",
            Self::Preview => "preview",
            Self::Start => "upgrade",
            Self::Follow => "follow",
            Self::Collect => "collect",
            Self::Check => "post-check",
        }
    }
}
