//! Packages by name, over all members.

use std::collections::{BTreeMap, BTreeSet};

use patch::preview::WithheldReason;
use patch::result::{Change, ChangeKind};
use serde::Serialize;

use super::member::Member;

/// A package that is not as it was on some members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Package {
    /// Its name, with the architecture when that is foreign.
    pub name: String,
    /// On so many members.
    pub members: usize,
    /// On some of them for security.
    pub security: bool,
    /// From which version to which, those on most members first.
    pub changes: Vec<Versions>,
}

/// A change of a package that members have in common.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Versions {
    /// What happened.
    pub kind: ChangeKind,
    /// The version before.
    pub from: Option<String>,
    /// The version after.
    pub to: Option<String>,
    /// On so many members.
    pub members: usize,
}

/// A package that stays on some members though a newer version is known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct WithheldPackage {
    /// Why, in a word.
    pub reason: Reason,
    /// Its name.
    pub name: String,
    /// The version that is installed.
    pub from: Option<String>,
    /// The newer one.
    pub to: Option<String>,
    /// Why.
    pub why: String,
    /// On so many members.
    pub members: usize,
}

/// Why a package stays, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Somebody put it on hold.
    Held,
    /// A pin prefers the installed version.
    Pinned,
    /// Other packages would have to come or go, or cannot be had.
    KeptBack,
    /// It is not offered to this machine yet.
    Phased,
}

impl Reason {
    pub(super) const fn of(why: &WithheldReason) -> Self {
        match why {
            WithheldReason::Held => Self::Held,
            WithheldReason::Pinned { .. } => Self::Pinned,
            WithheldReason::Phased { .. } => Self::Phased,
            WithheldReason::NeedsNew { .. }
            | WithheldReason::NeedsRemoval { .. }
            | WithheldReason::Unmet { .. }
            | WithheldReason::Unexplained => Self::KeptBack,
        }
    }

    /// The word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Pinned => "pinned",
            Self::KeptBack => "kept back",
            Self::Phased => "phased",
        }
    }
}

/// What happened to a package, in a word.
pub(crate) const fn happened(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Upgraded => "upgraded",
        ChangeKind::Downgraded => "downgraded",
        ChangeKind::Installed => "installed",
        ChangeKind::Removed => "removed",
        ChangeKind::Mended => "mended",
        ChangeKind::Broken => "broken",
    }
}

type Key<'a> = (ChangeKind, Option<&'a str>, Option<&'a str>);

/// By name.
pub(super) fn changed(members: &[Member]) -> Vec<Package> {
    let changes: Vec<_> = members.iter().map(Member::changes).collect();
    let mut packages: BTreeMap<&str, BTreeMap<Key<'_>, usize>> = BTreeMap::new();
    let mut security: BTreeSet<&str> = BTreeSet::new();
    for change in changes.iter().flat_map(|of_member| of_member.iter()) {
        let versions = packages.entry(&change.package).or_default();
        *versions.entry(key(change)).or_default() += 1;
        if change.security {
            security.insert(&change.package);
        }
    }
    let packages = packages.into_iter().map(|(name, versions)| Package {
        name: name.to_owned(),
        members: versions.values().sum(),
        security: security.contains(name),
        changes: common_first(versions),
    });
    packages.collect()
}

fn key(change: &Change) -> Key<'_> {
    let from = change.from.as_ref().map(patch::Version::as_str);
    let to = change.to.as_ref().map(patch::Version::as_str);
    (change.kind, from, to)
}

fn common_first(versions: BTreeMap<Key<'_>, usize>) -> Vec<Versions> {
    let versions = versions.into_iter();
    let mut versions: Vec<Versions> = versions
        .map(|((kind, from, to), members)| Versions {
            kind,
            from: from.map(str::to_owned),
            to: to.map(str::to_owned),
            members,
        })
        .collect();
    versions.sort_by_key(|versions| std::cmp::Reverse(versions.members));
    versions
}

/// By reason, then by name.
pub(super) fn withheld(members: &[Member]) -> Vec<WithheldPackage> {
    let found = members.iter().filter_map(Member::found);
    let mut packages: BTreeMap<WithheldPackage, usize> = BTreeMap::new();
    for package in found.flat_map(|found| &found.withheld) {
        let key = WithheldPackage {
            reason: Reason::of(&package.why),
            name: package.package.clone(),
            from: package.from.as_ref().map(ToString::to_string),
            to: package.to.as_ref().map(ToString::to_string),
            why: package.why.to_string(),
            members: 0,
        };
        *packages.entry(key).or_default() += 1;
    }
    let packages = packages.into_iter();
    packages
        .map(|(package, members)| WithheldPackage { members, ..package })
        .collect()
}
