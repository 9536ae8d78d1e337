//! Where a campaign is: what a store keeps.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use conditions::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::effect::Outcome;
use crate::fleet::MemberId;

/// All of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Saved {
    /// What is not about one member.
    pub head: Head,
    /// Those who had a turn, or will have none.
    pub turns: BTreeMap<MemberId, Turn>,
}

/// What has changed since it was last asked: so that a step costs a store little.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// What is not about one member.
    pub head: Head,
    /// Those whose turns have changed.
    pub turns: Vec<(MemberId, Turn)>,
}

/// What is not about one member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Head {
    /// The seal of the plan document.
    pub seal: String,
    /// When it was begun.
    pub began: Timestamp,
    /// Where it is.
    pub phase: Phase,
    /// Nobody is begun for now.
    pub is_paused: bool,
    /// Why nobody else is begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub halt: Option<Halt>,
    /// The words that the operator has said.
    pub approved: BTreeSet<String>,
    /// In the order of the plan document.
    pub groups: Vec<GroupState>,
    /// The command after the campaign has failed; why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_campaign: Option<String>,
}

/// Where a campaign is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// The command before it is under way.
    Before,
    /// Groups have their turns.
    Groups,
    /// The command after it is under way.
    After,
    /// It has ended.
    Ended,
}

/// Why nobody else is begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Halt {
    /// More have failed than may.
    Budget,
    /// Its time is over.
    Deadline,
    /// The operator wants it so; why.
    Aborted(String),
    /// The command before the campaign has failed; why.
    Hook(String),
}

/// Where a group is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct GroupState {
    /// Its stage.
    pub stage: Stage,
    /// Why nobody else of it is begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<StopReason>,
}

/// The stage of a group; waves are counted from 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// It waits for the groups before it.
    #[default]
    Waiting,
    /// The wave waits for its word and its window.
    Due(usize),
    /// The command before the wave is under way.
    Before(usize),
    /// Its members have their turns.
    Turns(usize),
    /// The command after the wave is under way.
    After(usize),
    /// The wave is watched until then.
    Soak(usize, Timestamp),
    /// It has ended.
    Ended,
}

/// Why nobody else of a group is begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StopReason {
    /// More of a wave have failed than may.
    Budget,
    /// A group before it was not done.
    Behind(String),
    /// No window is open long enough before the deadline.
    NoWindow,
    /// A command around a wave has failed; why.
    Hook(String),
    /// Some were not begun.
    Incomplete,
}

/// Where a member is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Turn {
    /// It waits for one.
    Waiting(Tries),
    /// The command before it is under way.
    Before(Tries),
    /// It is being patched.
    Patching(Tries),
    /// The command after it is under way. What came of it; nothing, if it was not begun.
    After(Tries, Option<Outcome>),
    /// It has ended.
    Ended(End),
}

/// What was tried of a member.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Tries {
    /// The number of the last turn.
    pub turn: u32,
    /// So often patching was begun.
    pub begun: u32,
    /// Why it is tried again, and when at the earliest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again: Option<(String, Timestamp)>,
}

/// How it ended for a member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// It is patched.
    Done,
    /// It is not, but usable; why.
    Failed(String),
    /// It is not usable, or nobody can tell; why.
    Down(String),
    /// It was not begun; why.
    NotBegun(NotBegunReason),
}

/// Why somebody was not begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotBegunReason {
    /// The campaign was halted.
    Halted,
    /// Its group was stopped.
    Stopped,
    /// No window is open long enough before the deadline.
    NoWindow,
    /// As many as may be are unavailable, and stay so.
    NoRoom,
}

/// Why a campaign cannot be resumed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NotResumable {
    /// It was begun with another plan document.
    #[error(
        "the campaign was begun with another plan document: give it the one with the seal {seal}"
    )]
    OtherDocument {
        /// The seal of that one.
        seal: String,
    },
    /// What was saved does not fit its own plan document.
    #[error(
        "what was saved of the campaign does not fit its plan document; begin another campaign"
    )]
    Corrupt,
}

impl Saved {
    /// Takes in what has changed.
    pub fn apply(&mut self, changes: Changes) {
        self.head = changes.head;
        self.turns.extend(changes.turns);
    }
}

impl Default for Turn {
    fn default() -> Self {
        Self::Waiting(Tries::default())
    }
}

impl Stage {
    /// The wave that it is about.
    #[must_use]
    pub const fn wave(self) -> Option<usize> {
        match self {
            Self::Waiting | Self::Ended => None,
            Self::Due(wave)
            | Self::Before(wave)
            | Self::Turns(wave)
            | Self::After(wave)
            | Self::Soak(wave, _) => Some(wave),
        }
    }
}

impl fmt::Display for Halt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Budget => f.write_str("more have failed than may"),
            Self::Deadline => f.write_str("its time is over"),
            Self::Aborted(reason) => write!(f, "aborted: {reason}"),
            Self::Hook(reason) => write!(f, "the command before the campaign failed: {reason}"),
        }
    }
}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Budget => f.write_str("more of a wave have failed than may"),
            Self::Behind(group) => write!(f, "group `{group}` before it was not done"),
            Self::NoWindow => f.write_str("no window is open long enough before the deadline"),
            Self::Hook(reason) => write!(f, "a command around a wave failed: {reason}"),
            Self::Incomplete => f.write_str("some were not begun"),
        }
    }
}

impl fmt::Display for NotBegunReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Halted => "the campaign was halted",
            Self::Stopped => "its group was stopped",
            Self::NoWindow => "no window is open long enough before the deadline",
            Self::NoRoom => "as many as may be are unavailable, and stay so",
        })
    }
}
