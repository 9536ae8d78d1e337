//! The machine: an event in, effects out.

use std::collections::BTreeSet;

use conditions::Timestamp;

use super::effect::{Effect, Event, HookId, Report};
use super::saved::{GroupState, Halt, Head, Phase, Stage, Turn};
use super::seats::Seats;
use super::tally::Tally;
use crate::document::Document;

/// One campaign over one document.
#[derive(Debug)]
pub struct Campaign {
    pub(super) document: Document,
    pub(super) seats: Seats,
    pub(super) head: Head,
    /// By seat.
    pub(super) turns: Vec<Turn>,
    pub(super) tally: Tally,
    /// Whose turns have changed since it was last asked.
    pub(super) changed: BTreeSet<usize>,
    /// What is to be done.
    pub(super) effects: Vec<Effect>,
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

    pub(super) fn seated(document: Document, seats: Seats, head: Head, turns: Vec<Turn>) -> Self {
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
    pub(super) fn advance(&mut self, now: Timestamp) {
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

    pub(super) fn finish(&mut self) {
        self.head.phase = Phase::Ended;
        self.effects.push(Effect::Finish(self.summary()));
    }

    /// Nobody else is begun. The first reason stands.
    pub(super) fn halt(&mut self, halt: Halt) {
        if self.head.halt.is_none() {
            self.head.halt = Some(halt.clone());
            self.report(Report::Halted(halt));
        }
    }

    pub(super) fn report(&mut self, report: Report) {
        self.effects.push(Effect::Report(report));
    }

    pub(super) fn deadline(&self) -> Timestamp {
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
