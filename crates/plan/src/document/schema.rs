//! The root of a document, and the version of its form.

use std::collections::BTreeMap;
use std::time::Duration;

use conditions::Timestamp;
use serde::{Deserialize, Serialize};

use super::group::{PlannedGroup, PlannedMember};
use super::left_out::LeftOut;
use super::limit::Limit;
use crate::policy::{Hooks, millis};
use crate::window::{Openings, Window, Zone};

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
