//! How long each phase may take on a node.

use std::time::Duration;

use toml_file::value::duration;
use toml_file::{Mistakes, Table};

use crate::Deadlines;
use crate::deadlines::{DAY, DeadlineSettings};

/// Neither a node's agent nor its power is anybody's.
const KEYS: &[&str] = &[
    "ssh-connect",
    "ssh-command",
    "ready",
    "reboot",
    "guest-move",
    "evacuation",
    "back",
];
const HOUR: Duration = Duration::from_secs(60 * 60);
/// A server takes longer to boot than a guest.
const REBOOT: Duration = Duration::from_secs(30 * 60);
const BACK: Duration = Duration::from_secs(20 * 60);

/// How long each phase may take on a node, all resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeDeadlines {
    /// What guests have too: SSH, readiness and the reboot (`reboot`, 30 min).
    pub phases: Deadlines,
    /// One guest's migration, shutdown or start (`guest-move`, 1 h).
    pub guest_move: Duration,
    /// High availability empties the node (`evacuation`, 1 h).
    pub evacuation: Duration,
    /// From ready to the node's API, quorum and Ceph (`back`, 20 min).
    pub back: Duration,
}

/// The table, as written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct NodeDeadlineSettings {
    phases: DeadlineSettings,
    guest_move: Option<Duration>,
    evacuation: Option<Duration>,
    back: Option<Duration>,
}

impl NodeDeadlineSettings {
    pub(crate) fn read(table: Option<Table<'_>>, mistakes: &mut Mistakes) -> Self {
        let Some(table) = table else {
            return Self::default();
        };
        let phases = DeadlineSettings::read_some(&table, KEYS, mistakes);
        let mut read = |key: &'static str| {
            table.read(key, mistakes, |value| duration(value, Duration::ZERO..=DAY))
        };
        Self {
            phases,
            guest_move: read("guest-move"),
            evacuation: read("evacuation"),
            back: read("back"),
        }
    }

    /// These; for what guests have too, what the cluster's guests are told where these say nothing,
    /// but for the reboot.
    pub(crate) fn resolved(&self, guests: &DeadlineSettings) -> NodeDeadlines {
        let phases = self.phases.or(&DeadlineSettings::of_reboot(REBOOT));
        NodeDeadlines {
            phases: phases.or(guests).resolved(),
            guest_move: self.guest_move.unwrap_or(HOUR),
            evacuation: self.evacuation.unwrap_or(HOUR),
            back: self.back.unwrap_or(BACK),
        }
    }
}
