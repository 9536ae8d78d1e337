//! Groups, their waves and who is in them.

use std::time::Duration;

use conditions::Timestamp;
use serde::{Deserialize, Serialize};

use crate::fleet::{Host, Kind, MemberId};
use crate::policy::{Policy, millis};

/// A group of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PlannedGroup {
    /// As the file calls it.
    pub name: String,
    /// What its members are.
    pub kind: Kind,
    /// Selectors that chose its members: so that the caller can tell whom they choose now.
    pub words: Vec<String>,
    /// Selectors of those who are not meant.
    pub except: Vec<String>,
    /// Groups that have to be done before.
    pub after: Vec<String>,
    /// The windows in which its members are begun; at any time, without one.
    pub windows: Vec<String>,
    /// How its members are patched.
    pub policy: Policy,
    /// One after the other.
    pub waves: Vec<PlannedWave>,
}

/// Members of a group that are patched together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PlannedWave {
    /// As the file calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// So long is waited after it.
    #[serde(with = "millis")]
    pub soak: Duration,
    /// It waits for this word of the operator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<String>,
    /// So many of it may fail before nobody else of the group is begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_failures: Option<usize>,
    /// Who is in it, in the order of their turns.
    pub members: Vec<PlannedMember>,
}

/// Somebody who will be patched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PlannedMember {
    /// Who.
    pub id: MemberId,
    /// Where a guest runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<Host>,
    /// About when, if all goes well and each takes as long as expected; nothing, if that is after
    /// the deadline.
    pub earliest: Option<Timestamp>,
}
