//! Where a run is: what a store keeps.

use conditions::{BootId, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Outcome, Report};
use crate::settings::Settings;

/// A run as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    /// What it was told.
    pub settings: Settings,
    /// Where it is.
    pub phase: Phase,
    /// What it has seen so far.
    pub report: Box<Report>,
}

/// Where a run is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "phase")]
pub enum Phase {
    /// Looking at the guest; nothing has been done.
    Preflight {
        /// Until when a silent guest is asked again.
        until: Timestamp,
        /// Until when others who use apt are waited for.
        busy_until: Timestamp,
    },
    /// Refreshing apt's lists.
    Refreshing {
        /// Until when it is tried again.
        until: Timestamp,
    },
    /// Asking apt what it would do.
    Previewing {
        /// Until when a silent guest is asked again.
        until: Timestamp,
    },
    /// The hypervisor is asked for a snapshot.
    Snapshotting,
    /// The unit is being started; whether it was is not known.
    Starting {
        /// How often it was tried before.
        tries: u8,
        /// systemd's words where it did not take the unit the last time.
        refusal: Option<String>,
    },
    /// The unit was started.
    Following {
        /// Until when the unit is followed.
        until: Timestamp,
        /// Until when the guest may be silent.
        silent_until: Timestamp,
        /// Until when a unit that does not show yet is waited for.
        settle_until: Timestamp,
        /// How much of the log was read.
        offset: u64,
        /// How often it was tried to start it before.
        tries: u8,
        /// systemd's words where it did not take the unit the last time.
        refusal: Option<String>,
    },
    /// Resumed: looking for the unit that may have been started.
    Recalling {
        /// Until when a silent guest is asked again.
        until: Timestamp,
        /// How much of the log was read.
        offset: u64,
    },
    /// Reading what the unit left, or how the guest is where there was nothing to do.
    Collecting {
        /// Until when a silent guest is asked again.
        until: Timestamp,
    },
    /// Resumed: looking whether the guest has booted since it was to be rebooted.
    Marking {
        /// The boot that was to end.
        old: BootId,
        /// Since when.
        since: Timestamp,
        /// Until when a silent guest is asked again.
        until: Timestamp,
    },
    /// The guest is being rebooted.
    Rebooting {
        /// The boot that is to end.
        old: BootId,
        /// Since when.
        since: Timestamp,
        /// It was resumed here.
        resumed: bool,
    },
    /// Looking at the guest after.
    Checking {
        /// Until when a silent guest is asked again.
        until: Timestamp,
    },
    /// Nothing is owed.
    Ended(Box<Outcome>),
}

impl Phase {
    /// Packages may be changing, or have changed, by this run.
    #[must_use]
    pub const fn has_begun(&self) -> bool {
        !matches!(
            self,
            Self::Preflight { .. }
                | Self::Refreshing { .. }
                | Self::Previewing { .. }
                | Self::Snapshotting
        )
    }
}

impl Saved {
    pub(super) fn begin(settings: Settings, now: Timestamp) -> Self {
        let phase = Self::preflight(&settings, now);
        let report = Box::new(Report::new(settings.id.clone(), now));
        Self {
            settings,
            phase,
            report,
        }
    }

    pub(super) fn preflight(settings: &Settings, now: Timestamp) -> Phase {
        Phase::Preflight {
            until: now + settings.limits.look,
            busy_until: now + settings.limits.lock,
        }
    }

    /// What a resumed run does first.
    pub(super) fn resumed(mut self, now: Timestamp) -> Self {
        let until = now + self.settings.limits.look;
        self.phase = match self.phase {
            Phase::Preflight { .. } | Phase::Refreshing { .. } | Phase::Previewing { .. } => {
                Self::preflight(&self.settings, now)
            }
            Phase::Starting { .. } => Phase::Recalling { until, offset: 0 },
            Phase::Following { offset, .. } | Phase::Recalling { offset, .. } => {
                Phase::Recalling { until, offset }
            }
            Phase::Collecting { .. } => Phase::Collecting { until },
            Phase::Checking { .. } => Phase::Checking { until },
            Phase::Marking { old, since, .. } | Phase::Rebooting { old, since, .. } => {
                Phase::Marking { old, since, until }
            }
            phase @ (Phase::Snapshotting | Phase::Ended(_)) => phase,
        };
        self
    }
}
