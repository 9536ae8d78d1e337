//! Commands of the operator around the campaign, waves and members.

use conditions::Timestamp;

use super::saved::{Halt, Phase, Stage, StopReason, Turn};
use super::{Campaign, Effect, HookId, Outcome, Report};
use crate::fleet::MemberId;
use crate::policy::{Hook, Hooks};

impl Campaign {
    pub(super) fn begin_hook(&mut self, id: HookId, hook: Hook, outcome: Option<Outcome>) {
        self.effects.push(Effect::BeginHook { id, hook, outcome });
    }

    pub(super) fn hook_ended(&mut self, id: HookId, result: Result<(), String>, now: Timestamp) {
        if !self.is_under_way(&id) {
            return;
        }
        let failure = result.err();
        if let Some(reason) = &failure {
            self.report(Report::HookFailed(id.clone(), reason.clone()));
        }
        match id {
            HookId::BeforeCampaign => {
                self.head.phase = Phase::Groups;
                if let Some(reason) = failure {
                    self.halt(Halt::Hook(reason));
                }
            }
            HookId::AfterCampaign => {
                self.head.after_campaign = failure;
                self.finish();
            }
            HookId::BeforeWave(name, wave) => {
                if let Some(group) = self.stop_if_failed(&name, failure) {
                    self.head.groups[group].stage = Stage::Turns(wave - 1);
                }
            }
            HookId::AfterWave(name, wave) => {
                if let Some(group) = self.stop_if_failed(&name, failure) {
                    self.soak(group, wave - 1, now);
                }
            }
            HookId::BeforeMember(member, _) => {
                if let Some(seat) = self.seats.place(&member) {
                    self.before_ended(seat, failure, now);
                }
            }
            HookId::AfterMember(member, _) => {
                if let Some(seat) = self.seats.place(&member) {
                    self.after_ended(seat, failure, now);
                }
            }
        }
    }

    /// A command that was saved, but not begun before the controller died. One before something is
    /// decided upon again, one after it is owed.
    pub(super) fn hook_not_begun(&mut self, id: &HookId) {
        if !self.is_under_way(id) {
            return;
        }
        match id {
            HookId::BeforeWave(name, wave) => {
                if let Some(group) = self.group_named(name) {
                    self.head.groups[group].stage = Stage::Due(*wave - 1);
                }
            }
            HookId::BeforeMember(member, _) => {
                let seat = self.seats.place(member);
                if let Some((seat, Turn::Before(tries))) =
                    seat.map(|seat| (seat, self.turns[seat].clone()))
                {
                    self.put_back(seat, tries);
                }
            }
            _ => self.begin_again(id),
        }
    }

    fn begin_again(&mut self, id: &HookId) {
        let outcome = match id {
            HookId::AfterMember(member, _) => {
                let turn = self.seats.place(member).map(|seat| &self.turns[seat]);
                match turn {
                    Some(Turn::After(_, outcome)) => outcome.clone(),
                    _ => None,
                }
            }
            _ => None,
        };
        if let Some(hook) = self.command(id) {
            self.begin_hook(id.clone(), hook, outcome);
        }
    }

    fn command(&self, id: &HookId) -> Option<Hook> {
        let before = |hooks: &Hooks| hooks.before.clone();
        let after = |hooks: &Hooks| hooks.after.clone();
        let of_wave = |name: &str| {
            Some(
                &self.document.groups[self.group_named(name)?]
                    .policy
                    .wave_hooks,
            )
        };
        let of_member =
            |member: &MemberId| Some(&self.policy(self.seats.place(member)?).member_hooks);
        match id {
            HookId::BeforeCampaign => before(&self.document.hooks),
            HookId::AfterCampaign => after(&self.document.hooks),
            HookId::BeforeWave(name, _) => before(of_wave(name)?),
            HookId::AfterWave(name, _) => after(of_wave(name)?),
            HookId::BeforeMember(member, _) => before(of_member(member)?),
            HookId::AfterMember(member, _) => after(of_member(member)?),
        }
    }

    /// Every command that is under way.
    pub(super) fn hooks_under_way(&self) -> Vec<HookId> {
        let of_campaign = match self.head.phase {
            Phase::Before => Some(HookId::BeforeCampaign),
            Phase::After => Some(HookId::AfterCampaign),
            Phase::Groups | Phase::Ended => None,
        };
        let groups = self.document.groups.iter().zip(&self.head.groups);
        let of_waves = groups.filter_map(|(group, state)| match state.stage {
            Stage::Before(wave) => Some(HookId::BeforeWave(group.name.clone(), wave + 1)),
            Stage::After(wave) => Some(HookId::AfterWave(group.name.clone(), wave + 1)),
            _ => None,
        });
        let members = self.seats.ids.iter().zip(&self.turns);
        let of_members = members.filter_map(|(id, turn)| match turn {
            Turn::Before(tries) => Some(HookId::BeforeMember(id.clone(), tries.turn)),
            Turn::After(tries, _) => Some(HookId::AfterMember(id.clone(), tries.turn)),
            _ => None,
        });
        of_campaign
            .into_iter()
            .chain(of_waves)
            .chain(of_members)
            .collect()
    }

    fn is_under_way(&self, id: &HookId) -> bool {
        let stage = |name: &str| Some(self.head.groups[self.group_named(name)?].stage);
        let turn = |member: &MemberId| Some(&self.turns[self.seats.place(member)?]);
        match id {
            HookId::BeforeCampaign => self.head.phase == Phase::Before,
            HookId::AfterCampaign => self.head.phase == Phase::After,
            HookId::BeforeWave(name, wave) => {
                matches!(stage(name), Some(Stage::Before(at)) if at + 1 == *wave)
            }
            HookId::AfterWave(name, wave) => {
                matches!(stage(name), Some(Stage::After(at)) if at + 1 == *wave)
            }
            HookId::BeforeMember(member, number) => {
                matches!(turn(member), Some(Turn::Before(tries)) if tries.turn == *number)
            }
            HookId::AfterMember(member, number) => {
                matches!(turn(member), Some(Turn::After(tries, _)) if tries.turn == *number)
            }
        }
    }

    fn stop_if_failed(&mut self, name: &str, failure: Option<String>) -> Option<usize> {
        let group = self.group_named(name)?;
        if let Some(reason) = failure {
            self.stop(group, StopReason::Hook(reason));
        }
        Some(group)
    }

    pub(super) fn group_named(&self, name: &str) -> Option<usize> {
        self.document
            .groups
            .iter()
            .position(|group| group.name == name)
    }
}
