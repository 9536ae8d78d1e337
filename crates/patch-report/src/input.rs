//! What a report is made from: what the program reads from its journal.

use conditions::Timestamp;
use plan::campaign::Saved;
use plan::{Document, MemberId};
use serde::{Deserialize, Serialize};

/// All that is known of a campaign.
#[derive(Debug)]
pub struct Input<'a> {
    /// The plan that it carries out.
    pub document: &'a Document,
    /// Where it is.
    pub saved: &'a Saved,
    /// What neither of them says.
    pub campaign: Head,
    /// What was tried, in any order. Of somebody who is not in the document nothing is told.
    pub tries: Vec<Try>,
    /// What happened, oldest first.
    pub events: Vec<Entry>,
}

/// What the journal knows of a campaign besides its plan and its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Its name in the journal.
    pub id: String,
    /// Who began it.
    pub operator: String,
    /// When it ended; none while it goes on.
    pub ended: Option<Timestamp>,
    /// The moment that the report tells of.
    pub as_of: Timestamp,
}

/// One try to patch somebody: a run of the journal.
#[derive(Debug)]
pub struct Try {
    /// Whom.
    pub member: MemberId,
    /// The number of the turn in the campaign.
    pub turn: u32,
    /// The run's name in the journal.
    pub run: String,
    /// When it began.
    pub began: Timestamp,
    /// When it ended; none while it goes on.
    pub ended: Option<Timestamp>,
    /// The recorded effects, in order.
    pub steps: Vec<Step>,
    /// What was seen of the agent, for people. It decides nothing.
    pub agent: Option<String>,
    /// What came of it; none while it goes on, or where nobody could record it.
    pub outcome: Option<TryOutcome>,
}

/// One recorded effect of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its name in the journal: a phase, such as `refresh`, `upgrade`, `reboot` or `post-check`.
    pub name: String,
    /// When it was about to be attempted.
    pub intended: Timestamp,
    /// What came of it and when; none where nobody lived to record it.
    pub result: Option<(String, Timestamp)>,
}

/// What came of a try.
#[derive(Debug)]
pub enum TryOutcome {
    /// Of a guest.
    Guest(Box<patch::run::Outcome>),
    /// Of a node.
    Node(Box<patch::node::Outcome>),
}

/// One thing that happened to a campaign. A journal may keep it as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// Who did it: an operator, or `hospes`.
    pub by: String,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

/// What happened to a campaign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "what")]
pub enum What {
    /// A wave began.
    WaveBegan {
        /// Of which group.
        group: String,
        /// Its number there, from 1.
        wave: usize,
    },
    /// A group ended.
    GroupEnded {
        /// Which.
        group: String,
    },
    /// A word was said that waves wait for.
    Approved {
        /// Which.
        word: String,
    },
    /// Nobody is begun for now.
    Paused,
    /// Members are begun again.
    Resumed,
    /// Nobody else is begun.
    Aborted {
        /// Why.
        reason: String,
    },
    /// Another controller took the campaign up: the one before had died.
    TakenUp {
        /// When the one before was last heard of.
        seen: Timestamp,
    },
    /// `apply` refused, since reality is not what the plan was made from.
    Differed {
        /// What is not as it was, a sentence each.
        differences: Vec<String>,
    },
    /// A command of the operator began.
    HookBegan {
        /// Which, as [`plan::campaign::HookId`] prints it.
        hook: String,
    },
    /// A command of the operator ended.
    HookEnded {
        /// Which, as [`plan::campaign::HookId`] prints it.
        hook: String,
        /// Why it failed, where it did.
        failure: Option<String>,
    },
    /// Anything else that people want to read.
    Told {
        /// What.
        text: String,
    },
}
