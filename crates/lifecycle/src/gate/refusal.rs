//! Why the gate stays shut.

use std::fmt;
use std::time::Duration;

use conditions::{GuestId, HaResource, NodeName, Observation, RunState, State, Verdict};
use serde::{Deserialize, Serialize};

/// A lifecycle call that was not made, with every reason there was. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The guest that stays as it is.
    pub guest: GuestId,
    /// At least one.
    pub reasons: Vec<RefusalReason>,
}

/// One reason to refuse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "reason")]
pub enum RefusalReason {
    /// A condition failed, or is unknown and was not accepted as such.
    Condition {
        /// The verdict with its evidence and remedy.
        verdict: Verdict,
    },
    /// The guest does not run.
    NotRunning {
        /// What it does instead.
        run_state: RunState,
        /// What the hypervisor said.
        evidence: String,
    },
    /// The guest is not stopped, so it cannot be powered on.
    NotStopped {
        /// What it does instead.
        run_state: RunState,
    },
    /// The hypervisor has the guest locked.
    Locked {
        /// The hypervisor's word (`backup`).
        lock: String,
    },
    /// It is a template, which never runs.
    Template,
    /// Its cluster has no quorum: nobody may change anything, and it could not be started again.
    NoQuorum,
    /// Whether its cluster has quorum could not be told.
    QuorumUnknown,
    /// High availability decides over its power state, and would end its shutdown with force.
    HighAvailability {
        /// The resource's id (`vm:101`).
        sid: String,
        /// The state that was asked of it, in the cluster's word.
        state: String,
    },
    /// It came under high availability since it was checked, or left it: it is taken down in
    /// another way now.
    HighAvailabilityChanged {
        /// The resource that decides now, if one does.
        sid: Option<String>,
    },
    /// SSH and the channel lead to different machines.
    OtherMachine {
        /// What differs.
        evidence: String,
    },
    /// It could not be shown that SSH and the channel lead to the same machine.
    IdentityUnproven {
        /// What is missing.
        why: String,
    },
    /// Nobody could read the boot id, so a permit could not be bound to this boot.
    BootIdUnknown,
    /// The guest is shutting down already.
    AlreadyStopping,
    /// Nobody in the guest would run its graceful scripts, and the operator wants them run.
    NoWatcher {
        /// What was seen instead, or why nothing could be announced.
        why: String,
    },
    /// The evidence is too old.
    Stale {
        /// Age of the oldest evidence, in milliseconds.
        age_ms: u64,
        /// How old it may be, in milliseconds.
        limit_ms: u64,
    },
    /// The guest moved to another node since it was checked.
    Moved {
        /// Where it was checked.
        from: NodeName,
        /// Where it is now.
        to: NodeName,
    },
    /// The observation is of another guest.
    OtherGuest {
        /// The guest that was observed.
        observed: GuestId,
    },
    /// The hypervisor could not be asked right before the call.
    NotObserved {
        /// Its words.
        why: String,
    },
}

impl RefusalReason {
    /// The guest is seen in another state than running.
    pub(crate) fn not_running(observed: &Observation) -> Self {
        let (run_state, evidence) = (observed.run_state.clone(), observed.evidence.clone());
        Self::NotRunning {
            run_state,
            evidence,
        }
    }

    /// The guest's cluster may not decide, or nobody knows whether it may.
    pub(super) fn of_quorum(observed: &Observation) -> Option<Self> {
        match observed.cluster.as_ref()?.quorate {
            Some(true) => None,
            Some(false) => Some(Self::NoQuorum),
            None => Some(Self::QuorumUnknown),
        }
    }

    pub(super) fn high_availability(resource: &HaResource) -> Self {
        let (sid, state) = (resource.sid.clone(), resource.state.clone());
        Self::HighAvailability { sid, state }
    }

    pub(super) fn high_availability_changed(observed: &Observation) -> Self {
        let sid = observed.high_availability().map(|ha| ha.sid.clone());
        Self::HighAvailabilityChanged { sid }
    }

    /// The evidence is `age` old where `limit` is allowed.
    pub(crate) fn stale(age: Duration, limit: Duration) -> Self {
        let ms = |d: Duration| u64::try_from(d.as_millis()).unwrap_or(u64::MAX);
        Self::Stale {
            age_ms: ms(age),
            limit_ms: ms(limit),
        }
    }
}

impl fmt::Display for RefusalReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Condition { verdict } => {
                let word = match verdict.state {
                    State::Unknown => "is unknown",
                    State::Failed | State::Healthy => "failed",
                };
                write!(
                    f,
                    "condition {} {word}: {}",
                    verdict.condition, verdict.summary
                )
            }
            Self::NotRunning {
                run_state,
                evidence,
            } => {
                write!(f, "it does not run ({}): {evidence}", run_state.as_str())
            }
            Self::NotStopped { run_state } => {
                write!(f, "it is not stopped ({})", run_state.as_str())
            }
            Self::Locked { lock } => write!(f, "the hypervisor has it locked ({lock})"),
            Self::Template => f.write_str("it is a template"),
            Self::NoQuorum => f.write_str("its cluster has no quorum"),
            Self::QuorumUnknown => f.write_str("whether its cluster has quorum could not be told"),
            Self::HighAvailability { sid, state } => write!(
                f,
                "high availability decides over it ({sid}, {state}), and would end its shutdown \
                 with force"
            ),
            Self::HighAvailabilityChanged { sid: Some(sid) } => {
                write!(
                    f,
                    "it came under high availability ({sid}) since it was checked"
                )
            }
            Self::HighAvailabilityChanged { sid: None } => {
                f.write_str("it left high availability since it was checked")
            }
            Self::OtherMachine { evidence } => {
                write!(
                    f,
                    "SSH and the agent channel lead to different machines: {evidence}"
                )
            }
            Self::IdentityUnproven { why } => {
                write!(
                    f,
                    "SSH and the agent channel are not proved to be one machine: {why}"
                )
            }
            Self::BootIdUnknown => f.write_str("its boot id could not be read"),
            Self::AlreadyStopping => f.write_str("it is shutting down already"),
            Self::NoWatcher { why } => {
                write!(f, "its graceful scripts would not run: {why}")
            }
            Self::Stale { age_ms, limit_ms } => {
                write!(
                    f,
                    "the evidence is {age_ms} ms old, {limit_ms} ms are allowed"
                )
            }
            Self::Moved { from, to } => write!(f, "it was checked on {from} and is on {to} now"),
            Self::OtherGuest { observed } => write!(f, "the observation is of {observed}"),
            Self::NotObserved { why } => {
                write!(
                    f,
                    "the hypervisor could not be asked right before the call: {why}"
                )
            }
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is left alone: ", self.guest)?;
        for (i, reason) in self.reasons.iter().enumerate() {
            let separator = if i == 0 { "" } else { "; " };
            write!(f, "{separator}{reason}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Refusal {}
