//! What follows when something is done: the state is written, the hook has ended, file systems are
//! frozen or thawed.

use std::mem;
use std::time::Duration;

use super::debt::ForcedThaw;
use super::machine::Freezer;
use super::stage::{Freezing, FreezingStep, Next, Stage, Thawing, ThawingStep};
use super::state_file::StateFile;
use super::talk::{Effect, Hook, Moment, Severity};

/// How long after a thaw that failed another is tried.
pub const RETRY: Duration = Duration::from_secs(10);

impl<T> Freezer<T> {
    pub(super) fn state_written(&mut self, result: Result<(), String>, now: Moment) {
        let Some(mut freezing) = self.take_freezing(|step| step == FreezingStep::State) else {
            return;
        };
        let refusal = match (freezing.cancelled.take(), result) {
            (None, Ok(())) => None,
            (Some(cancelled), _) => Some(cancelled),
            // A freeze that nobody could end after the agent's death is not begun.
            (None, Err(text)) => Some(format!("failed to write the freeze state: {text}")),
        };
        match refusal {
            Some(refusal) => self.finish(Thawing::undoing(freezing, Err(refusal)), Ok(())),
            None if self.rules.has_hook => {
                freezing.step = FreezingStep::Hook;
                self.effects.push(Effect::RunHook(Hook::Freeze));
                self.stage = Stage::Freezing(freezing);
            }
            None => self.freeze_file_systems(freezing, now),
        }
    }

    pub(super) fn hook_ended(&mut self, result: Result<(), String>, now: Moment) {
        if let Some(mut freezing) = self.take_freezing(|step| step == FreezingStep::Hook) {
            match (freezing.cancelled.take(), result) {
                (None, Ok(())) => self.freeze_file_systems(freezing, now),
                (Some(text), _) | (None, Err(text)) => {
                    self.after_thaw(Thawing::undoing(freezing, Err(text)), now);
                }
            }
        } else if let Some(thawing) = self.take_thawing(|step| step == ThawingStep::Hook) {
            self.finish(thawing, result);
        }
    }

    fn freeze_file_systems(&mut self, mut freezing: Freezing<T>, now: Moment) {
        let since = now.monotonic;
        self.effects.push(Effect::HoldLog);
        self.arm(self.rules.limit.map(|limit| since.saturating_add(limit)));
        let mount_points = freezing.mount_points.take();
        self.effects.push(Effect::FreezeFileSystems(mount_points));
        freezing.step = FreezingStep::FileSystems { since };
        self.stage = Stage::Freezing(freezing);
    }

    pub(super) fn froze(&mut self, result: Result<i64, String>, now: Moment) {
        let is_freezing = |step| matches!(step, FreezingStep::FileSystems { .. });
        if let Some(freezing) = self.take_freezing(is_freezing) {
            match (result, freezing.step) {
                (Ok(count @ 1..), FreezingStep::FileSystems { since }) => {
                    self.log(Severity::Info, format!("{count} file systems are frozen"));
                    self.stage = Stage::Frozen(Next::Limit { since });
                    self.answer(freezing.asker, Ok(count));
                }
                (Ok(_), _) => self.after_thaw(Thawing::undoing(freezing, Ok(0)), now),
                (Err(text), _) => self.thaw(Thawing::undoing(freezing, Err(text))),
            }
        } else if let Stage::Thawing(thawing) = &mut self.stage
            && let ThawingStep::FileSystems {
                freezing,
                thawing,
                again,
            } = &mut thawing.step
            && mem::take(freezing)
        {
            *again = *thawing;
            if !mem::replace(thawing, true) {
                self.effects.push(Effect::ThawFileSystems);
            }
        }
    }

    pub(super) fn thawed(&mut self, result: Result<i64, String>, now: Moment) {
        let Stage::Thawing(thawing) = &mut self.stage else {
            return;
        };
        let ThawingStep::FileSystems {
            freezing: _,
            thawing: under_way @ true,
            again,
        } = &mut thawing.step
        else {
            return;
        };
        let count = result.as_ref().copied().unwrap_or(0);
        thawing.count = thawing.count.saturating_add(count);
        if mem::take(again) {
            return self.effects.push(Effect::ThawFileSystems);
        }
        *under_way = false;
        let is_over = |step| {
            matches!(
                step,
                ThawingStep::FileSystems {
                    freezing: false,
                    ..
                }
            )
        };
        if let Some(thawing) = self.take_thawing(is_over) {
            match result {
                Ok(_) => self.after_thaw(thawing, now),
                Err(text) => self.thaw_failed(thawing, &text, now),
            }
        }
    }

    /// File systems are thawed, and the hook's turn comes.
    fn after_thaw(&mut self, mut thawing: Thawing<T>, now: Moment) {
        thawing.when = now.unix;
        self.arm(None);
        self.effects.push(Effect::ReleaseLog);
        if self.rules.has_hook {
            thawing.step = ThawingStep::Hook;
            self.effects.push(Effect::RunHook(Hook::Thaw));
            self.stage = Stage::Thawing(thawing);
        } else {
            self.finish(thawing, Ok(()));
        }
    }

    fn thaw_failed(&mut self, thawing: Thawing<T>, text: &str, now: Moment) {
        self.warn(&format!("failed to thaw: {text}"));
        if thawing.was_frozen {
            let forced = thawing.forced;
            self.stage = Stage::Frozen(Next::Retry { forced });
            self.arm(Some(now.monotonic.saturating_add(RETRY)));
        }
        if let Some((asker, result)) = thawing.freeze {
            let result = result.map_err(|first| format!("{first}; failed to thaw: {text}"));
            self.answer(asker, result);
        }
        for asker in thawing.thaw_askers {
            self.answer(asker, Err(text.to_owned()));
        }
        if !thawing.was_frozen && self.exit_at.is_some() {
            self.exit();
        }
    }

    /// All is thawed, and the hook, where there is one, has ended so.
    fn finish(&mut self, thawing: Thawing<T>, hook: Result<(), String>) {
        self.debt = thawing.forced.map(|why| ForcedThaw {
            when: thawing.when,
            why,
        });
        match self.debt {
            Some(debt) => {
                let state = StateFile::owed(&self.rules.boot, debt);
                self.effects.push(Effect::WriteState(state));
                self.warn(&debt.to_string());
            }
            None => self.effects.push(Effect::ClearState),
        }
        if let Err(text) = &hook {
            self.warn(&format!("after the thaw: {text}"));
        }
        if let Some((asker, result)) = thawing.freeze {
            self.answer(asker, result);
        }
        self.answer_thaws(thawing.thaw_askers, hook.map(|()| thawing.count));
        self.stage = Stage::Thawed;
        if self.exit_at.is_some() {
            self.exit();
        }
    }

    /// Answers whoever waited for a thaw. Of a debt all of them hear: one may be another's second
    /// try, whose first reply nobody reads.
    fn answer_thaws(&mut self, askers: Vec<T>, mut result: Result<i64, String>) {
        let was_told = !askers.is_empty();
        for asker in askers {
            let result = match self.debt {
                Some(debt) => Err(debt.to_string()),
                None => mem::replace(&mut result, Ok(0)),
            };
            self.answer(asker, result);
        }
        if was_told && self.debt.take().is_some() {
            self.effects.push(Effect::ClearState);
        }
    }
}
