//! The turns of members.

use std::ops::Range;

use conditions::Timestamp;

use super::saved::{End, Halt, NotBegunReason, StopReason, Tries, Turn};
use super::{Campaign, Effect, HookId, Outcome, Report};
use crate::fleet::MemberId;
use crate::policy::Policy;

impl Campaign {
    /// The only way in which a turn changes.
    fn set(&mut self, seat: usize, turn: Turn) {
        let was = std::mem::replace(&mut self.turns[seat], turn);
        self.tally
            .change(&self.seats.seats[seat], &was, &self.turns[seat]);
        self.changed.insert(seat);
    }

    pub(super) fn policy(&self, seat: usize) -> &Policy {
        &self.document.groups[self.seats.seats[seat].group].policy
    }

    pub(super) fn begin_turn(&mut self, seat: usize) {
        let Turn::Waiting(mut tries) = self.turns[seat].clone() else {
            return;
        };
        tries.turn += 1;
        match self.policy(seat).member_hooks.before.clone() {
            Some(hook) => {
                let id = HookId::BeforeMember(self.seats.ids[seat].clone(), tries.turn);
                self.set(seat, Turn::Before(tries));
                self.begin_hook(id, hook, None);
            }
            None => self.patch(seat, tries),
        }
    }

    fn patch(&mut self, seat: usize, mut tries: Tries) {
        tries.begun += 1;
        let (member, turn) = (self.seats.ids[seat].clone(), tries.turn);
        self.set(seat, Turn::Patching(tries));
        self.effects.push(Effect::Begin { member, turn });
    }

    /// The command before a member has ended. It may have taken until nobody may be begun any more.
    pub(super) fn before_ended(&mut self, seat: usize, failure: Option<String>, now: Timestamp) {
        let Turn::Before(tries) = self.turns[seat].clone() else {
            return;
        };
        let group = self.seats.seats[seat].group;
        let may_begin =
            !self.head.is_paused && !self.is_stopping(group) && self.opens(group, now) == Some(now);
        match failure {
            Some(reason) => {
                let failed = Outcome::Failed(format!("the command before it failed: {reason}"));
                self.end_turn(seat, tries, Some(failed), now);
            }
            None if may_begin => self.patch(seat, tries),
            None => self.end_turn(seat, tries, None, now),
        }
    }

    pub(super) fn ended(&mut self, member: &MemberId, turn: u32, outcome: Outcome, now: Timestamp) {
        if let Some((seat, tries)) = self.patching(member, turn) {
            self.end_turn(seat, tries, Some(outcome), now);
        }
    }

    /// A turn that was saved, but not begun before the controller died. The command before it was,
    /// so the one after it is owed.
    pub(super) fn not_begun(&mut self, member: &MemberId, turn: u32, now: Timestamp) {
        if let Some((seat, mut tries)) = self.patching(member, turn) {
            tries.begun = tries.begun.saturating_sub(1);
            self.end_turn(seat, tries, None, now);
        }
    }

    fn patching(&self, member: &MemberId, turn: u32) -> Option<(usize, Tries)> {
        let seat = self.seats.place(member)?;
        match &self.turns[seat] {
            Turn::Patching(tries) if tries.turn == turn => Some((seat, tries.clone())),
            _ => None,
        }
    }

    fn end_turn(&mut self, seat: usize, tries: Tries, outcome: Option<Outcome>, now: Timestamp) {
        match self.policy(seat).member_hooks.after.clone() {
            Some(hook) => {
                let id = HookId::AfterMember(self.seats.ids[seat].clone(), tries.turn);
                self.set(seat, Turn::After(tries, outcome.clone()));
                self.begin_hook(id, hook, outcome);
            }
            None => self.settle(seat, tries, outcome, now),
        }
    }

    /// The command after a member has ended.
    pub(super) fn after_ended(&mut self, seat: usize, failure: Option<String>, now: Timestamp) {
        let Turn::After(tries, outcome) = self.turns[seat].clone() else {
            return;
        };
        let outcome = match (outcome, failure) {
            (Some(Outcome::Done) | None, Some(reason)) => {
                let reason = format!("the command after it failed: {reason}");
                Some(Outcome::Failed(reason))
            }
            (outcome, _) => outcome,
        };
        self.settle(seat, tries, outcome, now);
    }

    fn settle(&mut self, seat: usize, mut tries: Tries, outcome: Option<Outcome>, now: Timestamp) {
        match outcome {
            None => self.put_back(seat, tries),
            Some(Outcome::Retry(reason)) if tries.begun <= self.policy(seat).retries => {
                let at = now + self.policy(seat).retry_after;
                let member = self.seats.ids[seat].clone();
                tries.again = Some((reason.clone(), at));
                self.set(seat, Turn::Waiting(tries));
                self.report(Report::WillRetry { member, at, reason });
            }
            Some(Outcome::Done) => self.end(seat, End::Done),
            Some(Outcome::Retry(reason) | Outcome::Failed(reason)) => {
                self.end(seat, End::Failed(reason));
            }
            Some(Outcome::Down(reason)) => self.end(seat, End::Down(reason)),
        }
    }

    pub(super) fn put_back(&mut self, seat: usize, tries: Tries) {
        self.set(seat, Turn::Waiting(tries));
        self.report(Report::PutBack(self.seats.ids[seat].clone()));
    }

    fn end(&mut self, seat: usize, end: End) {
        self.set(seat, Turn::Ended(end.clone()));
        self.report(Report::Ended(self.seats.ids[seat].clone(), end));
        let (group, wave) = (self.seats.seats[seat].group, self.seats.seats[seat].wave);
        let planned = self.document.groups[group].waves.get(wave);
        let budget = planned.and_then(|wave| wave.max_failures);
        if budget.is_some_and(|budget| self.tally.wave(group, wave).failed > budget) {
            self.stop(group, StopReason::Budget);
        }
        if self.tally.all.failed > self.document.max_failures {
            self.halt(Halt::Budget);
        }
    }

    /// Who of these waits gets no turn.
    pub(super) fn give_up(&mut self, seats: Range<usize>, group: usize) {
        let reason = match (&self.head.halt, &self.head.groups[group].stop) {
            (None, Some(StopReason::NoWindow)) => NotBegunReason::NoWindow,
            (None, _) => NotBegunReason::Stopped,
            (Some(_), _) => NotBegunReason::Halted,
        };
        for seat in seats {
            if matches!(self.turns[seat], Turn::Waiting(_)) {
                self.leave_out(seat, reason);
            }
        }
    }

    /// Somebody gets no turn any more. Who was tried before has failed.
    pub(super) fn leave_out(&mut self, seat: usize, reason: NotBegunReason) {
        let end = match &self.turns[seat] {
            Turn::Waiting(Tries {
                begun: 1..,
                again: Some((reason, _)),
                ..
            }) => End::Failed(reason.clone()),
            _ => End::NotBegun(reason),
        };
        self.end(seat, end);
    }
}
