//! Groups and their waves.

use conditions::Timestamp;

use super::saved::{End, NotBegunReason, Phase, Stage, StopReason, Turn};
use super::tally::Room;
use super::{Campaign, Effect, HookId, Report};

impl Campaign {
    /// Does what can be done in a group now; whether its stage has changed.
    pub(super) fn advance_group(&mut self, group: usize, now: Timestamp) -> bool {
        let stage = self.head.groups[group].stage;
        let is_stopping = self.is_stopping(group);
        match stage {
            Stage::Ended | Stage::Before(_) | Stage::After(_) => return false,
            Stage::Waiting | Stage::Due(_) if is_stopping => self.end_group(group),
            Stage::Waiting => self.wait_for_others(group),
            Stage::Due(wave) => self.begin_wave(group, wave, now),
            Stage::Turns(wave) => self.turns(group, wave, now),
            Stage::Soak(wave, until) if is_stopping || now >= until => {
                self.next_wave(group, wave + 1)
            }
            Stage::Soak(..) => return false,
        }
        self.head.groups[group].stage != stage || self.is_stopping(group) != is_stopping
    }

    /// Nobody else of the group is begun.
    pub(super) fn is_stopping(&self, group: usize) -> bool {
        self.head.halt.is_some() || self.head.groups[group].stop.is_some()
    }

    /// The first reason stands.
    pub(super) fn stop(&mut self, group: usize, reason: StopReason) {
        self.head.groups[group].stop.get_or_insert(reason);
    }

    fn wait_for_others(&mut self, group: usize) {
        let after = self.seats.groups[group].after.clone();
        let states = &self.head.groups;
        if let Some(undone) = after.iter().find(|before| states[**before].stop.is_some()) {
            let name = self.document.groups[*undone].name.clone();
            self.stop(group, StopReason::Behind(name));
        } else if after
            .iter()
            .all(|before| states[*before].stage == Stage::Ended)
        {
            self.next_wave(group, 0);
        }
    }

    fn next_wave(&mut self, group: usize, wave: usize) {
        let planned = &self.document.groups[group];
        let Some(next) = planned.waves.get(wave) else {
            return self.end_group(group);
        };
        if self.is_stopping(group) {
            return self.end_group(group);
        }
        let approval = next.approval.clone();
        self.head.groups[group].stage = Stage::Due(wave);
        if let Some(word) = approval.filter(|word| !self.head.approved.contains(word)) {
            let group = planned.name.clone();
            self.effects.push(Effect::AskApproval {
                group,
                wave: wave + 1,
                word,
            });
        }
    }

    /// Whether the wave has its word.
    pub(super) fn is_approved(&self, group: usize, wave: usize) -> bool {
        let wave = self.document.groups[group].waves.get(wave);
        let word = wave.and_then(|wave| wave.approval.as_ref());
        word.is_none_or(|word| self.head.approved.contains(word))
    }

    fn begin_wave(&mut self, group: usize, wave: usize, now: Timestamp) {
        let Some(opens) = self.opens(group, now) else {
            return self.stop(group, StopReason::NoWindow);
        };
        if opens > now || self.head.is_paused || !self.is_approved(group, wave) {
            return;
        }
        let planned = &self.document.groups[group];
        let name = planned.name.clone();
        match planned.policy.wave_hooks.before.clone() {
            Some(hook) => {
                self.head.groups[group].stage = Stage::Before(wave);
                self.begin_hook(HookId::BeforeWave(name.clone(), wave + 1), hook, None);
            }
            None => self.head.groups[group].stage = Stage::Turns(wave),
        }
        self.report(Report::WaveBegan(name, wave + 1));
    }

    /// The first moment from now on at which a member of the group called `name` can be begun, as
    /// far as its windows count; nothing, if there is none before the deadline.
    #[must_use]
    pub fn opening(&self, name: &str, now: Timestamp) -> Option<Timestamp> {
        self.opens(self.group_named(name)?, now)
    }

    /// The first moment from now on at which a member of the group can be begun, if it is before
    /// the deadline.
    pub(super) fn opens(&self, group: usize, now: Timestamp) -> Option<Timestamp> {
        let expected = self.document.groups[group].policy.expected;
        let opens = self.seats.groups[group].openings.earliest(now, expected);
        opens.filter(|at| *at < self.deadline())
    }

    fn turns(&mut self, group: usize, wave: usize, now: Timestamp) {
        if !self.is_stopping(group) && self.opens(group, now).is_none() {
            self.stop(group, StopReason::NoWindow);
        }
        if self.is_stopping(group) {
            self.give_up(self.seats.wave(group, wave), group);
        } else {
            self.begin_members(group, wave, now);
        }
        let counts = self.tally.wave(group, wave);
        if counts.waiting + counts.under_way == 0 {
            self.close_wave(group, wave, now);
        }
    }

    fn begin_members(&mut self, group: usize, wave: usize, now: Timestamp) {
        let is_full = self.tally.all.under_way >= self.document.at_once.max(1);
        if is_full || self.head.is_paused || self.opens(group, now) != Some(now) {
            return;
        }
        for seat in self.seats.wave(group, wave) {
            let Turn::Waiting(tries) = &self.turns[seat] else {
                continue;
            };
            let is_due = tries.again.as_ref().is_none_or(|(_, at)| *at <= now);
            let is_first = tries.begun == 0;
            match self.tally.room(&self.seats.seats[seat]) {
                Room::Never => self.leave_out(seat, NotBegunReason::NoRoom),
                Room::Now if is_due && self.has_budget(group, wave, is_first) => {
                    self.begin_turn(seat);
                }
                Room::Now | Room::Later => {}
            }
        }
    }

    /// Whether somebody else may be under way. Who is tried again has counted all the time.
    fn has_budget(&self, group: usize, wave: usize, is_first: bool) -> bool {
        let (all, of_wave) = (self.tally.all, self.tally.wave(group, wave));
        let planned = self.document.groups[group].waves.get(wave);
        let budget = planned.and_then(|wave| wave.max_failures);
        let is_spent = all.is_spent(self.document.max_failures)
            || budget.is_some_and(|budget| of_wave.is_spent(budget));
        all.under_way < self.document.at_once.max(1) && !(is_first && is_spent)
    }

    fn close_wave(&mut self, group: usize, wave: usize, now: Timestamp) {
        let planned = &self.document.groups[group];
        match planned.policy.wave_hooks.after.clone() {
            Some(hook) => {
                let id = HookId::AfterWave(planned.name.clone(), wave + 1);
                self.head.groups[group].stage = Stage::After(wave);
                self.begin_hook(id, hook, None);
            }
            None => self.soak(group, wave, now),
        }
    }

    pub(super) fn soak(&mut self, group: usize, wave: usize, now: Timestamp) {
        let planned = self.document.groups[group].waves.get(wave);
        let until = now + planned.map(|wave| wave.soak).unwrap_or_default();
        self.head.groups[group].stage = Stage::Soak(wave, until);
    }

    fn end_group(&mut self, group: usize) {
        let everybody = self.seats.group(group);
        let is_empty = everybody.is_empty();
        self.give_up(everybody.clone(), group);
        let mut turns = self.turns[everybody].iter();
        if turns.any(|turn| matches!(turn, Turn::Ended(End::NotBegun(_)))) {
            self.stop(group, StopReason::Incomplete);
        }
        let state = &mut self.head.groups[group];
        state.stage = Stage::Ended;
        let stop = state.stop.clone();
        // Of a group whose members are all left out there is nothing to tell.
        if !is_empty {
            let name = self.document.groups[group].name.clone();
            self.report(Report::GroupEnded(name, stop));
        }
    }

    /// When something can happen in a group without an event.
    pub(super) fn group_wakes(&self, group: usize, now: Timestamp) -> Vec<Timestamp> {
        let stage = self.head.groups[group].stage;
        let opens = || self.opens(group, now).filter(|_| !self.head.is_paused);
        match stage {
            Stage::Soak(_, until) => vec![until],
            Stage::Due(wave) if self.is_approved(group, wave) => opens().into_iter().collect(),
            Stage::Turns(wave) if self.head.phase == Phase::Groups => {
                let retries = self.retries(group, wave).into_iter();
                retries.chain(opens()).collect()
            }
            _ => Vec::new(),
        }
    }

    /// When those of a wave may be tried again who wait for it.
    fn retries(&self, group: usize, wave: usize) -> Vec<Timestamp> {
        let counts = self.tally.wave(group, wave);
        if counts.at_risk == counts.under_way {
            return Vec::new();
        }
        let turns = self.turns[self.seats.wave(group, wave)].iter();
        let retries = turns.filter_map(|turn| match turn {
            Turn::Waiting(tries) => tries.again.as_ref().map(|(_, at)| *at),
            _ => None,
        });
        retries.collect()
    }
}
