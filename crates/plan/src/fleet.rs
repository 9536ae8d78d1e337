//! What the planner is told of guests and nodes.

use std::collections::BTreeMap;

pub use conditions::{Host, InvalidMachine, MachineId as MemberId, MachineKind as Kind};

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
