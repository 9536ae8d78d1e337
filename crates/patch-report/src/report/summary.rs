//! What a campaign came to, in numbers.

use std::collections::BTreeSet;
use std::time::Duration;

use patch::result::ChangeKind;
use serde::Serialize;

use super::attempt::millis;
use super::campaign::Campaign;
use super::member::{LeftOut, Member, Standing};
use super::package::Reason;

/// What a campaign came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Summary {
    /// Those of the plan.
    pub members: Numbers,
    /// So many are known and not in the plan.
    pub left_out: usize,
    /// So many were tried more than once.
    pub retried: usize,
    /// Packages, counted on each member apart.
    pub packages: Packages,
    /// Packages that stay though a newer version is known, counted on each member apart.
    pub withheld: WithheldPackages,
    /// Reboots.
    pub reboots: Reboots,
    /// Configuration files that their owners keep, on all members.
    pub conffiles: usize,
    /// From its begin to its end, or to the moment that the report tells of, in milliseconds.
    #[serde(rename = "took-ms", serialize_with = "millis")]
    pub took: Duration,
}

/// How members stand. The parts add up to the members.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "their names say it")]
pub struct Numbers {
    pub members: usize,
    pub done: usize,
    pub failed: usize,
    pub down: usize,
    pub under_way: usize,
    pub waiting: usize,
    pub not_begun: usize,
}

/// Packages that are not as they were.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Packages {
    /// So many were upgraded, installed, removed, mended or given an older version.
    pub changed: usize,
    /// So many of these for security.
    pub security: usize,
    /// So many different ones were changed.
    pub names: usize,
    /// On so many members.
    pub members: usize,
    /// So many are neither installed nor gone now.
    pub broken: usize,
}

/// Packages that stay.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "their names say it")]
pub struct WithheldPackages {
    pub held: usize,
    pub pinned: usize,
    pub kept_back: usize,
    pub phased: usize,
}

/// Reboots.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Reboots {
    /// So many are proved by a new boot id.
    pub proved: usize,
    /// So many members ask for one that is not done.
    pub owed: usize,
}

impl Numbers {
    pub(super) fn of(members: &[Member]) -> Self {
        let mut numbers = Self {
            members: members.len(),
            ..Self::default()
        };
        for member in members {
            *match member.standing {
                Standing::Done => &mut numbers.done,
                Standing::Failed(_) => &mut numbers.failed,
                Standing::Down(_) => &mut numbers.down,
                Standing::UnderWay => &mut numbers.under_way,
                Standing::Waiting(_) => &mut numbers.waiting,
                Standing::NotBegun(_) => &mut numbers.not_begun,
            } += 1;
        }
        numbers
    }

    /// Each number with its word.
    #[must_use]
    pub const fn parts(&self) -> [(&'static str, usize); 6] {
        [
            ("done", self.done),
            ("failed", self.failed),
            ("down", self.down),
            ("under way", self.under_way),
            ("waiting", self.waiting),
            ("not begun", self.not_begun),
        ]
    }
}

impl Summary {
    pub(super) fn of(campaign: &Campaign, members: &[Member], left_out: &[LeftOut]) -> Self {
        let found = || members.iter().filter_map(Member::found);
        let mut withheld = WithheldPackages::default();
        for package in found().flat_map(|found| &found.withheld) {
            *match Reason::of(&package.why) {
                Reason::Held => &mut withheld.held,
                Reason::Pinned => &mut withheld.pinned,
                Reason::KeptBack => &mut withheld.kept_back,
                Reason::Phased => &mut withheld.phased,
            } += 1;
        }
        Self {
            members: Numbers::of(members),
            left_out: left_out.len(),
            retried: members.iter().filter(|one| one.tries.len() > 1).count(),
            packages: Packages::of(members),
            withheld,
            reboots: Reboots {
                proved: members.iter().map(|one| one.reboots().count()).sum(),
                owed: found().filter(|found| found.reboot_owed.is_some()).count(),
            },
            conffiles: found().map(|found| found.conffiles.len()).sum(),
            took: campaign.until().since(campaign.began),
        }
    }
}

impl Packages {
    fn of(members: &[Member]) -> Self {
        let mut packages = Self::default();
        let changes: Vec<_> = members.iter().map(Member::changes).collect();
        let mut names = BTreeSet::new();
        for of_member in &changes {
            let is_broken = |kind| kind == ChangeKind::Broken;
            let changed = of_member.iter().filter(|change| !is_broken(change.kind));
            let before = packages.changed;
            for change in changed {
                packages.changed += 1;
                packages.security += usize::from(change.security);
                names.insert(change.package.as_str());
            }
            packages.members += usize::from(packages.changed > before);
            packages.broken += of_member
                .iter()
                .filter(|change| is_broken(change.kind))
                .count();
        }
        packages.names = names.len();
        packages
    }
}
