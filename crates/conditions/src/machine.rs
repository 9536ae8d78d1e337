//! Guests and nodes under one name: whom a run, a lock or a campaign is about.
//!
//! ```text
//! web1 ─► Guest      node:home/pve1 ─► Node(cluster home, pve1)      node:pve1 ─► Node(pve1)
//! ```

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{GuestId, NodeName};

const NODE: &str = "node:";

/// What a machine is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MachineKind {
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
pub enum MachineId {
    /// A guest.
    Guest(GuestId),
    /// A node.
    Node(Host),
}

/// A text that is no guest's name and no node's.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is neither a guest, as `web1`, nor a node, as `node:home/pve1`")]
pub struct InvalidMachine(String);

/// A machine with what it is, for a sentence: `guest web1`, `node home/pve1`.
#[derive(Debug, Clone, Copy)]
pub struct Titled<'m>(&'m MachineId);

impl MachineId {
    /// What it is.
    #[must_use]
    pub const fn kind(&self) -> MachineKind {
        match self {
            Self::Guest(_) => MachineKind::Guest,
            Self::Node(_) => MachineKind::Node,
        }
    }

    /// The guest, if it is one.
    #[must_use]
    pub const fn guest(&self) -> Option<&GuestId> {
        match self {
            Self::Guest(guest) => Some(guest),
            Self::Node(_) => None,
        }
    }

    /// With what it is.
    #[must_use]
    pub const fn titled(&self) -> Titled<'_> {
        Titled(self)
    }
}

impl From<GuestId> for MachineId {
    fn from(guest: GuestId) -> Self {
        Self::Guest(guest)
    }
}

impl From<&GuestId> for MachineId {
    fn from(guest: &GuestId) -> Self {
        Self::Guest(guest.clone())
    }
}

impl From<&Self> for MachineId {
    fn from(machine: &Self) -> Self {
        machine.clone()
    }
}

impl PartialEq<GuestId> for MachineId {
    fn eq(&self, other: &GuestId) -> bool {
        self.guest() == Some(other)
    }
}

impl fmt::Display for Titled<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            MachineId::Guest(guest) => write!(f, "guest {guest}"),
            MachineId::Node(host) => write!(f, "node {host}"),
        }
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
    type Err = InvalidMachine;

    fn from_str(text: &str) -> Result<Self, InvalidMachine> {
        let (cluster, name) = match text.split_once('/') {
            Some((cluster, name)) => (Some(cluster), name),
            None => (None, text),
        };
        let is_word = |word: &str| !word.is_empty() && !word.contains(['/', ' ']);
        if !is_word(name) || !cluster.is_none_or(is_word) {
            return Err(InvalidMachine(text.chars().take(80).collect()));
        }
        Ok(Self {
            cluster: cluster.map(str::to_owned),
            name: NodeName::new(name),
        })
    }
}

impl fmt::Display for MachineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Guest(name) => name.fmt(f),
            Self::Node(host) => f.pad(&format!("{NODE}{host}")),
        }
    }
}

impl FromStr for MachineId {
    type Err = InvalidMachine;

    fn from_str(text: &str) -> Result<Self, InvalidMachine> {
        match text.strip_prefix(NODE) {
            Some(host) => host.parse().map(Self::Node),
            None => match text.parse() {
                Ok(guest) => Ok(Self::Guest(guest)),
                Err(_) => Err(InvalidMachine(text.chars().take(80).collect())),
            },
        }
    }
}

macro_rules! text_conversions {
    ($($name:ty),*) => {$(
        impl TryFrom<String> for $name {
            type Error = InvalidMachine;

            fn try_from(text: String) -> Result<Self, InvalidMachine> {
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
text_conversions!(Host, MachineId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_are_told_apart_and_print_as_written() {
        for (text, kind, titled) in [
            ("web1", MachineKind::Guest, "guest web1"),
            ("node:home/pve1", MachineKind::Node, "node home/pve1"),
            ("node:pve1", MachineKind::Node, "node pve1"),
        ] {
            let id: MachineId = text.parse().unwrap();
            assert_eq!((id.to_string().as_str(), id.kind()), (text, kind));
            assert_eq!(id.titled().to_string(), titled);
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
            assert!(bad.parse::<MachineId>().is_err(), "{bad}");
        }
    }
}
