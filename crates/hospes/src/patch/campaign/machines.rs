//! Turns of guests and nodes: each is a recorded run of its own.

use std::collections::HashMap;

use journal::{CampaignLock, TurnOf};
use plan::campaign::Outcome;
use plan::{Document, MemberId, NodePatching};

use super::manner::manner;
use super::turns::Turns;
use crate::fleet::{Fleet, Member, Node};
use crate::patch::fleet::Members;
use crate::patch::guest::{self, Manner, Turn};
use crate::patch::node;
use crate::show::Progress;

/// The guests and nodes of a campaign.
pub(crate) struct Machines<'a> {
    fleet: &'a Fleet,
    lock: &'a CampaignLock,
    progress: &'a Progress,
    members: HashMap<MemberId, Machine>,
    /// By group.
    manners: Vec<(Manner, NodePatching)>,
    /// The group of each member, by its place.
    groups: HashMap<MemberId, usize>,
}

enum Machine {
    Guest(Member),
    Node(Node),
}

impl<'a> Machines<'a> {
    /// Those of `document`, as far as `members` has them.
    pub(crate) fn of(
        fleet: &'a Fleet,
        lock: &'a CampaignLock,
        progress: &'a Progress,
        document: &Document,
        members: Members,
    ) -> Self {
        let groups = document.groups();
        let places = groups.iter().zip(0..);
        let places = places.flat_map(|(group, place)| {
            let waves = group.waves.iter();
            let members = waves.flat_map(|wave| &wave.members);
            members.map(move |member| (member.id.clone(), place))
        });
        let groups_of: HashMap<MemberId, usize> = places.collect();
        let guests = members.guests.into_iter();
        let guests = guests.map(|guest| (guest.id().into(), Machine::Guest(guest)));
        let nodes = members.nodes.into_iter();
        let nodes = nodes.map(|node| (node.id(), Machine::Node(node)));
        let members = guests.chain(nodes);
        let manners = groups.iter().map(|group| {
            let policy = &group.policy;
            (manner(policy), policy.patching.node)
        });
        Self {
            fleet,
            lock,
            progress,
            members: members
                .filter(|(id, _)| groups_of.contains_key(id))
                .collect(),
            manners: manners.collect(),
            groups: groups_of,
        }
    }

    fn turn_of(&self, member: &MemberId, turn: u32) -> TurnOf {
        TurnOf {
            campaign: self.lock.campaign(),
            member: member.to_string(),
            turn,
        }
    }

    /// The member, and how it is patched.
    fn known(&self, id: &MemberId) -> Option<(&Machine, &(Manner, NodePatching))> {
        let manner = self.manners.get(*self.groups.get(id)?)?;
        Some((self.members.get(id)?, manner))
    }
}

impl Turns for Machines<'_> {
    async fn begin(&self, id: &MemberId, turn: u32) -> Outcome {
        let Some((machine, (manner, patching))) = self.known(id) else {
            return Outcome::Failed(format!("there is no {} any more: plan again", id.titled()));
        };
        let of = self.turn_of(id, turn);
        let turn = Turn {
            of: &of,
            campaign: self.lock,
        };
        let (fleet, progress) = (self.fleet, self.progress);
        let outcome = match machine {
            Machine::Guest(member) => guest::begin(fleet, member, &turn, manner, progress).await,
            Machine::Node(node) => {
                node::begin(fleet, node, &turn, (manner, *patching), progress).await
            }
        };
        self.progress.ended(id);
        outcome
    }

    async fn follow(&self, id: &MemberId, turn: u32) -> Option<Outcome> {
        let of = self.turn_of(id, turn);
        let Some((machine, _)) = self.known(id) else {
            let run = self.fleet.store().journal().run_of_turn(&of);
            return match run {
                Ok(None) => None,
                Ok(Some(run)) => Some(Outcome::Down(format!(
                    "there is no {} any more, and its run {run} was not finished",
                    id.titled()
                ))),
                Err(error) => Some(Outcome::Down(error.to_string())),
            };
        };
        let turn = Turn {
            of: &of,
            campaign: self.lock,
        };
        let (fleet, progress) = (self.fleet, self.progress);
        let outcome = match machine {
            Machine::Guest(member) => guest::follow(fleet, member, &turn, progress).await,
            Machine::Node(node) => node::follow(fleet, node, &turn, progress).await,
        };
        self.progress.ended(id);
        outcome
    }
}
