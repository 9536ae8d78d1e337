//! Going on after the controller has died.

use conditions::Timestamp;

use super::saved::{NotResumable, Phase, Saved, Stage, Turn};
use super::seats::Seats;
use super::{Campaign, Effect};
use crate::document::Document;

impl Campaign {
    /// Goes on from what was saved, with the effects that are owed: what may be under way is
    /// followed, what was asked of the operator is asked again.
    ///
    /// # Errors
    /// What was saved is not of this document.
    pub fn resume(
        document: Document,
        mut saved: Saved,
        now: Timestamp,
    ) -> Result<(Self, Vec<Effect>), NotResumable> {
        if saved.head.seal != document.seal {
            let seal = saved.head.seal;
            return Err(NotResumable::OtherDocument { seal });
        }
        let seats = Seats::of(&document, saved.head.began);
        let turns: Vec<Turn> = seats
            .ids
            .iter()
            .map(|id| saved.turns.remove(id).unwrap_or_default())
            .collect();
        if !saved.turns.is_empty() || !fits(&saved, &document) {
            return Err(NotResumable::Corrupt);
        }
        let mut campaign = Self::seated(document, seats, saved.head, turns);
        match campaign.head.phase {
            Phase::Ended => campaign.finish(),
            _ => {
                campaign.follow();
                campaign.advance(now);
            }
        }
        let effects = std::mem::take(&mut campaign.effects);
        Ok((campaign, effects))
    }

    fn follow(&mut self) {
        for id in self.hooks_under_way() {
            self.effects.push(Effect::FollowHook(id));
        }
        for (id, turn) in self.seats.ids.iter().zip(&self.turns) {
            if let Turn::Patching(tries) = turn {
                let (member, turn) = (id.clone(), tries.turn);
                self.effects.push(Effect::Follow { member, turn });
            }
        }
        for (group, state) in self.document.groups.iter().zip(&self.head.groups) {
            let Stage::Due(wave) = state.stage else {
                continue;
            };
            let word = group.waves.get(wave).and_then(|wave| wave.approval.clone());
            if let Some(word) = word.filter(|word| !self.head.approved.contains(word)) {
                self.effects.push(Effect::AskApproval {
                    group: group.name.clone(),
                    wave: wave + 1,
                    word,
                });
            }
        }
    }
}

/// Each group is there, and at one of its own waves.
fn fits(saved: &Saved, document: &Document) -> bool {
    let (states, groups) = (&saved.head.groups, &document.groups);
    let mut pairs = states.iter().zip(groups);
    states.len() == groups.len()
        && pairs.all(|(state, group)| {
            let wave = state.stage.wave();
            wave.is_none_or(|wave| wave < group.waves.len())
        })
}
