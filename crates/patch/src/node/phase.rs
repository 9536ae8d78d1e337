//! Where a run over a node is: what a store keeps.

use std::collections::BTreeMap;

use conditions::{NodeName, Timestamp};
use serde::{Deserialize, Serialize};

use super::facts::Guest;
use super::{Ending, Left, Outcome, Report, Settings};
use crate::run;

/// A run as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    /// What it was told.
    pub settings: Settings,
    /// Where it is.
    pub phase: Phase,
    /// This run put the node in maintenance, or took it over, or is about to.
    pub maintenance: bool,
    /// This run set `noout`, or is about to.
    pub noout: bool,
    /// The run over the node's packages, once the node was emptied.
    pub patch: Option<Box<run::Saved>>,
    /// What it has seen so far.
    pub report: Box<Report>,
}

/// Where a run is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "phase")]
pub enum Phase {
    /// Looking at the node and its cluster; nothing has been done.
    Looking {
        /// Since when it is waited for what passes.
        since: Timestamp,
        /// Until when a silent cluster is asked again.
        until: Timestamp,
        /// apt has said that there is something to do.
        surveyed: bool,
    },
    /// Asking apt whether there is anything to do; nothing but apt's lists has been changed.
    Surveying,
    /// Asking how each guest can leave; nothing has been done to them.
    Planning {
        /// The guests that are not planned yet, the next one first.
        rest: Vec<Guest>,
        /// Where the next one cannot go, and why.
        refused: BTreeMap<NodeName, String>,
        /// Until when a silent cluster is asked again.
        until: Timestamp,
    },
    /// Setting `noout`.
    SettingNoout {
        /// Until when it is tried again.
        until: Timestamp,
    },
    /// Putting the node in maintenance.
    Entering {
        /// It was asked for: looking whether it shows.
        asked: bool,
        /// Until when.
        until: Timestamp,
    },
    /// Guests leave one after the other.
    Draining(Drain),
    /// Looking whether the node is empty.
    Emptying {
        /// How often it was seen so in a row.
        seen: u8,
        /// Until when high availability is waited for.
        until: Timestamp,
    },
    /// The run over the packages.
    Patching(Stage),
    /// Putting back what was changed around the node.
    Restoring {
        /// How the run ends when that is done.
        goal: Box<Ending>,
        /// What is put back.
        step: Restore,
        /// Until when it is tried.
        until: Timestamp,
    },
    /// Nothing is owed.
    Ended(Box<Outcome>),
}

/// What happens to the guests that leave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "drain")]
pub enum Drain {
    /// Looking where they are.
    Looking {
        /// Until when a silent cluster is asked again.
        until: Timestamp,
        /// A move or a shutdown that does not show yet.
        unsettled: Option<Unsettled>,
    },
    /// One is being moved or shut down.
    Acting {
        /// Which.
        vmid: u32,
    },
    /// Asking about another target for one.
    Retargeting {
        /// Which.
        vmid: u32,
        /// The target.
        target: NodeName,
    },
}

/// A move or a shutdown that was asked for and does not show yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unsettled {
    /// The guest.
    pub vmid: u32,
    /// Until when it may show, where nothing says that it goes on.
    pub until: Timestamp,
    /// Whether it was asked for is not known: the controller died.
    pub resumed: bool,
}

/// What holds the run over the packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "stage")]
pub enum Stage {
    /// Nothing.
    Running,
    /// Its next effect cannot be undone: the cluster is looked at first.
    Gate {
        /// Since when.
        since: Timestamp,
    },
    /// The node's API, quorum and Ceph are waited for.
    Returning {
        /// Until when.
        until: Timestamp,
    },
}

/// What is put back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "restore")]
pub enum Restore {
    /// Maintenance is taken off.
    Maintenance {
        /// It was asked for: looking whether it shows.
        asked: bool,
    },
    /// `noout` is taken back.
    Noout,
    /// The guests come back.
    Guests {
        /// The one that is being moved or started.
        acting: Option<u32>,
        /// The attempts that failed, with the last one's words.
        failures: Vec<ReturnFailure>,
    },
}

/// A guest that could not be brought back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnFailure {
    /// Which.
    pub vmid: u32,
    /// How often it was tried.
    pub tries: u8,
    /// The last one's words.
    pub why: String,
}

impl Phase {
    /// What is being done, for people.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Looking { .. } => "the first look",
            Self::Surveying => "the survey of packages",
            Self::Planning { .. } => "planning",
            Self::SettingNoout { .. } => "setting noout",
            Self::Entering { .. } => "entering maintenance",
            Self::Draining(_) => "moving guests",
            Self::Emptying { .. } => "evacuation",
            Self::Patching(_) => "the run over the packages",
            Self::Restoring { .. } => "restoring",
            Self::Ended(_) => "the end",
        }
    }
}

impl Saved {
    pub(super) fn begin(settings: Settings, now: Timestamp) -> Self {
        let phase = looking(&settings, now);
        Self {
            settings,
            phase,
            maintenance: false,
            noout: false,
            patch: None,
            report: Box::new(Report::new(now)),
        }
    }

    /// What a resumed run does first. It looks before it acts.
    pub(super) fn resumed(mut self, now: Timestamp) -> Self {
        let limits = self.settings.limits;
        let left = self.left();
        if !left.is_nothing() && !matches!(self.phase, Phase::Ended(_)) {
            let node = &self.settings.node;
            let note = format!("resumed at {now}: {node} was left behind, {left}");
            self.report.notes.push(note);
        }
        self.phase = match self.phase {
            Phase::Looking { .. } | Phase::Surveying | Phase::Planning { .. } => {
                self.report.departures.clear();
                looking(&self.settings, now)
            }
            Phase::SettingNoout { .. } => Phase::SettingNoout {
                until: now + limits.look,
            },
            Phase::Entering { .. } => Phase::Entering {
                asked: false,
                until: now + limits.maintenance,
            },
            Phase::Draining(drain) => {
                let unsettled = match drain {
                    Drain::Acting { vmid } => Some(Unsettled {
                        vmid,
                        until: now + limits.settle,
                        resumed: true,
                    }),
                    Drain::Looking { unsettled, .. } => unsettled,
                    Drain::Retargeting { .. } => None,
                };
                Phase::Draining(Drain::Looking {
                    until: now + limits.look,
                    unsettled,
                })
            }
            Phase::Emptying { .. } => Phase::Emptying {
                seen: 0,
                until: now + limits.evacuation,
            },
            Phase::Patching(_) => Phase::Patching(Stage::Running),
            Phase::Restoring { goal, step, .. } => Phase::Restoring {
                until: now + step.limit(&limits),
                goal,
                step: step.resumed(),
            },
            phase @ Phase::Ended(_) => phase,
        };
        self
    }

    /// What this run has changed around the node and not put back, as far as it knows: to be told
    /// when it is found, and resumed.
    #[must_use]
    pub fn left(&self) -> Left {
        let departures = &self.report.departures;
        let away = departures.iter().filter(|it| it.asked);
        let away = away.filter_map(|it| Some((it.vmid, it.away.clone()?)));
        let stopped = departures.iter().filter(|it| it.stopped);
        Left {
            maintenance: self.maintenance,
            noout: self.noout,
            away: away.collect(),
            stopped: stopped.map(|it| it.vmid).collect(),
        }
    }
}

impl Restore {
    /// How long it may take.
    pub(super) fn limit(&self, limits: &super::Limits) -> std::time::Duration {
        match self {
            Self::Maintenance { .. } => limits.maintenance,
            Self::Noout => limits.look,
            Self::Guests { .. } => limits.failback,
        }
    }

    fn resumed(self) -> Self {
        match self {
            Self::Maintenance { .. } => Self::Maintenance { asked: false },
            Self::Noout => Self::Noout,
            Self::Guests { .. } => Self::guests(),
        }
    }

    pub(super) const fn guests() -> Self {
        Self::Guests {
            acting: None,
            failures: Vec::new(),
        }
    }
}

fn looking(settings: &Settings, now: Timestamp) -> Phase {
    Phase::Looking {
        since: now,
        until: now + settings.limits.look,
        surveyed: false,
    }
}
