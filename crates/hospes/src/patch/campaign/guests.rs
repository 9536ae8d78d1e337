//! Turns of guests: each is a recorded run of its own.

use std::collections::HashMap;

use journal::{CampaignLock, TurnOf};
use plan::campaign::Outcome;
use plan::{Document, MemberId};

use super::manner::manner;
use super::turns::Turns;
use crate::fleet::{Fleet, Member};
use crate::patch::guest::{self, Manner, Turn};
use crate::show::Progress;

/// The guests of a campaign.
pub(crate) struct Guests<'a> {
    fleet: &'a Fleet,
    lock: &'a CampaignLock,
    progress: &'a Progress,
    members: HashMap<MemberId, Member>,
    /// By group.
    manners: Vec<Manner>,
    /// The group of each member, by its place.
    groups: HashMap<MemberId, usize>,
}

impl<'a> Guests<'a> {
    /// Those of `document`, as far as `members` has them.
    pub(crate) fn of(
        fleet: &'a Fleet,
        lock: &'a CampaignLock,
        progress: &'a Progress,
        document: &Document,
        members: Vec<Member>,
    ) -> Self {
        let groups = document.groups();
        let places = groups.iter().zip(0..);
        let places = places.flat_map(|(group, place)| {
            let waves = group.waves.iter();
            let members = waves.flat_map(|wave| &wave.members);
            members.map(move |member| (member.id.clone(), place))
        });
        let groups_of: HashMap<MemberId, usize> = places.collect();
        let members = members.into_iter().filter_map(|member| {
            let id = MemberId::Guest(member.id().clone());
            groups_of.contains_key(&id).then_some((id, member))
        });
        Self {
            fleet,
            lock,
            progress,
            members: members.collect(),
            manners: groups.iter().map(|group| manner(&group.policy)).collect(),
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

    /// The guest, and how it is patched.
    fn known(&self, id: &MemberId) -> Option<(&Member, &Manner)> {
        let manner = self.manners.get(*self.groups.get(id)?)?;
        Some((self.members.get(id)?, manner))
    }
}

impl Turns for Guests<'_> {
    async fn begin(&self, id: &MemberId, turn: u32) -> Outcome {
        let Some((member, manner)) = self.known(id) else {
            return Outcome::Failed(format!("there is no guest {id} any more: plan again"));
        };
        let of = self.turn_of(id, turn);
        let turn = Turn {
            of: &of,
            campaign: self.lock,
        };
        let outcome = guest::begin(self.fleet, member, &turn, manner, self.progress).await;
        self.progress.ended(member.id());
        outcome
    }

    async fn follow(&self, id: &MemberId, turn: u32) -> Option<Outcome> {
        let of = self.turn_of(id, turn);
        let Some((member, _)) = self.known(id) else {
            let run = self.fleet.store().journal().run_of_turn(&of);
            return match run {
                Ok(None) => None,
                Ok(Some(run)) => Some(Outcome::Down(format!(
                    "there is no guest {id} any more, and its run {run} was not finished"
                ))),
                Err(error) => Some(Outcome::Down(error.to_string())),
            };
        };
        let turn = Turn {
            of: &of,
            campaign: self.lock,
        };
        let outcome = guest::follow(self.fleet, member, &turn, self.progress).await;
        self.progress.ended(member.id());
        outcome
    }
}
