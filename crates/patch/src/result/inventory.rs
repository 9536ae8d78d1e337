//! Every package's version and state, before and after.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::preview::{MAX_PACKAGES, Preview};
use crate::version::Version;

/// Prints the inventory, sorted: NAME, ARCHITECTURE, VERSION and STATE, tabs between.
pub(crate) const FORMAT: &str = r"dpkg-query -W -f='${Package}\t${Architecture}\t${Version}\t${db:Status-Status}\n' | LC_ALL=C sort";

/// A package that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Its name, with the architecture when that is foreign.
    pub package: String,
    /// What happened.
    pub kind: ChangeKind,
    /// The version before.
    pub from: Option<Version>,
    /// The version after.
    pub to: Option<Version>,
    /// A security archive has the new version.
    pub security: bool,
}

/// What happened to a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    /// It has a newer version.
    Upgraded,
    /// It has an older version.
    Downgraded,
    /// It is new.
    Installed,
    /// It is gone; its configuration may be left.
    Removed,
    /// It was unsettled before, and is installed now.
    Mended,
    /// It is neither installed nor gone now.
    Broken,
}

#[derive(Debug, Clone)]
struct Entry {
    version: Version,
    state: String,
}

impl Entry {
    fn is_installed(&self) -> bool {
        matches!(
            self.state.as_str(),
            "installed" | "triggers-pending" | "triggers-awaited"
        )
    }

    fn is_there(&self) -> bool {
        !matches!(self.state.as_str(), "config-files" | "not-installed")
    }
}

/// From the lines that are only in the first inventory, and those only in the second.
pub(super) fn changes(gone: &str, come: &str, native: &str, preview: &Preview) -> Vec<Change> {
    let (before, after) = (entries(gone, native), entries(come, native));
    let security: BTreeSet<&str> = preview.security().collect();
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let changes = names.into_iter().filter_map(|name| {
        let mut change = change(name, before.get(name), after.get(name))?;
        let comes = !matches!(change.kind, ChangeKind::Removed | ChangeKind::Mended);
        change.security = comes && security.contains(name.as_str());
        Some(change)
    });
    changes.collect()
}

fn change(name: &str, before: Option<&Entry>, after: Option<&Entry>) -> Option<Change> {
    let old = before.filter(|entry| entry.is_there());
    let new = after.filter(|entry| entry.is_there());
    let kind = match (old, new) {
        (None, None) => return None,
        (Some(_), None) => ChangeKind::Removed,
        (_, Some(new)) if !new.is_installed() => ChangeKind::Broken,
        (None, Some(_)) => ChangeKind::Installed,
        (Some(old), Some(new)) if new.version > old.version => ChangeKind::Upgraded,
        (Some(old), Some(new)) if new.version < old.version => ChangeKind::Downgraded,
        (Some(old), Some(_)) if !old.is_installed() => ChangeKind::Mended,
        (Some(_), Some(_)) => return None,
    };
    Some(Change {
        package: name.to_owned(),
        kind,
        from: old.map(|entry| entry.version.clone()),
        to: new.map(|entry| entry.version.clone()),
        security: false,
    })
}

fn entries(text: &str, native: &str) -> BTreeMap<String, Entry> {
    let entries = text.lines().filter_map(|line| {
        let fields: Vec<&str> = line.split('\t').collect();
        let [name, arch, version, state] = fields[..] else {
            return None;
        };
        let is_plain = arch == native || arch == "all";
        let name = if is_plain {
            name.to_owned()
        } else {
            format!("{name}:{arch}")
        };
        let entry = Entry {
            version: Version::new(version),
            state: state.to_owned(),
        };
        Some((name, entry))
    });
    entries.take(MAX_PACKAGES).collect()
}
