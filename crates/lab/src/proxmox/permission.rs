//! Who may do what where.

use std::collections::{BTreeMap, BTreeSet};

use super::layout::{Grant, Release};
use super::shared::Shared;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Principal {
    /// `lab@pve`, or `lab@pve!hospes`.
    pub(super) id: String,
    /// The user without the token.
    pub(super) user: String,
    /// The token's name.
    pub(super) token: Option<String>,
}

/// Whether one privilege of several is enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    All,
    Any,
}

impl Principal {
    pub(super) fn token(id: &str) -> Self {
        let (user, token) = id.split_once('!').unwrap_or((id, ""));
        Self {
            id: id.to_owned(),
            user: user.to_owned(),
            token: Some(token.to_owned()),
        }
    }

    pub(super) fn user(user: &str) -> Self {
        Self {
            id: user.to_owned(),
            user: user.to_owned(),
            token: None,
        }
    }
}

const OF_ALL_RELEASES: [&str; 30] = [
    "Datastore.Allocate",
    "Datastore.AllocateSpace",
    "Datastore.AllocateTemplate",
    "Datastore.Audit",
    "Group.Allocate",
    "Mapping.Audit",
    "Mapping.Modify",
    "Mapping.Use",
    "Permissions.Modify",
    "Pool.Allocate",
    "Pool.Audit",
    "Realm.Allocate",
    "SDN.Audit",
    "SDN.Use",
    "Sys.Audit",
    "Sys.Console",
    "Sys.Modify",
    "Sys.PowerMgmt",
    "Sys.Syslog",
    "User.Modify",
    "VM.Allocate",
    "VM.Audit",
    "VM.Backup",
    "VM.Clone",
    "VM.Console",
    "VM.Config.Options",
    "VM.Migrate",
    "VM.PowerMgmt",
    "VM.Snapshot",
    "VM.Snapshot.Rollback",
];
const OF_8: [&str; 1] = ["VM.Monitor"];
const OF_9: [&str; 5] = [
    "VM.GuestAgent.Audit",
    "VM.GuestAgent.FileRead",
    "VM.GuestAgent.FileSystemMgmt",
    "VM.GuestAgent.FileWrite",
    "VM.GuestAgent.Unrestricted",
];

/// Every privilege that a release knows.
pub(super) fn known(release: Release) -> impl Iterator<Item = &'static str> {
    let own: &[&str] = match release {
        Release::V8_4 => &OF_8,
        Release::V9_2 => &OF_9,
    };
    OF_ALL_RELEASES.into_iter().chain(own.iter().copied())
}

/// The privileges at a path, with whether each counts below it too.
pub(super) fn at(shared: &Shared, path: &str) -> BTreeMap<String, bool> {
    let mut held = granted(shared, path);
    if let Some(pool) = pool_of(shared, path) {
        for (privilege, propagates) in granted(shared, &format!("/pool/{pool}")) {
            held.entry(privilege).or_insert(propagates);
        }
    }
    let release = shared.release();
    let lost = shared.faults().lost_privileges.clone();
    held.retain(|name, _| !lost.contains(name) && known(release).any(|known| known == name));
    held
}

fn granted(shared: &Shared, path: &str) -> BTreeMap<String, bool> {
    if shared.layout.grants.is_empty() {
        let all = known(shared.release()).map(|name| (name.to_owned(), true));
        return all.collect();
    }
    inherited(&shared.layout.grants, path)
}

/// What is granted deeper replaces what comes from above.
fn inherited(grants: &[Grant], path: &str) -> BTreeMap<String, bool> {
    let mut held = BTreeMap::new();
    for level in levels(path) {
        let here: Vec<&Grant> = grants
            .iter()
            .filter(|grant| grant.path == level && (grant.propagate || level == path))
            .collect();
        if !here.is_empty() {
            let each = here.iter().flat_map(|grant| {
                let names = grant.privileges.iter();
                names.map(|name| (name.clone(), grant.propagate))
            });
            held = each.collect();
        }
    }
    held
}

/// `/`, `/vms`, `/vms/100`.
fn levels(path: &str) -> Vec<&str> {
    let mut levels = vec!["/"];
    let ends = path.match_indices('/').skip(1).map(|(at, _)| at);
    levels.extend(ends.map(|end| &path[..end]));
    if path != "/" {
        levels.push(path);
    }
    levels
}

fn pool_of(shared: &Shared, path: &str) -> Option<String> {
    let vmid = path.strip_prefix("/vms/")?.parse().ok()?;
    shared.guest(vmid)?.settings().pool.clone()
}

/// Whether the privileges are held at a path.
pub(super) fn holds(shared: &Shared, path: &str, privileges: &[String], wanted: Wanted) -> bool {
    if shared.layout.grants.is_empty() {
        // Who may do everything is asked for each of thousands of guests.
        let lost = &shared.faults().lost_privileges;
        let has_lost = privileges
            .iter()
            .filter(|name| lost.contains(*name))
            .count();
        return match wanted {
            Wanted::All => has_lost == 0,
            Wanted::Any => has_lost < privileges.len(),
        };
    }
    let held: BTreeSet<String> = at(shared, path).into_keys().collect();
    match wanted {
        Wanted::All => privileges.iter().all(|name| held.contains(name)),
        Wanted::Any => privileges.iter().any(|name| held.contains(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(path: &str, privileges: &[&str], propagate: bool) -> Grant {
        let privileges = privileges.iter().map(|&name| name.to_owned()).collect();
        Grant {
            path: path.to_owned(),
            privileges,
            propagate,
        }
    }

    #[test]
    fn deeper_grants_replace_those_from_above_and_some_do_not_go_down() {
        let grants = [
            grant("/", &["Sys.Audit"], false),
            grant("/vms", &["VM.Audit", "VM.PowerMgmt"], true),
            grant("/vms/101", &["VM.Audit"], true),
        ];
        let names = |path| inherited(&grants, path).into_keys().collect::<Vec<_>>();
        assert_eq!(names("/"), ["Sys.Audit"]);
        assert_eq!(names("/vms/100"), ["VM.Audit", "VM.PowerMgmt"]);
        assert_eq!(names("/vms/101"), ["VM.Audit"]);
        assert!(names("/nodes/pve1").is_empty());
        assert_eq!(levels("/vms/100"), ["/", "/vms", "/vms/100"]);
    }
}
