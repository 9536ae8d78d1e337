//! Which guests selectors choose.

use std::collections::BTreeSet;

use conditions::GuestId;
use toml_file::near;

use super::selector::name_told;
use crate::cluster::id_at_end;
use crate::{Guest, SelectError, Selector};

/// The guests of `guests` that `selectors` choose, each once: in the order of the selectors, and
/// by name within one.
///
/// # Errors
/// A selector chooses no guest, or there is none; near names are offered. A name is that of
/// several machines in Proxmox VE.
pub fn select<'g>(
    guests: &'g [Guest],
    selectors: &[Selector],
) -> Result<Vec<&'g Guest>, SelectError> {
    if selectors.is_empty() {
        return Err(SelectError::NothingAsked);
    }
    if guests.is_empty() {
        return Err(SelectError::NoGuests);
    }
    let mut by_name: Vec<&Guest> = guests.iter().collect();
    by_name.sort_by(|a, b| a.name.cmp(&b.name));
    let (mut chosen, mut seen) = (Vec::new(), BTreeSet::new());
    for selector in selectors {
        let matching = match selector {
            Selector::Name(name) => vec![named(name, &by_name)?],
            other => matching(other, &by_name)?,
        };
        chosen.extend(
            matching
                .into_iter()
                .filter(|guest| seen.insert(&guest.name)),
        );
    }
    Ok(chosen)
}

fn matching<'g>(selector: &Selector, guests: &[&'g Guest]) -> Result<Vec<&'g Guest>, SelectError> {
    let chosen = guests
        .iter()
        .copied()
        .filter(|guest| selector.matches(guest));
    let chosen: Vec<&Guest> = chosen.collect();
    if chosen.is_empty() {
        return Err(nobody(selector, guests));
    }
    Ok(chosen)
}

/// The guest of that name, or else the only one that Proxmox VE calls so.
fn named<'g>(name: &GuestId, guests: &[&'g Guest]) -> Result<&'g Guest, SelectError> {
    if let Some(guest) = guests.iter().find(|guest| guest.name == *name) {
        return Ok(guest);
    }
    let of_proxmox: Vec<&Guest> = guests
        .iter()
        .copied()
        .filter(|guest| name_told(guest) == Some(name.as_str()))
        .collect();
    match of_proxmox.as_slice() {
        [] => Err(nobody(&Selector::Name(name.clone()), guests)),
        // It reads as the name of another machine, which may have been there a moment ago.
        [only, ..] if id_at_end(name.as_str()).is_some() => Err(SelectError::Nobody {
            selector: Selector::Name(name.clone()),
            near: vec![only.name.to_string()],
        }),
        [only] => Ok(only),
        several => Err(SelectError::Ambiguous {
            name: name.clone(),
            guests: several.iter().map(|guest| guest.name.clone()).collect(),
        }),
    }
}

/// What is told when `selector` chooses none of `guests`.
fn nobody(selector: &Selector, guests: &[&Guest]) -> SelectError {
    let guests = guests.iter().copied();
    let places = || guests.clone().filter_map(|guest| guest.place.clustered());
    let found = || places().filter_map(|place| place.found.as_ref());
    let (word, candidates): (&str, BTreeSet<&str>) = match selector {
        Selector::All | Selector::Glob(_) | Selector::Ids(_) => ("", BTreeSet::new()),
        Selector::Name(name) => {
            let told = guests.clone().filter_map(name_told);
            let names = guests.clone().map(|guest| guest.name.as_str());
            (name.as_str(), names.chain(told).collect())
        }
        Selector::Tag(tag) => {
            let tags = guests.clone().flat_map(|guest| &guest.tags);
            (tag, tags.map(String::as_str).collect())
        }
        Selector::Pool(pool) => (
            pool,
            found().filter_map(|found| found.pool.as_deref()).collect(),
        ),
        Selector::Node(node) => (node, found().map(|found| found.node.as_str()).collect()),
        Selector::Cluster(name) => (name, places().map(|place| place.cluster.as_str()).collect()),
    };
    SelectError::Nobody {
        near: offers(word, candidates),
        selector: selector.clone(),
    }
}

fn offers(word: &str, candidates: BTreeSet<&str>) -> Vec<String> {
    near(word, candidates)
        .into_iter()
        .map(str::to_owned)
        .collect()
}
