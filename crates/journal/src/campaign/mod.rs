//! Campaigns: the plan document, where it stands, and the runs of its members.
//!
//! ```text
//! begin ─► save ─► save ─► ... ─► end          under the campaign's lock
//!            ▲ what changed, the words that it answers to, and its notes, in one transaction
//! say ───────┘ pause, resume, approve, abort: by anybody, without the lock
//!
//! begin_try(campaign, member, turn) ─► run     in one transaction with the run: nobody has two runs
//!                                              in one turn, and every run of a turn is found again
//! ```
//!
//! Document, head and turns are opaque here.

mod read;
mod write;

use conditions::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::{CampaignId, RunId};

/// A campaign that is about to begin.
#[derive(Debug, Clone, PartialEq)]
pub struct NewCampaign {
    /// What the operator calls it.
    pub name: String,
    /// Who asked for it.
    pub operator: String,
    /// The plan document.
    pub document: Value,
    /// Where it stands, but for its members.
    pub head: Value,
    /// The members whose turns are not as they are by default.
    pub turns: Vec<(String, Value)>,
    /// When.
    pub at: Timestamp,
}

/// What a list shows of a campaign.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CampaignSummary {
    /// Its number.
    pub id: CampaignId,
    /// What the operator calls it.
    pub name: String,
    /// Who asked for it.
    pub operator: String,
    /// How it ended; absent while it has not.
    pub summary: Option<Value>,
    /// When it began.
    pub began: Timestamp,
    /// When something was last recorded about it.
    pub changed: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
}

/// Everything about one campaign.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CampaignRecord {
    /// What a list shows of it.
    #[serde(flatten)]
    pub summary: CampaignSummary,
    /// The plan document.
    pub document: Value,
    /// Where it stands, but for its members.
    pub head: Value,
    /// Where its members stand; the others had no turn.
    pub turns: Vec<(String, Value)>,
    /// The runs of its members, by member and turn.
    pub tries: Vec<Try>,
    /// Its timeline, in order.
    pub notes: Vec<CampaignNote>,
}

/// One turn of one member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TurnOf {
    /// Of which campaign.
    pub campaign: CampaignId,
    /// Whose, as the plan document calls it.
    pub member: String,
    /// Its number.
    pub turn: u32,
}

/// The run of one turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Try {
    /// Which turn.
    #[serde(flatten)]
    pub turn: TurnOf,
    /// Its run.
    pub run: RunId,
}

/// A line of a campaign's timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CampaignNote {
    /// About whom, if about one member.
    pub member: Option<String>,
    /// What.
    pub text: String,
    /// When.
    pub at: Timestamp,
}

/// A word of the operator that a campaign has not answered to yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    pub(crate) id: i64,
    /// The word.
    pub word: String,
}
