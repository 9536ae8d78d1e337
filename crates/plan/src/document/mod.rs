//! The plan document: who, when, in which wave, and why not the others.
//!
//! ```text
//! plan(file, fleet, now) ─► Document ─► JSON with a seal ─► read ─► moved(fleet)? ─► Campaign
//! ```
//!
//! The seal is a digest of all that the document says: one that was changed by hand is refused.

mod left_out;
mod moved;
mod seal;
mod table;

use std::collections::BTreeMap;
use std::time::Duration;

use conditions::Timestamp;
use serde::{Deserialize, Serialize};

use crate::fleet::{Host, Kind, MemberId};
use crate::policy::{Hooks, Policy, millis};
use crate::window::{Openings, Window, Zone};

pub use left_out::{LeftOut, LeftOutReason};
pub use moved::{Difference, moved};
pub use seal::Unreadable;
pub(crate) use seal::{fleet_digest, grouped};
pub use table::{COLUMNS, Row};

/// What a campaign does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Document {
    pub(crate) schema: Schema,
    /// SHA-256 of the rest.
    pub(crate) seal: String,
    pub(crate) name: String,
    pub(crate) made_at: Timestamp,
    /// SHA-256 of the facts that it was made from.
    pub(crate) fleet: String,
    #[serde(with = "millis")]
    pub(crate) deadline: Duration,
    pub(crate) at_once: usize,
    pub(crate) max_failures: usize,
    pub(crate) hooks: Hooks,
    pub(crate) windows: BTreeMap<String, Window>,
    pub(crate) limits: Vec<Limit>,
    pub(crate) groups: Vec<PlannedGroup>,
    pub(crate) left_out: Vec<LeftOut>,
}

/// The form of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Schema {
    #[serde(rename = "hospes.plan/1")]
    V1,
}

/// How many may be unavailable at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Limit {
    /// Of whom.
    pub of: LimitOf,
    /// So many.
    pub max: usize,
    /// So many were before anybody was begun, and are not patched.
    pub unavailable: usize,
}

/// Whom a limit is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LimitOf {
    /// The members of a group.
    Group(String),
    /// The guests on a node.
    Host(Host),
    /// The nodes of a cluster.
    Nodes(Option<String>),
}

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

impl Document {
    /// What the operator calls it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// When it was made.
    #[must_use]
    pub const fn made_at(&self) -> Timestamp {
        self.made_at
    }

    /// The digest that tells it from others.
    #[must_use]
    pub fn seal(&self) -> &str {
        &self.seal
    }

    /// So long after its begin a campaign begins nobody else.
    #[must_use]
    pub const fn deadline(&self) -> Duration {
        self.deadline
    }

    /// So many are under way at a time.
    #[must_use]
    pub const fn at_once(&self) -> usize {
        self.at_once
    }

    /// So many may fail before nobody else is begun.
    #[must_use]
    pub const fn max_failures(&self) -> usize {
        self.max_failures
    }

    /// Around the campaign.
    #[must_use]
    pub const fn hooks(&self) -> &Hooks {
        &self.hooks
    }

    /// The windows that groups name.
    #[must_use]
    pub const fn windows(&self) -> &BTreeMap<String, Window> {
        &self.windows
    }

    /// How many may be unavailable at a time.
    #[must_use]
    pub fn limits(&self) -> &[Limit] {
        &self.limits
    }

    /// Each after those that it waits for.
    #[must_use]
    pub fn groups(&self) -> &[PlannedGroup] {
        &self.groups
    }

    /// Who is not patched, and why.
    #[must_use]
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }

    /// Everybody who will be patched, with the group and the number of the wave there, from 1.
    pub fn members(&self) -> impl Iterator<Item = (&PlannedGroup, usize, &PlannedMember)> {
        self.groups.iter().flat_map(|group| {
            let waves = group.waves.iter().enumerate();
            waves.flat_map(move |(place, wave)| {
                wave.members
                    .iter()
                    .map(move |member| (group, place + 1, member))
            })
        })
    }

    /// When members of `group` may be begun, between two moments.
    pub(crate) fn openings(
        &self,
        group: &PlannedGroup,
        from: Timestamp,
        until: Timestamp,
    ) -> Openings {
        let windows = group.windows.iter();
        let windows: Vec<&Window> = windows.filter_map(|name| self.windows.get(name)).collect();
        match group.windows.is_empty() {
            true => Openings::always(),
            false => Openings::of(&windows, from, until),
        }
    }

    /// The zone in which times of `group` are told.
    #[must_use]
    pub fn zone(&self, group: &PlannedGroup) -> Zone {
        let first = group
            .windows
            .first()
            .and_then(|name| self.windows.get(name));
        first.map_or_else(Zone::utc, |window| window.zone.clone())
    }
}

impl LimitOf {
    /// All that may hold for a member of `group`.
    pub(crate) fn each<'m>(
        group: &str,
        id: &'m MemberId,
        host: Option<&'m Host>,
    ) -> impl Iterator<Item = Self> + use<'m> {
        let nodes = match id {
            MemberId::Node(node) => Some(Self::Nodes(node.cluster.clone())),
            MemberId::Guest(_) => None,
        };
        let of_group = Self::Group(group.to_owned());
        let of_host = host.cloned().map(Self::Host);
        [of_group].into_iter().chain(of_host).chain(nodes)
    }
}
