//! What a campaign wants done, and what came of it.

use std::fmt;

use conditions::Timestamp;
use serde::{Deserialize, Serialize};

use super::saved::{End, Halt, StopReason};
use crate::fleet::MemberId;
use crate::policy::Hook;

/// One thing to do. Only the caller touches the world, and only after it has stored what changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Patch somebody. Answer: [`Event::Ended`].
    Begin {
        /// Who.
        member: MemberId,
        /// The number of its turn. The caller records it with the run, to find it again.
        turn: u32,
    },
    /// The same turn may have been begun before the controller died: take it up where it is.
    /// Answer: [`Event::Ended`], or [`Event::NotBegun`] if there is no such run.
    Follow {
        /// Who.
        member: MemberId,
        /// The number of its turn.
        turn: u32,
    },
    /// Perform a command. Answer: [`Event::HookEnded`].
    BeginHook {
        /// Which.
        id: HookId,
        /// The command.
        hook: Hook,
        /// After a member: what came of it; nothing, if it was not begun.
        outcome: Option<Outcome>,
    },
    /// The command may have been begun before the controller died. Answer: [`Event::HookEnded`], or
    /// [`Event::HookNotBegun`].
    FollowHook(HookId),
    /// Ask the operator. Answer: [`Event::Approved`], some time.
    AskApproval {
        /// Whose wave waits.
        group: String,
        /// Its number, from 1.
        wave: usize,
        /// The word that it waits for.
        word: String,
    },
    /// Send [`Event::Tick`] then. It takes the place of the one before.
    Wait(Timestamp),
    /// Tell the operator.
    Report(Report),
    /// The campaign has ended.
    Finish(Summary),
}

/// What came of an effect, or of the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Somebody's turn has ended.
    Ended {
        /// Who.
        member: MemberId,
        /// The number of its turn.
        turn: u32,
        /// How.
        outcome: Outcome,
    },
    /// Of [`Effect::Follow`]: there is no such run.
    NotBegun {
        /// Who.
        member: MemberId,
        /// The number of its turn.
        turn: u32,
    },
    /// A command has ended; why it failed, where it did.
    HookEnded(HookId, Result<(), String>),
    /// Of [`Effect::FollowHook`]: it was not begun.
    HookNotBegun(HookId),
    /// Time has passed.
    Tick,
    /// The operator says a word that waves wait for. It holds for all of them.
    Approved(String),
    /// Begin nobody for now.
    Paused,
    /// Begin again.
    Resumed,
    /// Begin nobody else; the operator's reason.
    Aborted(String),
}

/// Which command.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum HookId {
    /// Before the campaign.
    BeforeCampaign,
    /// After it.
    AfterCampaign,
    /// Before the wave of that group, from 1.
    BeforeWave(String, usize),
    /// After it.
    AfterWave(String, usize),
    /// Before that turn of a member.
    BeforeMember(MemberId, u32),
    /// After it.
    AfterMember(MemberId, u32),
}

/// How a member's turn ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It is patched, and usable.
    Done,
    /// It is not, but usable, and another try may succeed; why.
    Retry(String),
    /// It is not, but usable; why.
    Failed(String),
    /// It is not usable, or nobody can tell; why.
    Down(String),
}

/// Something that the operator wants to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// A wave begins: its group and number, from 1.
    WaveBegan(String, usize),
    /// Somebody will be tried again.
    WillRetry {
        /// Who.
        member: MemberId,
        /// When, at the earliest.
        at: Timestamp,
        /// Why.
        reason: String,
    },
    /// Somebody was not begun after all, and waits for another turn.
    PutBack(MemberId),
    /// Somebody has ended.
    Ended(MemberId, End),
    /// A command has failed; why.
    HookFailed(HookId, String),
    /// A group that has members has ended; why early, if it did.
    GroupEnded(String, Option<StopReason>),
    /// Nobody else is begun.
    Halted(Halt),
    /// No wave waits for the word that the operator said.
    UnknownWord(String),
}

/// How a campaign ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Summary {
    /// So many are patched.
    pub done: usize,
    /// So many are not, but usable.
    pub failed: usize,
    /// So many are not usable.
    pub down: usize,
    /// So many were not begun.
    pub not_begun: usize,
    /// Why it ended early.
    pub halt: Option<Halt>,
    /// The command after the campaign has failed; why.
    pub after_campaign: Option<String>,
}

impl Summary {
    /// Everybody is patched, and nothing else went wrong.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        self.failed + self.down + self.not_begun == 0
            && self.halt.is_none()
            && self.after_campaign.is_none()
    }
}

impl fmt::Display for HookId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BeforeCampaign => f.write_str("before-campaign"),
            Self::AfterCampaign => f.write_str("after-campaign"),
            Self::BeforeWave(group, wave) => write!(f, "before-wave {group} {wave}"),
            Self::AfterWave(group, wave) => write!(f, "after-wave {group} {wave}"),
            Self::BeforeMember(member, turn) => write!(f, "before-member {member} {turn}"),
            Self::AfterMember(member, turn) => write!(f, "after-member {member} {turn}"),
        }
    }
}
