//! One selector: how it is written, and whom it chooses.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use conditions::GuestId;
use thiserror::Error;

use super::Glob;
use crate::Guest;
use crate::guest::is_tag;

/// Chooses guests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// Every guest: `all`.
    All,
    /// The guest of that name, or the only one that Proxmox VE calls so: `web1`.
    Name(GuestId),
    /// Those whose names match, or their names in Proxmox VE: `web*`.
    Glob(Glob),
    /// Those that have the tag: `tag:web`.
    Tag(String),
    /// Those in the pool: `pool:prod`.
    Pool(String),
    /// Those on the node: `node:pve1`.
    Node(String),
    /// Those of the cluster, as the configuration calls it: `cluster:home`.
    Cluster(String),
    /// Those with such an id in their cluster: `id:101`, `id:100-199`.
    Ids(RangeInclusive<u32>),
}

/// A text that is not a selector.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "`{0}` selects nothing: write `all`, a guest's name, a pattern such as `web*`, `tag:web`, \
     `pool:prod`, `node:pve1`, `cluster:home`, `id:101` or `id:100-199`"
)]
pub struct InvalidSelector(String);

impl Selector {
    /// Whether it chooses `guest`.
    #[must_use]
    pub fn matches(&self, guest: &Guest) -> bool {
        let (place, found) = (guest.place.clustered(), guest.place.found());
        match self {
            Self::All => true,
            Self::Name(name) => guest.name == *name || name_told(guest) == Some(name.as_str()),
            Self::Glob(glob) => {
                glob.matches(guest.name.as_str())
                    || name_told(guest).is_some_and(|name| glob.matches(name))
            }
            Self::Tag(tag) => guest.tags.contains(tag),
            Self::Pool(pool) => found.is_some_and(|found| found.pool.as_ref() == Some(pool)),
            Self::Node(node) => found.is_some_and(|found| found.node == *node),
            Self::Cluster(name) => place.is_some_and(|place| place.cluster == *name),
            Self::Ids(ids) => place.is_some_and(|place| ids.contains(&place.vmid)),
        }
    }
}

/// What Proxmox VE calls the guest.
pub(super) fn name_told(guest: &Guest) -> Option<&str> {
    guest.place.found()?.name.as_deref()
}

impl FromStr for Selector {
    type Err = InvalidSelector;

    fn from_str(text: &str) -> Result<Self, InvalidSelector> {
        let read = match text.split_once(':') {
            Some((kind, word)) => of_kind(kind, word),
            None if text == "all" => Some(Self::All),
            None => Glob::parse(text)
                .map(Self::Glob)
                .or_else(|| text.parse().ok().map(Self::Name)),
        };
        read.ok_or_else(|| InvalidSelector(text.chars().take(80).collect()))
    }
}

fn of_kind(kind: &str, word: &str) -> Option<Selector> {
    let owned = |fits: bool| fits.then(|| word.to_owned());
    match kind {
        "tag" => owned(is_tag(word)).map(Selector::Tag),
        // Pools can be in pools: `prod/web`.
        "pool" => owned(is_word(word, "/")).map(Selector::Pool),
        "node" => owned(is_word(word, "")).map(Selector::Node),
        "cluster" => owned(is_word(word, "")).map(Selector::Cluster),
        "id" => ids(word).map(Selector::Ids),
        _ => None,
    }
}

fn is_word(text: &str, also: &str) -> bool {
    let allowed =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') || also.contains(c);
    !text.is_empty() && text.chars().all(allowed)
}

/// `101` or `100-199`.
fn ids(text: &str) -> Option<RangeInclusive<u32>> {
    let number = |digits: &str| {
        let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse::<u32>().ok().filter(|_| plain)
    };
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (number(first)?, number(last)?);
    (first <= last).then_some(first..=last)
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Name(name) => name.fmt(f),
            Self::Glob(pattern) => pattern.fmt(f),
            Self::Tag(tag) => write!(f, "tag:{tag}"),
            Self::Pool(pool) => write!(f, "pool:{pool}"),
            Self::Node(node) => write!(f, "node:{node}"),
            Self::Cluster(name) => write!(f, "cluster:{name}"),
            Self::Ids(ids) if ids.start() == ids.end() => write!(f, "id:{}", ids.start()),
            Self::Ids(ids) => write!(f, "id:{}-{}", ids.start(), ids.end()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_are_told_apart_and_print_as_written() {
        for text in [
            "all",
            "web1",
            "web*",
            "*",
            "?eb.1",
            "*-db_1",
            "tag:web",
            "tag:c++",
            "pool:prod",
            "pool:prod/web",
            "node:pve1",
            "cluster:home",
            "id:101",
            "id:100-199",
        ] {
            assert_eq!(text.parse::<Selector>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "tag:",
            "tag:a b",
            "a/b",
            "web1,web2",
            "tag:web*",
            "a b*",
            "-rf",
            "pool:",
            "node:a/b",
            "id:",
            "id:web",
            "id:199-100",
            "id:+101",
            "id:1-2-3",
            "id:4294967296",
            "vm:101",
        ] {
            assert!(text.parse::<Selector>().is_err(), "{text}");
        }
    }
}
