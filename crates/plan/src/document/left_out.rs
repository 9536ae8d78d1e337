//! Who is not patched, and why.

use std::fmt;

use conditions::Timestamp;
use serde::{Deserialize, Serialize};

use super::LimitOf;
use crate::fleet::{Host, MemberId};

/// Somebody who is not patched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LeftOut {
    /// Who.
    pub id: MemberId,
    /// Of which group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Where a guest runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<Host>,
    /// Whether it was usable.
    pub is_ready: bool,
    /// Why.
    pub reason: LeftOutReason,
}

/// Why somebody is not patched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "why")]
pub enum LeftOutReason {
    /// The file holds it.
    Held {
        /// The operator's reason.
        reason: String,
        /// Until when.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
    },
    /// It is not usable.
    Unready {
        /// Why.
        reason: String,
    },
    /// Nobody could tell whether it is.
    Unknown {
        /// Why.
        reason: String,
    },
    /// None of its group's windows is open long enough before the deadline.
    NoWindow,
    /// As many as may be are unavailable already.
    NoRoom {
        /// Of whom.
        of: LimitOf,
        /// So many may be.
        max: usize,
        /// So many are.
        unavailable: usize,
    },
    /// Its group waits for one that will not be done.
    Behind {
        /// That one.
        group: String,
        /// Who of it is not patched.
        member: MemberId,
    },
    /// No group is for it.
    InNoGroup,
}

impl fmt::Display for LeftOutReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Held {
                reason,
                until: None,
            } => write!(f, "held: {reason}"),
            Self::Held {
                reason,
                until: Some(until),
            } => write!(f, "held until {until}: {reason}"),
            Self::Unready { reason } => write!(f, "not ready: {reason}"),
            Self::Unknown { reason } => write!(f, "not known to be ready: {reason}"),
            Self::NoWindow => f.write_str("no window is open long enough before the deadline"),
            Self::NoRoom {
                of,
                max,
                unavailable,
            } => write!(
                f,
                "{unavailable} of {of} {} unavailable already, and at most {max} may be",
                if *unavailable == 1 { "is" } else { "are" }
            ),
            Self::Behind { group, member } => write!(
                f,
                "its group waits for `{group}`, where {member} is left out: mend or hold it"
            ),
            Self::InNoGroup => f.write_str("in no group"),
        }
    }
}

impl fmt::Display for LimitOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Group(name) => write!(f, "group `{name}`"),
            Self::Host(host) => write!(f, "the guests on {host}"),
            Self::Nodes(Some(cluster)) => write!(f, "the nodes of `{cluster}`"),
            Self::Nodes(None) => f.write_str("the nodes outside of clusters"),
        }
    }
}
