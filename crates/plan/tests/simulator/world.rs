//! What is really done: runs and commands that go on while the controller is dead.

use std::collections::BTreeMap;

use conditions::Timestamp;
use plan::MemberId;
use plan::campaign::{HookId, Outcome};

use crate::random::Random;

/// Something that was begun.
pub(crate) struct Running<T> {
    pub(crate) ends: Timestamp,
    pub(crate) result: T,
    /// The controller waits for it.
    pub(crate) is_followed: bool,
    /// Its end was seen by the controller, and stored.
    pub(crate) is_over: bool,
}

pub(crate) struct World {
    pub(crate) now: Timestamp,
    pub(crate) runs: BTreeMap<(MemberId, u32), Running<Outcome>>,
    pub(crate) hooks: BTreeMap<HookId, Running<Result<(), String>>>,
    /// In a thousand.
    failing: u64,
    slow: u64,
}

impl World {
    pub(crate) fn new(now: Timestamp, random: &mut Random) -> Self {
        Self {
            now,
            runs: BTreeMap::new(),
            hooks: BTreeMap::new(),
            failing: [0, 30, 150, 500][random.between(0, 3) as usize],
            slow: [0, 100, 500][random.between(0, 2) as usize],
        }
    }

    pub(crate) fn begin(
        &mut self,
        member: &MemberId,
        turn: u32,
        minutes: u64,
        random: &mut Random,
    ) {
        let takes = match random.next() % 1000 < self.slow {
            true => random.seconds(minutes * 60, minutes * 300),
            false => random.seconds(1, minutes * 60),
        };
        let result = match random.next() % 1000 < self.failing {
            false => Outcome::Done,
            true => match random.between(0, 3) {
                0 => Outcome::Down("it did not come back".to_owned()),
                1 => Outcome::Failed("dpkg failed".to_owned()),
                _ => Outcome::Retry("the lock is held".to_owned()),
            },
        };
        let running = Running {
            ends: self.now + takes,
            result,
            is_followed: true,
            is_over: false,
        };
        let before = self.runs.insert((member.clone(), turn), running);
        assert!(before.is_none(), "{member} was begun twice in turn {turn}");
    }

    pub(crate) fn begin_hook(&mut self, id: &HookId, random: &mut Random) {
        let takes = match random.chance(5) {
            true => random.seconds(60, 7200),
            false => random.seconds(1, 60),
        };
        let fails = random.next() % 1000 < self.failing / 6;
        let result = if fails {
            Err("exit 1".to_owned())
        } else {
            Ok(())
        };
        let running = Running {
            ends: self.now + takes,
            result,
            is_followed: true,
            is_over: false,
        };
        let before = self.hooks.insert(id.clone(), running);
        assert!(before.is_none(), "{id} was begun twice");
    }

    /// The controller has died and waits for nothing.
    pub(crate) fn forget(&mut self) {
        for run in self.runs.values_mut() {
            run.is_followed = false;
        }
        for hook in self.hooks.values_mut() {
            hook.is_followed = false;
        }
    }

    /// Whether `member` is worked on, or a command around it runs.
    pub(crate) fn is_busy(&self, member: &MemberId) -> bool {
        let mut runs = self
            .runs
            .range((member.clone(), 0)..=(member.clone(), u32::MAX));
        let hooks = |id: fn(MemberId, u32) -> HookId| {
            let mine = id(member.clone(), 0)..=id(member.clone(), u32::MAX);
            let mut mine = self.hooks.range(mine);
            mine.any(|(_, hook)| hook.ends > self.now)
        };
        runs.any(|(_, run)| run.ends > self.now)
            || hooks(HookId::BeforeMember)
            || hooks(HookId::AfterMember)
    }

    /// What is left of `member` for good.
    pub(crate) fn is_down(&self, member: &MemberId) -> bool {
        let mut runs = self
            .runs
            .range((member.clone(), 0)..=(member.clone(), u32::MAX));
        runs.any(|(_, run)| run.ends <= self.now && matches!(run.result, Outcome::Down(_)))
    }
}
