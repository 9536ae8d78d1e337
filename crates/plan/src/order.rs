//! The order of groups.
//!
//! ```text
//! after (of the file) ─► cycle? ─► + groups of nodes after groups of guests, where that makes none
//! ```

use std::collections::{BTreeMap, BTreeSet};

use crate::file::Group;
use crate::fleet::Kind;

/// Groups that wait for each other, from the first in name order back to itself.
pub(crate) fn cycle<'g>(groups: impl Iterator<Item = (&'g str, &'g Group)>) -> Option<Vec<String>> {
    let after: BTreeMap<&str, Vec<&str>> = groups
        .map(|(name, group)| (name, group.after.iter().map(String::as_str).collect()))
        .collect();
    let mut cleared = BTreeSet::new();
    after.keys().find_map(|start| {
        let path = way_back(start, &after, &mut cleared)?;
        Some(path.into_iter().map(str::to_owned).collect())
    })
}

/// `a after b after a`.
pub(crate) fn told(cycle: &[String]) -> String {
    let quoted: Vec<String> = cycle.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(" after ")
}

/// A way from `start` to somebody who is on it already. Depth first without recursion: a file may
/// name any number of groups.
fn way_back<'g>(
    start: &'g str,
    after: &BTreeMap<&'g str, Vec<&'g str>>,
    cleared: &mut BTreeSet<&'g str>,
) -> Option<Vec<&'g str>> {
    let mut path: Vec<(&str, usize)> = vec![(start, 0)];
    while let Some((name, next)) = path.last_mut() {
        let following = after
            .get(*name)
            .and_then(|before| before.get(*next))
            .copied();
        let Some(before) = following else {
            cleared.insert(*name);
            path.pop();
            continue;
        };
        *next += 1;
        if let Some(at) = path.iter().position(|(name, _)| *name == before) {
            let round = path[at..].iter().map(|(name, _)| *name);
            return Some(round.chain([before]).collect());
        }
        if !cleared.contains(before) {
            path.push((before, 0));
        }
    }
    None
}

/// Before whom each group has to be done, with what everybody expects: guests come before nodes,
/// unless the file wants those guests after nodes.
pub(crate) fn dependencies(groups: &BTreeMap<String, Group>) -> BTreeMap<String, BTreeSet<String>> {
    let known = |name: &String| groups.contains_key(name);
    let mut after: BTreeMap<String, BTreeSet<String>> = groups
        .iter()
        .map(|(name, group)| {
            (
                name.clone(),
                group
                    .after
                    .iter()
                    .filter(|name| known(name))
                    .cloned()
                    .collect(),
            )
        })
        .collect();
    let of_kind = |kind| groups.iter().filter(move |(_, group)| group.kind == kind);
    for (nodes, _) in of_kind(Kind::Node) {
        for (guests, _) in of_kind(Kind::Guest) {
            if !is_after(guests, nodes, &after) {
                after
                    .entry(nodes.clone())
                    .or_default()
                    .insert(guests.clone());
            }
        }
    }
    after
}

/// Whether `later` waits for `earlier`, or for somebody who does.
fn is_after(later: &str, earlier: &str, after: &BTreeMap<String, BTreeSet<String>>) -> bool {
    let (mut open, mut seen) = (vec![later], BTreeSet::new());
    while let Some(name) = open.pop() {
        if name == earlier {
            return true;
        }
        if seen.insert(name) {
            open.extend(after.get(name).into_iter().flatten().map(String::as_str));
        }
    }
    false
}

/// The groups such that each comes after those that it waits for; by name, where there is a choice.
pub(crate) fn sorted(after: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let (mut order, mut done) = (Vec::new(), BTreeSet::new());
    loop {
        let is_next = |(name, before): &(&String, &BTreeSet<String>)| {
            !done.contains(*name) && before.is_subset(&done)
        };
        let Some((name, _)) = after.iter().find(is_next) else {
            return order;
        };
        done.insert(name.clone());
        order.push(name.clone());
    }
}
