//! What patching nodes needs, beside what guests need.
//!
//! ```text
//! Privileges ─┐
//! nodes ──────┼─► missing_for_nodes ─► [MissingForNodes] ─► grants_for_nodes ─► commands
//! guests ─────┘
//! ```
//!
//! | for | on | privilege |
//! |---|---|---|
//! | running tasks of everybody, status | nodes | `Sys.Audit` |
//! | pending updates | nodes | `Sys.Modify` |
//! | Ceph's flag `noout` | `/` | `Sys.Modify` |
//! | moving guests | guests | `VM.Migrate` |
//!
//! Not everybody patches nodes: who does not, grants none of these. Source: the API's schema.

use std::collections::BTreeSet;

use conditions::NodeName;

use super::Privileges;
use super::grant::holders;

/// What hospes does with privileges around a node that it patches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NodePurpose {
    /// See what runs on the node.
    Watch,
    /// See its pending updates.
    Updates,
    /// Set Ceph's flag `noout`, and take it back.
    Noout,
    /// Move guests away and back.
    Move,
}

/// A purpose that lacks its privilege.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingForNodes {
    /// What it is for.
    pub purpose: NodePurpose,
    /// Where it is missing.
    pub paths: Vec<String>,
}

impl NodePurpose {
    const ALL: [Self; 4] = [Self::Watch, Self::Updates, Self::Noout, Self::Move];

    /// The privilege that it takes.
    #[must_use]
    pub const fn privilege(self) -> &'static str {
        match self {
            Self::Watch => "Sys.Audit",
            Self::Updates | Self::Noout => "Sys.Modify",
            Self::Move => "VM.Migrate",
        }
    }

    /// What needs it, for people.
    #[must_use]
    pub const fn verbs(self) -> &'static str {
        match self {
            Self::Watch => "patch nodes: backups, migrations and replication in flight",
            Self::Updates => "patch nodes: pending updates",
            Self::Noout => "patch nodes: noout, where there is Ceph",
            Self::Move => "patch nodes: guests leave and come back",
        }
    }

    /// Everything that takes a privilege at the same place has one role.
    const fn role(self) -> &'static str {
        match self {
            Self::Watch | Self::Updates => "HospesNodes",
            Self::Noout => "HospesCeph",
            Self::Move => "HospesMove",
        }
    }
}

impl Privileges {
    /// What is missing for patching these nodes, off which these guests move.
    #[must_use]
    pub fn missing_for_nodes(&self, nodes: &[NodeName], guests: &[u32]) -> Vec<MissingForNodes> {
        let each = NodePurpose::ALL.into_iter().map(|purpose| {
            let paths = self.lacking_for_nodes(purpose, nodes, guests);
            MissingForNodes { purpose, paths }
        });
        each.filter(|missing| !missing.paths.is_empty()).collect()
    }

    /// One path for all where they all lack it, since what is granted further down takes the place of
    /// what is above; guests that are seen one by one have theirs.
    fn lacking_for_nodes(
        &self,
        purpose: NodePurpose,
        nodes: &[NodeName],
        guests: &[u32],
    ) -> Vec<String> {
        let (all, paths): (_, Vec<String>) = match purpose {
            NodePurpose::Watch | NodePurpose::Updates => {
                let paths = nodes.iter().map(|node| format!("/nodes/{}", node.as_str()));
                (Some("/nodes"), paths.collect())
            }
            NodePurpose::Noout => (None, vec!["/".to_owned()]),
            NodePurpose::Move => {
                let paths = guests.iter().map(|vmid| format!("/vms/{vmid}"));
                let all = self.holds("/vms", "VM.Audit").then_some("/vms");
                (all, paths.collect())
            }
        };
        let count = paths.len();
        let lacks = |path: &String| !self.holds(path, purpose.privilege());
        let lacking: Vec<_> = paths.into_iter().filter(lacks).collect();
        match all {
            Some(all) if count > 0 && lacking.len() == count => vec![all.to_owned()],
            _ => lacking,
        }
    }
}

/// Commands for a shell on a node that grant what is missing to the token `USER@REALM!ID`, or to the
/// user `USER@REALM`, and its token's user.
#[must_use]
pub fn grants_for_nodes(who: &str, missing: &[MissingForNodes]) -> Vec<String> {
    let roles: BTreeSet<_> = missing.iter().map(|it| it.purpose.role()).collect();
    let commands = roles.into_iter().flat_map(|role| {
        let these = missing.iter().filter(|it| it.purpose.role() == role);
        let paths: BTreeSet<_> = these.flat_map(|it| &it.paths).collect();
        let purposes = NodePurpose::ALL.into_iter().filter(|it| it.role() == role);
        let privileges: Vec<_> = purposes.map(NodePurpose::privilege).collect();
        let privileges = privileges.join(",");
        let made = format!(
            "pveum role add {role} --privs {privileges} || pveum role modify {role} --append 1 --privs \
             {privileges}"
        );
        let granted = paths.into_iter().flat_map(move |path| {
            let propagate = if path == "/" { " --propagate 0" } else { "" };
            holders(who).into_iter().map(move |holder| {
                format!("pveum acl modify {path} --roles {role}{propagate} {holder}")
            })
        });
        std::iter::once(made).chain(granted).collect::<Vec<_>>()
    });
    commands.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn nodes() -> Vec<NodeName> {
        ["pve1", "pve2"].map(NodeName::new).to_vec()
    }

    #[test]
    fn what_is_not_held_is_named_with_its_place() {
        let auditor = Privileges::read(&json!({
            "/": {"Sys.Audit": 0}, "/nodes": {"Sys.Audit": 1}, "/nodes/pve2": {"Sys.Audit": 1, "Sys.Modify": 1},
            "/vms": {"VM.Audit": 1}, "/vms/101": {"VM.Migrate": 1},
        }));
        let missing = auditor.missing_for_nodes(&nodes(), &[101, 102]);
        let shown: Vec<_> = missing
            .iter()
            .map(|it| (it.purpose, it.paths.join(" ")))
            .collect();
        assert_eq!(
            shown,
            [
                (NodePurpose::Updates, "/nodes/pve1".to_owned()),
                (NodePurpose::Noout, "/".to_owned()),
                (NodePurpose::Move, "/vms/102".to_owned()),
            ]
        );
    }

    #[test]
    fn the_commands_grant_what_was_missing() {
        let missing = Privileges::default().missing_for_nodes(&nodes()[..1], &[101]);
        assert_eq!(
            grants_for_nodes("hospes@pve!main", &missing),
            [
                "pveum role add HospesCeph --privs Sys.Modify || pveum role modify HospesCeph --append 1 --privs Sys.Modify",
                "pveum acl modify / --roles HospesCeph --propagate 0 --users 'hospes@pve'",
                "pveum acl modify / --roles HospesCeph --propagate 0 --tokens 'hospes@pve!main'",
                "pveum role add HospesMove --privs VM.Migrate || pveum role modify HospesMove --append 1 --privs VM.Migrate",
                "pveum acl modify /vms/101 --roles HospesMove --users 'hospes@pve'",
                "pveum acl modify /vms/101 --roles HospesMove --tokens 'hospes@pve!main'",
                "pveum role add HospesNodes --privs Sys.Audit,Sys.Modify || pveum role modify HospesNodes --append 1 --privs Sys.Audit,Sys.Modify",
                "pveum acl modify /nodes --roles HospesNodes --users 'hospes@pve'",
                "pveum acl modify /nodes --roles HospesNodes --tokens 'hospes@pve!main'",
            ]
        );
        assert!(grants_for_nodes("root@pam", &[]).is_empty());
    }

    #[test]
    fn a_grant_for_all_goes_where_it_takes_the_place_of_nothing() {
        let seen = Privileges::read(&json!({"/vms": {"VM.Audit": 1}}));
        let missing = seen.missing_for_nodes(&nodes(), &[101, 102]);
        let paths: Vec<_> = missing.iter().flat_map(|it| &it.paths).collect();
        assert_eq!(paths, ["/nodes", "/nodes", "/", "/vms"]);
    }

    #[test]
    fn an_administrator_lacks_nothing() {
        let all = json!({"/": {"Sys.Audit": 1, "Sys.Modify": 1, "VM.Migrate": 1}});
        let missing = Privileges::read(&all).missing_for_nodes(&nodes(), &[101]);
        assert_eq!(missing, []);
    }
}
