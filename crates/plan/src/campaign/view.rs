//! What is read of a campaign: what is to be stored, and how far it is.

use super::Campaign;
use super::effect::Summary;
use super::saved::{Changes, End, Head, Saved, Turn};
use crate::document::Document;

impl Campaign {
    /// What to store before the effects that were last returned are performed.
    #[must_use]
    pub fn changes(&mut self) -> Changes {
        let changed = std::mem::take(&mut self.changed).into_iter();
        Changes {
            head: self.head.clone(),
            turns: changed
                .map(|seat| (self.seats.ids[seat].clone(), self.turns[seat].clone()))
                .collect(),
        }
    }

    /// All that is to be stored.
    #[must_use]
    pub fn saved(&self) -> Saved {
        let turns = self.seats.ids.iter().zip(&self.turns);
        let had = turns.filter(|(_, turn)| **turn != Turn::default());
        Saved {
            head: self.head.clone(),
            turns: had.map(|(id, turn)| (id.clone(), turn.clone())).collect(),
        }
    }

    /// The plan that it carries out.
    #[must_use]
    pub const fn document(&self) -> &Document {
        &self.document
    }

    /// What is not about one member.
    #[must_use]
    pub const fn head(&self) -> &Head {
        &self.head
    }

    /// How far it is.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let count = |is: fn(&End) -> bool| {
            let ends = self.turns.iter();
            ends.filter(|turn| matches!(turn, Turn::Ended(end) if is(end)))
                .count()
        };
        Summary {
            done: count(|end| matches!(end, End::Done)),
            failed: count(|end| matches!(end, End::Failed(_))),
            down: count(|end| matches!(end, End::Down(_))),
            not_begun: count(|end| matches!(end, End::NotBegun(_))),
            halt: self.head.halt.clone(),
            after_campaign: self.head.after_campaign.clone(),
        }
    }
}
