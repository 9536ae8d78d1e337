//! How a run ended.

use std::fmt;

use conditions::Timestamp;
use serde::{Deserialize, Serialize};

use super::Report;
use crate::preflight::Obstacle;
use crate::reboot::Decision;

/// The end of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// How.
    pub ending: Ending,
    /// What was seen.
    pub report: Report,
    /// When.
    pub at: Timestamp,
}

/// How a run ended. Each one says whether the guest was touched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "ending")]
pub enum Ending {
    /// Everything that was to be done is done, and checked.
    Patched,
    /// There was nothing to upgrade.
    NothingToDo,
    /// The guest was not touched; why, and what to do.
    Refused {
        /// Every reason.
        obstacles: Vec<Obstacle>,
    },
    /// The guest was not touched: something before the upgrade failed.
    NotBegun {
        /// What failed, why, and what to do.
        reason: String,
    },
    /// The upgrade ran, and not everything is as it should be.
    Incomplete {
        /// What is not.
        shortcomings: Vec<Shortcoming>,
    },
    /// The unit was cut off: what it left is in the report. A new run with mending finishes it.
    Interrupted {
        /// What is known of it.
        reason: String,
    },
    /// The guest does not answer. The run can be resumed.
    Unreachable {
        /// What was being done.
        during: String,
        /// What was seen last.
        reason: String,
    },
    /// The unit still runs. It is left alone, and the run can be resumed.
    StillRunning,
    /// The guest was asked to reboot and is not proved to be back. The run can be resumed.
    NotBack {
        /// What was seen last.
        reason: String,
    },
}

/// One thing that is not as it should be after an upgrade.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "shortcoming")]
pub enum Shortcoming {
    /// apt did not end well.
    Apt {
        /// Its exit status.
        status: i32,
        /// What it said.
        words: String,
    },
    /// A package is neither installed nor gone.
    Package {
        /// Which.
        package: String,
        /// What dpkg said.
        why: String,
    },
    /// The reboot that was decided did not come to pass.
    NotRebooted {
        /// Why.
        why: String,
    },
    /// The guest rebooted and something still asks for it.
    StillAsksForReboot {
        /// What.
        reasons: Vec<String>,
    },
    /// A unit has failed since.
    Unit {
        /// Which.
        unit: String,
    },
    /// A command of the user did not end well.
    Command {
        /// Which.
        name: String,
        /// Its exit status.
        status: i32,
    },
}

impl fmt::Display for Shortcoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Apt { status, words } => write!(f, "apt-get ended with status {status}: {words}"),
            Self::Package { package, why } => write!(f, "{package} is not configured: {why}"),
            Self::NotRebooted { why } => write!(f, "the guest was not rebooted: {why}"),
            Self::StillAsksForReboot { reasons } => {
                write!(f, "rebooted, and still: {}", reasons.join("; "))
            }
            Self::Unit { unit } => write!(f, "{unit} has failed since"),
            Self::Command { name, status } => write!(f, "{name} ended with status {status}"),
        }
    }
}

impl Ending {
    /// Everything asked for was reached.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        matches!(self, Self::Patched | Self::NothingToDo)
    }

    /// The run may be taken up again: something is still owed or may still happen.
    #[must_use]
    pub const fn is_resumable(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. } | Self::StillRunning | Self::NotBack { .. }
        )
    }

    /// The end that a report amounts to, when every phase has had its turn.
    pub(super) fn of(report: &Report) -> Self {
        if let Some(lost) = &report.lost {
            return Self::Interrupted {
                reason: lost.clone(),
            };
        }
        let shortcomings = shortcomings(report);
        if !shortcomings.is_empty() {
            Self::Incomplete { shortcomings }
        } else if report.ran || report.reboot.is_some() {
            Self::Patched
        } else {
            Self::NothingToDo
        }
    }
}

fn shortcomings(report: &Report) -> Vec<Shortcoming> {
    let mut found = Vec::new();
    if let Some(upgraded) = &report.upgraded {
        if let Some(status) = upgraded.status.filter(|status| *status != 0) {
            let words = upgraded.errors.last().cloned();
            let words = words.unwrap_or_else(|| "it printed no error; read its log".to_owned());
            found.push(Shortcoming::Apt { status, words });
        }
        for failure in &upgraded.failures {
            let state = failure.package.state;
            found.push(Shortcoming::Package {
                package: failure.package.package.clone(),
                why: failure.why.clone().unwrap_or_else(|| state.to_string()),
            });
        }
    }
    let not_rebooted = report.not_rebooted.iter();
    found.extend(not_rebooted.map(|why| Shortcoming::NotRebooted { why: why.clone() }));
    let Some(postcheck) = &report.postcheck else {
        return found;
    };
    let rebooted = report.reboot.is_some();
    let reasons = postcheck.reboot.reasons();
    if rebooted && matches!(report.decision, Some(Decision::Reboot { .. })) && !reasons.is_empty() {
        found.push(Shortcoming::StillAsksForReboot {
            reasons: reasons.iter().map(ToString::to_string).collect(),
        });
    }
    let before = report
        .preflight
        .as_ref()
        .and_then(|p| p.failed_units.as_ref());
    let units = postcheck.newly_failed(before);
    found.extend(units.map(|unit| Shortcoming::Unit {
        unit: unit.to_owned(),
    }));
    let failed = postcheck.commands.iter().filter(|command| !command.is_ok());
    found.extend(failed.map(|command| Shortcoming::Command {
        name: command.name.clone(),
        status: command.status,
    }));
    found
}
