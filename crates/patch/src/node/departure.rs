//! How each guest leaves, and whereto.
//!
//! ```text
//! running, not under HA ─► candidates: online, in service, enough memory; most free first
//!                            └─ preconditions ─┬─ none against it ─► Migrate(target)
//!                                              ├─ against the target ─► next candidate
//!                                              └─ against the guest, or no candidate left
//!                                                   ├─ may be interrupted ─► Stop (virtual machines)
//!                                                   └─ else the guest blocks the node
//! under HA: moved by maintenance    stopped, templates: stay
//! ```

use std::cmp::Reverse;
use std::collections::BTreeMap;

use conditions::NodeName;
use serde::{Deserialize, Serialize};

use super::facts::{Guest, GuestKind, GuestStatus, HaNode, Preconditions, View};
use super::settings::{Allowance, Limits};
use super::{Migration, Mover, Transfer};

/// How a guest leaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "way")]
pub enum Way {
    /// It moves.
    Migrate {
        /// Where to.
        target: NodeName,
        /// How.
        transfer: Transfer,
    },
    /// It is shut down gracefully, and started again when the node is back.
    Stop,
}

/// A guest that leaves for the time of the patch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Departure {
    /// Its number.
    pub vmid: u32,
    /// What it is.
    pub kind: GuestKind,
    /// Its name.
    pub name: Option<String>,
    /// The memory that it may use, in bytes.
    pub memory: u64,
    /// How it leaves.
    pub way: Way,
    /// It was asked to; whatever it does since may be this run's doing.
    pub asked: bool,
    /// Where it was seen last, if it is not at home.
    pub away: Option<NodeName>,
    /// It was seen stopped, at home, after it was asked to.
    pub stopped: bool,
    /// The targets where it could not go, and why.
    pub failures: BTreeMap<NodeName, String>,
}

/// What speaks against a move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Objection {
    /// To this target.
    Target(String),
    /// To any.
    Guest(String),
}

impl Objection {
    pub(super) fn into_words(self) -> String {
        match self {
            Self::Target(why) | Self::Guest(why) => why,
        }
    }
}

impl Departure {
    pub(super) fn new(guest: &Guest, way: Way) -> Self {
        Self {
            vmid: guest.vmid,
            kind: guest.kind,
            name: guest.name.clone(),
            memory: guest.memory,
            way,
            asked: false,
            away: None,
            stopped: false,
            failures: BTreeMap::new(),
        }
    }

    /// Interruptions come last, so that nobody is interrupted for a node that cannot be emptied.
    pub(super) fn rank(&self) -> u8 {
        match self.way {
            Way::Migrate {
                transfer: Transfer::Live { .. },
                ..
            } => 0,
            Way::Migrate { .. } => 1,
            Way::Stop => 2,
        }
    }

    /// The move away from `home`; none for a guest that is shut down.
    pub(super) fn migration(&self, home: &NodeName) -> Option<Migration> {
        let Way::Migrate { target, transfer } = &self.way else {
            return None;
        };
        Some(self.between(home, target, *transfer))
    }

    /// The move back to `home` from where it is; none where it did not move.
    pub(super) fn return_to(&self, home: &NodeName) -> Option<Migration> {
        let Way::Migrate { transfer, .. } = &self.way else {
            return None;
        };
        let away = self.away.as_ref()?;
        Some(self.between(away, home, *transfer))
    }

    fn between(&self, from: &NodeName, to: &NodeName, transfer: Transfer) -> Migration {
        Migration {
            guest: Mover {
                vmid: self.vmid,
                kind: self.kind,
                node: from.clone(),
            },
            target: to.clone(),
            transfer,
        }
    }

    /// Takes in where it is.
    pub(super) fn see(&mut self, home: &NodeName, guest: Option<&Guest>) {
        let Some(guest) = guest else { return };
        self.away = (guest.node != *home).then(|| guest.node.clone());
        self.stopped = self.asked
            && self.way == Way::Stop
            && self.away.is_none()
            && guest.status == GuestStatus::Stopped;
    }
}

/// How a guest of this kind moves; none where that would interrupt it and it may not be.
pub(super) fn transfer(kind: GuestKind, allowance: Allowance, limits: &Limits) -> Option<Transfer> {
    match kind {
        GuestKind::Qemu => Some(Transfer::Live {
            with_local_disks: allowance.local_disks,
        }),
        GuestKind::Lxc => allowance.interruption.then_some(Transfer::Restart {
            shutdown: limits.container_shutdown,
        }),
    }
}

/// The guests that leave by an effort of this run, the largest first. Those under high availability
/// are moved by it.
pub(super) fn leaving(view: &View) -> Vec<Guest> {
    let mut found: Vec<Guest> = view
        .occupants()
        .filter(|it| it.ha.is_none())
        .cloned()
        .collect();
    found.sort_by_key(|guest| (Reverse(guest.memory), guest.vmid));
    found
}

/// Where a guest may go, best first: nodes in service with room for it, by the memory that is free
/// when all who were promised a place before have come.
pub(super) fn candidates(view: &View, memory: u64, promised: &[Departure]) -> Vec<NodeName> {
    let Some(nodes) = view.nodes.read() else {
        return Vec::new();
    };
    let taken = |node: &NodeName| -> u64 {
        let there = promised.iter().filter(|it| match &it.way {
            Way::Migrate { target, .. } => target == node && it.away.is_none(),
            Way::Stop => false,
        });
        there.map(|it| it.memory).fold(0, u64::saturating_add)
    };
    let mut free: Vec<(Reverse<u64>, &NodeName)> = Vec::new();
    for member in nodes.iter().filter(|it| it.online && it.name != view.node) {
        let room = member.memory.map_or(0, super::facts::Memory::free);
        let room = room.saturating_sub(taken(&member.name));
        if room >= memory && view.is_in_service(&member.name) {
            free.push((Reverse(room), &member.name));
        }
    }
    free.sort();
    free.into_iter().map(|(_, name)| name.clone()).collect()
}

/// What the node says against a move.
pub(super) fn objection(
    said: &Preconditions,
    target: &NodeName,
    allowance: Allowance,
) -> Option<Objection> {
    let list = |items: &[String]| items.join(", ");
    if !said.local_resources.is_empty() {
        let why = format!("it uses {} of its node", list(&said.local_resources));
        return Some(Objection::Guest(why));
    }
    if !allowance.local_disks && !said.local_disks.is_empty() {
        let why = format!(
            "its disks are on its node only ({}), and copying them is not allowed",
            list(&said.local_disks)
        );
        return Some(Objection::Guest(why));
    }
    if let Some(why) = said.not_allowed.get(target) {
        return Some(Objection::Target(why.clone()));
    }
    let allowed = said.allowed.as_ref();
    let is_left_out = allowed.is_some_and(|nodes| !nodes.contains(target));
    is_left_out.then(|| Objection::Target("its node does not allow it as a target".to_owned()))
}

impl View {
    /// The guests on this node that run, or may.
    pub fn occupants(&self) -> impl Iterator<Item = &Guest> {
        let guests = self.guests.read().into_iter().flatten();
        guests.filter(|guest| {
            guest.node == self.node && !guest.template && guest.status != GuestStatus::Stopped
        })
    }

    /// The guest with this number.
    #[must_use]
    pub fn guest(&self, vmid: u32) -> Option<&Guest> {
        let mut guests = self.guests.read().into_iter().flatten();
        guests.find(|guest| guest.vmid == vmid)
    }

    /// Whether the cluster sees this node.
    #[must_use]
    pub fn is_online(&self) -> bool {
        let mut nodes = self.nodes.read().into_iter().flatten();
        nodes.any(|member| member.name == self.node && member.online)
    }

    /// The manager's word for a node; none where it does not know it, or was not read.
    #[must_use]
    pub fn ha_node(&self, node: &NodeName) -> Option<&HaNode> {
        self.ha.read()?.nodes.get(node)
    }

    /// High availability has nothing against `node`.
    fn is_in_service(&self, node: &NodeName) -> bool {
        let state = self.ha_node(node);
        state.is_none_or(|state| *state == HaNode::Online)
    }
}
