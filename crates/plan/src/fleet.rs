//! What the planner is told of guests and nodes.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use conditions::{GuestId, NodeName};
use serde::{Deserialize, Serialize};
use thiserror::Error;

const NODE: &str = "node:";

/// What is patched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A virtual machine's operating system.
    Guest,
    /// A hypervisor host.
    Node,
}

/// A hypervisor host, as `home/pve1`, or `pve1` outside of clusters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Host {
    /// Its cluster, as the configuration calls it.
    pub cluster: Option<String>,
    /// Its name there.
    pub name: NodeName,
}

/// A guest, as `web1`, or a node, as `node:home/pve1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum MemberId {
    /// A guest.
    Guest(GuestId),
    /// A node.
    Node(Host),
}

/// A text that is no guest's name and no node's.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is neither a guest, as `web1`, nor a node, as `node:home/pve1`")]
pub struct InvalidMember(String);

/// Whether somebody can be patched now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It is usable.
    Ready,
    /// It is not, and why.
    Unready(String),
    /// Nobody could tell, and why.
    Unknown(String),
}

/// What counts of one guest or node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Where a guest runs.
    pub host: Option<Host>,
    /// Whether it can be patched now.
    pub standing: Standing,
}

/// Everybody who is known, and whom the words of each group choose.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fleet {
    members: BTreeMap<MemberId, Facts>,
    chosen: BTreeMap<String, Vec<MemberId>>,
}

impl MemberId {
    /// What it is.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Guest(_) => Kind::Guest,
            Self::Node(_) => Kind::Node,
        }
    }
}

impl Fleet {
    /// Tells of a guest or node.
    pub fn add(&mut self, id: MemberId, facts: Facts) {
        self.members.insert(id, facts);
    }

    /// Tells whom `group` is for: first come, first patched.
    pub fn choose(&mut self, group: impl Into<String>, members: Vec<MemberId>) {
        self.chosen.insert(group.into(), members);
    }

    /// Everybody.
    pub fn members(&self) -> impl Iterator<Item = (&MemberId, &Facts)> {
        self.members.iter()
    }

    /// What is known of `id`.
    #[must_use]
    pub fn facts(&self, id: &MemberId) -> Option<&Facts> {
        self.members.get(id)
    }

    /// Whom `group` is for.
    #[must_use]
    pub fn chosen(&self, group: &str) -> &[MemberId] {
        self.chosen.get(group).map_or(&[], Vec::as_slice)
    }

    /// The groups of which it was told whom they are for.
    pub fn groups(&self) -> impl Iterator<Item = &str> {
        self.chosen.keys().map(String::as_str)
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cluster {
            Some(cluster) => f.pad(&format!("{cluster}/{}", self.name)),
            None => self.name.fmt(f),
        }
    }
}

impl FromStr for Host {
    type Err = InvalidMember;

    fn from_str(text: &str) -> Result<Self, InvalidMember> {
        let (cluster, name) = match text.split_once('/') {
            Some((cluster, name)) => (Some(cluster), name),
            None => (None, text),
        };
        let is_word = |word: &str| !word.is_empty() && !word.contains(['/', ' ']);
        if !is_word(name) || !cluster.is_none_or(is_word) {
            return Err(InvalidMember(text.chars().take(80).collect()));
        }
        Ok(Self {
            cluster: cluster.map(str::to_owned),
            name: NodeName::new(name),
        })
    }
}

impl fmt::Display for MemberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Guest(name) => name.fmt(f),
            Self::Node(host) => f.pad(&format!("{NODE}{host}")),
        }
    }
}

impl FromStr for MemberId {
    type Err = InvalidMember;

    fn from_str(text: &str) -> Result<Self, InvalidMember> {
        match text.strip_prefix(NODE) {
            Some(host) => host.parse().map(Self::Node),
            None => match text.parse() {
                Ok(guest) => Ok(Self::Guest(guest)),
                Err(_) => Err(InvalidMember(text.chars().take(80).collect())),
            },
        }
    }
}

macro_rules! text_conversions {
    ($($name:ty),*) => {$(
        impl TryFrom<String> for $name {
            type Error = InvalidMember;

            fn try_from(text: String) -> Result<Self, InvalidMember> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }
    )*};
}
text_conversions!(Host, MemberId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_told_apart_and_print_as_written() {
        for (text, kind) in [
            ("web1", Kind::Guest),
            ("node:home/pve1", Kind::Node),
            ("node:pve1", Kind::Node),
        ] {
            let id: MemberId = text.parse().unwrap();
            assert_eq!((id.to_string().as_str(), id.kind()), (text, kind));
        }
        for bad in [
            "",
            "a b",
            "node:",
            "node:/x",
            "node:a/",
            "node:a/b/c",
            "tag:web",
        ] {
            assert!(bad.parse::<MemberId>().is_err(), "{bad}");
        }
    }
}
