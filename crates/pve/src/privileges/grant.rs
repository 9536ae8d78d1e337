//! The commands that grant what is missing.

use std::collections::BTreeSet;

use super::held::Purpose;
use super::{Missing, Version};

/// The role for guests; it has all that hospes needs there, because a role that is granted further
/// down takes the place of those above.
const GUESTS_ROLE: &str = "Hospes";
/// The role for the cluster as a whole.
const CLUSTER_ROLE: &str = "HospesCluster";

/// Commands for a shell on a node that grant what is missing to the token `USER@REALM!ID`, or to the
/// user `USER@REALM`. A token with separated privileges has what both it and its user have, so both
/// are granted; root has everything.
#[must_use]
pub fn grants(who: &str, version: Option<Version>, missing: &[Missing]) -> Vec<String> {
    let mut commands = Vec::new();
    for (is_of_guests, role) in [(false, CLUSTER_ROLE), (true, GUESTS_ROLE)] {
        let these = missing
            .iter()
            .filter(|missing| missing.purpose.is_of_guests() == is_of_guests);
        let paths: BTreeSet<_> = these.flat_map(|missing| &missing.paths).collect();
        if paths.is_empty() {
            continue;
        }
        let privileges = privileges(is_of_guests, version);
        commands.push(format!(
            "pveum role add {role} --privs {privileges} || pveum role modify {role} --append 1 --privs \
             {privileges}"
        ));
        for path in paths {
            let propagate = if is_of_guests { "" } else { " --propagate 0" };
            commands.extend(holders(who).into_iter().map(|holder| {
                format!("pveum acl modify {path} --roles {role}{propagate} {holder}")
            }));
        }
    }
    commands
}

/// Each privilege once, the least that is enough for each purpose.
fn privileges(of_guests: bool, version: Option<Version>) -> String {
    let purposes = Purpose::ALL.into_iter();
    let purposes = purposes.filter(|purpose| purpose.is_of_guests() == of_guests);
    let names: BTreeSet<_> = purposes
        .filter_map(|purpose| purpose.privileges(version).first())
        .copied()
        .collect();
    names.into_iter().collect::<Vec<_>>().join(",")
}

pub(super) fn holders(who: &str) -> Vec<String> {
    let user = who.split('!').next().unwrap_or(who);
    let mut holders = Vec::new();
    if user != "root@pam" {
        holders.push(format!("--users {}", quoted(user)));
    }
    if user != who {
        holders.push(format!("--tokens {}", quoted(who)));
    }
    holders
}

/// One word of a shell, whatever is in it.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}
