//! Verdicts: what is known about one condition, why, and what to do.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One of the six conditions, in the order of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// 1. The agent's package is installed.
    Package,
    /// 2. The agent's service starts at boot and runs.
    Service,
    /// 3. No guest-side shutdown hook is tied to the agent.
    NoHooks,
    /// 4. systemd's state of the agent's units is consistent.
    Systemd,
    /// 5. The virtio port exists, in the guest and in the running machine.
    Port,
    /// 6. The agent answers, is thawed and can shut the guest down.
    Answers,
}

impl Condition {
    /// All six, in order.
    pub const ALL: [Self; 6] = [
        Self::Package,
        Self::Service,
        Self::NoHooks,
        Self::Systemd,
        Self::Port,
        Self::Answers,
    ];

    /// Its number in the contract, 1 to 6.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8 + 1
    }

    /// Its name for people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Package => "agent package installed",
            Self::Service => "agent service starts at boot and runs",
            Self::NoHooks => "no guest-side shutdown hooks",
            Self::Systemd => "systemd state consistent",
            Self::Port => "virtio port exists",
            Self::Answers => "agent answers",
        }
    }

    /// Whether an operator may accept it as unknown for one call; a failed one never is.
    #[must_use]
    pub const fn may_be_accepted_unknown(self) -> bool {
        matches!(self, Self::Package | Self::Service | Self::Systemd)
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number(), self.title())
    }
}

/// What is known about a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It holds, and evidence shows it.
    Healthy,
    /// It does not hold, and evidence shows it.
    Failed,
    /// Nobody could tell. Refuses like failed.
    Unknown,
}

impl State {
    /// The word for people and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

/// One thing that was asked and what it answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The command or query, as a person would repeat it.
    pub asked: String,
    /// What it printed, cut to what matters.
    pub answered: String,
}

impl Evidence {
    /// `asked` answered `answered`.
    pub fn new(asked: impl Into<String>, answered: impl Into<String>) -> Self {
        Self {
            asked: asked.into(),
            answered: answered.into(),
        }
    }
}

/// The verdict on one condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Which condition.
    pub condition: Condition,
    /// What is known.
    pub state: State,
    /// One line: what is so.
    pub summary: String,
    /// What was asked and answered.
    pub evidence: Vec<Evidence>,
    /// What to do about it; `None` when healthy.
    pub remedy: Option<String>,
}
