//! How a run over a node ended.

use std::fmt;

use conditions::{NodeName, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Refusal, Report};
use crate::run::Shortcoming;

/// The end of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// How.
    pub ending: Ending,
    /// What is not as it was found, and has to be put back.
    pub left: Left,
    /// What was seen.
    pub report: Report,
    /// When.
    pub at: Timestamp,
}

/// What a run has changed around the node and not put back.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Left {
    /// The node was put in maintenance, or was to be.
    pub maintenance: bool,
    /// Ceph's `noout` was set, or was to be.
    pub noout: bool,
    /// Guests that were moved, and where they were seen last.
    pub away: Vec<(u32, NodeName)>,
    /// Guests that were shut down.
    pub stopped: Vec<u32>,
}

/// How a run ended. The first seven left the node's packages alone but for the first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "ending")]
pub enum Ending {
    /// Everything that was to be done is done, and checked; the guests are back.
    Patched,
    /// There was nothing to upgrade. Neither the node nor a guest was touched.
    NothingToDo,
    /// Neither the node nor a guest was touched; why, and what to do.
    Refused {
        /// Every reason.
        refusals: Vec<Refusal>,
    },
    /// A guest cannot leave and may not be interrupted. Neither the node nor a guest was touched.
    Blocked {
        /// Which guest.
        guest: String,
        /// Why, and what to do.
        why: String,
    },
    /// Not every guest left. Those that had are back, the node's packages were not touched.
    NotDrained {
        /// Which did not, why, and what to do.
        reason: String,
    },
    /// The guests had left, and then something forbade the upgrade. They are back, the node's
    /// packages were not touched.
    Halted {
        /// Every reason.
        refusals: Vec<Refusal>,
    },
    /// The upgrade ran, not everything is as it should be, and the node is in service again.
    Incomplete {
        /// What is not.
        shortcomings: Vec<Shortcoming>,
    },
    /// The upgrade ran and the node cannot be trusted with guests: it is kept in maintenance, where
    /// high availability is used, and its guests stay where they are.
    LeftInMaintenance {
        /// Why.
        why: String,
        /// What to do.
        remedy: String,
    },
    /// What was to be put back around the node was not. The run can be resumed.
    NotRestored {
        /// What was not, why, and what to do.
        reason: String,
    },
    /// The node was asked to reboot, or lost, and is not back with all that it had. The run can be
    /// resumed.
    NotBack {
        /// What was seen last.
        reason: String,
    },
    /// The node or its cluster does not answer. The run can be resumed.
    Unreachable {
        /// What was being done.
        during: String,
        /// What was seen last.
        reason: String,
    },
    /// The unit still upgrades packages. It is left alone, and the run can be resumed.
    StillRunning,
}

impl Ending {
    /// Everything asked for was reached: the next node may be begun.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        matches!(self, Self::Patched | Self::NothingToDo)
    }

    /// The run may be taken up again: something is still owed or may still happen.
    #[must_use]
    pub const fn is_resumable(&self) -> bool {
        matches!(
            self,
            Self::NotRestored { .. }
                | Self::NotBack { .. }
                | Self::Unreachable { .. }
                | Self::StillRunning
        )
    }
}

impl Left {
    /// Everything is as it was found.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for Left {
    /// As one line: `in maintenance, noout set, away: 101 (pve2), shut down: 102`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        if self.maintenance {
            parts.push("in maintenance".to_owned());
        }
        if self.noout {
            parts.push("noout set".to_owned());
        }
        if !self.away.is_empty() {
            let guests = self
                .away
                .iter()
                .map(|(vmid, node)| format!("{vmid} ({node})"));
            parts.push(format!("away: {}", guests.collect::<Vec<_>>().join(", ")));
        }
        if !self.stopped.is_empty() {
            let guests = self.stopped.iter().map(u32::to_string);
            parts.push(format!(
                "shut down: {}",
                guests.collect::<Vec<_>>().join(", ")
            ));
        }
        f.write_str(&parts.join(", "))
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |refusals: &[Refusal]| {
            let words: Vec<String> = refusals.iter().map(ToString::to_string).collect();
            words.join("; ")
        };
        match self {
            Self::Patched => f.write_str("patched"),
            Self::NothingToDo => f.write_str("nothing to do"),
            Self::Refused { refusals } => write!(f, "refused: {}", list(refusals)),
            Self::Blocked { guest, why } => write!(f, "blocked by {guest}: {why}"),
            Self::NotDrained { reason } => write!(f, "not drained: {reason}"),
            Self::Halted { refusals } => write!(f, "halted before the upgrade: {}", list(refusals)),
            Self::Incomplete { shortcomings } => {
                let words: Vec<String> = shortcomings.iter().map(ToString::to_string).collect();
                write!(f, "incomplete: {}", words.join("; "))
            }
            Self::LeftInMaintenance { why, remedy } => {
                write!(f, "left in maintenance: {why}; {remedy}")
            }
            Self::NotRestored { reason } => write!(f, "not restored: {reason}"),
            Self::NotBack { reason } => write!(f, "not back: {reason}"),
            Self::Unreachable { during, reason } => {
                write!(
                    f,
                    "no answer during {during}: {reason}; resume the run later"
                )
            }
            Self::StillRunning => {
                f.write_str("packages are still being upgraded; resume the run later")
            }
        }
    }
}
