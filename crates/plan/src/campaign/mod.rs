//! A campaign: what is done with a plan document, as a pure state machine.
//!
//! ```text
//! begin(document, now) ─► effects ─► (stored, then performed by the caller) ─► event ─► step ─► effects ...
//!                            ▲                                                            │
//! resume(document, saved) ───┘                changes() are stored before the effects ◄───┘
//!
//! campaign   Before ─► Groups ─► After ─► Ended
//! group      Waiting ─► Due ─► Before ─► Turns ─► After ─► Soak ─┬─► Ended
//!                        ▲                                       │
//!                        └───────────── the next wave ◄──────────┘
//! member     Waiting ─► Before ─► Patching ─► After ─► Ended
//!               ▲          │ no window any more  │ tried again
//!               └──────────┴─────────────────────┘
//! ```
//!
//! What holds in every state, and the simulator checks:
//!
//! - of no group, of the guests on no node and of the nodes of no cluster are more unavailable than
//!   the plan allows; those who were before, and those who are left unusable, count
//! - a node and a guest on it are not under way at the same time, since the planner puts each group
//!   of nodes before or after each group of guests; on a node that is left unusable no guest is begun
//! - somebody is begun only in a window that is open for as long as is expected; those under way
//!   finish
//! - those under way, and those who will be tried again, count as if they failed: so a budget is
//!   passed by one at most, and then nobody else is begun
//! - nobody is begun twice: what may have been begun before a crash is followed, and only if it was
//!   not, it waits for another turn
//! - every campaign ends: at its deadline nobody else is begun

mod effect;
mod groups;
mod hooks;
mod members;
mod resume;
mod saved;
mod seats;
mod tally;

use std::collections::BTreeSet;

use conditions::Timestamp;

use crate::document::Document;

pub use effect::{Effect, Event, HookId, Outcome, Report, Summary};
pub use saved::{
    Changes, End, GroupState, Halt, Head, NotBegunReason, NotResumable, Phase, Saved, Stage,
    StopReason, Tries, Turn,
};

use seats::Seats;
use tally::Tally;

/// One campaign over one document.
#[derive(Debug)]
pub struct Campaign {
    document: Document,
    seats: Seats,
    head: Head,
    /// By seat.
    turns: Vec<Turn>,
    tally: Tally,
    /// Whose turns have changed since it was last asked.
    changed: BTreeSet<usize>,
    /// What is to be done.
    effects: Vec<Effect>,
}

impl Campaign {
    /// Begins, with the first effects.
    #[must_use]
    pub fn begin(document: Document, now: Timestamp) -> (Self, Vec<Effect>) {
        let head = Head {
            seal: document.seal.clone(),
            began: now,
            phase: Phase::Groups,
            is_paused: false,
            halt: None,
            approved: BTreeSet::new(),
            groups: vec![GroupState::default(); document.groups.len()],
            after_campaign: None,
        };
        let seats = Seats::of(&document, now);
        let turns = vec![Turn::default(); seats.ids.len()];
        let mut campaign = Self::seated(document, seats, head, turns);
        if let Some(hook) = campaign.document.hooks.before.clone() {
            campaign.head.phase = Phase::Before;
            campaign.begin_hook(HookId::BeforeCampaign, hook, None);
        }
        campaign.advance(now);
        let effects = std::mem::take(&mut campaign.effects);
        (campaign, effects)
    }

    fn seated(document: Document, seats: Seats, head: Head, turns: Vec<Turn>) -> Self {
        Self {
            tally: Tally::of(&document, &seats, &turns),
            document,
            seats,
            head,
            turns,
            changed: BTreeSet::new(),
            effects: Vec::new(),
        }
    }

    /// Takes in what has happened and says what is next. What comes too late, or twice, is let be.
    #[must_use]
    pub fn step(&mut self, event: Event, now: Timestamp) -> Vec<Effect> {
        if self.head.phase != Phase::Ended {
            self.take_in(event, now);
            self.advance(now);
        }
        std::mem::take(&mut self.effects)
    }

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

    fn take_in(&mut self, event: Event, now: Timestamp) {
        match event {
            Event::Ended {
                member,
                turn,
                outcome,
            } => self.ended(&member, turn, outcome, now),
            Event::NotBegun { member, turn } => self.not_begun(&member, turn, now),
            Event::HookEnded(id, result) => self.hook_ended(id, result, now),
            Event::HookNotBegun(id) => self.hook_not_begun(&id),
            Event::Tick => {}
            Event::Approved(word) => self.approved(word),
            Event::Paused => self.head.is_paused = true,
            Event::Resumed => self.head.is_paused = false,
            Event::Aborted(reason) => self.halt(Halt::Aborted(reason)),
        }
    }

    fn approved(&mut self, word: String) {
        let groups = self.document.groups.iter();
        let mut waves = groups.flat_map(|group| &group.waves);
        if waves.any(|wave| wave.approval.as_ref() == Some(&word)) {
            self.head.approved.insert(word);
        } else {
            self.report(Report::UnknownWord(word));
        }
    }

    /// Does all that can be done now.
    fn advance(&mut self, now: Timestamp) {
        if now >= self.deadline() && self.tally.all.waiting > 0 {
            self.halt(Halt::Deadline);
        }
        if self.head.phase == Phase::Groups {
            while self.advance_groups(now) {}
            let mut groups = self.head.groups.iter();
            if groups.all(|group| group.stage == Stage::Ended) {
                self.close();
            }
        }
        if let Some(until) = self.wakes(now) {
            self.effects.push(Effect::Wait(until));
        }
    }

    /// Whether anything has changed that lets others go on; those who come first do so first.
    fn advance_groups(&mut self, now: Timestamp) -> bool {
        let mut groups = 0..self.head.groups.len();
        groups.any(|group| self.advance_group(group, now))
    }

    fn close(&mut self) {
        match self.document.hooks.after.clone() {
            Some(hook) => {
                self.head.phase = Phase::After;
                self.begin_hook(HookId::AfterCampaign, hook, None);
            }
            None => self.finish(),
        }
    }

    fn finish(&mut self) {
        self.head.phase = Phase::Ended;
        self.effects.push(Effect::Finish(self.summary()));
    }

    /// Nobody else is begun. The first reason stands.
    fn halt(&mut self, halt: Halt) {
        if self.head.halt.is_none() {
            self.head.halt = Some(halt.clone());
            self.report(Report::Halted(halt));
        }
    }

    fn report(&mut self, report: Report) {
        self.effects.push(Effect::Report(report));
    }

    fn deadline(&self) -> Timestamp {
        self.head.began + self.document.deadline
    }

    /// When something can happen without an event.
    fn wakes(&self, now: Timestamp) -> Option<Timestamp> {
        if self.head.phase == Phase::Ended || self.head.halt.is_some() {
            return None;
        }
        let groups = 0..self.head.groups.len();
        let moments = groups.flat_map(|group| self.group_wakes(group, now));
        moments
            .chain([self.deadline()])
            .filter(|at| *at > now)
            .min()
    }
}
