//! The cluster around a guest: quorum, locks, migrations, and the two that power a stopped guest
//! on by themselves: a restart that was asked for, and high availability.

use std::collections::BTreeSet;
use std::time::Duration;

use conditions::{ClusterSight, Timestamp};

use crate::fixture::in_cluster;
use crate::random::Random;

#[derive(Debug)]
pub(crate) struct Cluster {
    /// Absent while nobody can tell.
    pub(crate) quorate: Option<bool>,
    pub(crate) is_template: bool,
    /// High availability decides over the guest.
    pub(crate) is_managed: bool,
    /// Something happens so often, in a thousand steps.
    busy: u64,
    quorum_is_back: Option<Timestamp>,
    lock: Option<Lock>,
    /// A restart that was asked for is remembered until then.
    remembered: Option<Timestamp>,
    /// Somebody's start task is under way.
    starting: Option<Starting>,
    /// What happened here, for the list of what was reached.
    pub(crate) happened: BTreeSet<&'static str>,
}

/// Somebody's work on the guest.
#[derive(Debug)]
struct Lock {
    word: &'static str,
    until: Timestamp,
    moves: bool,
}

#[derive(Debug)]
struct Starting {
    at: Timestamp,
    fails: bool,
}

/// What time brought.
#[derive(Debug, Default)]
pub(crate) struct Passed {
    pub(crate) moved: bool,
    pub(crate) powers_on: bool,
}

impl Cluster {
    pub(crate) fn new(random: &mut Random) -> Self {
        Self {
            quorate: match random.between(0, 39) {
                0 => Some(false),
                1 => None,
                _ => Some(true),
            },
            is_template: random.chance(2),
            is_managed: random.chance(60),
            busy: match random.between(0, 5) {
                0 => random.between(50, 250),
                1 | 2 => random.between(1, 40),
                _ => 0,
            },
            quorum_is_back: None,
            lock: None,
            remembered: None,
            starting: None,
            happened: BTreeSet::new(),
        }
    }

    pub(crate) fn sight(&self) -> Option<ClusterSight> {
        let seen = in_cluster(self.quorate, self.is_managed.then_some("started"));
        seen.map(|seen| ClusterSight {
            template: self.is_template,
            ..seen
        })
    }

    pub(crate) fn lock(&self) -> Option<&'static str> {
        self.lock.as_ref().map(|lock| lock.word)
    }

    /// It is asked to restart the guest, and remembers that for as long as it waits for it.
    pub(crate) fn hears_restart(&mut self, now: Timestamp, random: &mut Random) {
        self.remembered = Some(now + random.seconds(60, 300));
    }

    /// It is asked to power the guest on: when the answer comes before the guest runs, or the
    /// reason why not.
    pub(crate) fn hears_start(
        &mut self,
        now: Timestamp,
        random: &mut Random,
    ) -> Result<bool, String> {
        assert!(!self.is_template, "LAW: a template is powered on");
        if self.starting.is_some() {
            return Err("can't lock file 'lock-101.conf' - got timeout".to_owned());
        }
        if let Some(lock) = self.lock() {
            return Err(format!("VM is locked ({lock})"));
        }
        if self.quorate == Some(false) {
            return Err("cluster not ready - no quorum?".to_owned());
        }
        if random.chance(50) {
            return Ok(true);
        }
        self.happened.insert("start-answered-early");
        self.start_at(now + random.seconds(1, 20), random.chance(10));
        Ok(false)
    }

    fn start_at(&mut self, at: Timestamp, fails: bool) {
        self.starting = Some(Starting { at, fails });
    }

    /// One step of time, after which the guest is stopped, or not.
    pub(crate) fn pass(
        &mut self,
        now: Timestamp,
        is_off: bool,
        was_restarted: bool,
        random: &mut Random,
    ) -> Passed {
        let moved = self.works_end(now);
        if random.next() % 1000 < self.busy {
            self.something_happens(now, random);
        }
        if is_off && self.starting.is_none() && !self.is_template {
            self.somebody_starts(now, was_restarted, random);
        }
        if self.remembered.is_some_and(|until| now >= until) {
            self.remembered = None;
        }
        let started = self.starting.take_if(|starting| now >= starting.at);
        let may_start = self.quorate != Some(false) && self.lock.is_none();
        let powers_on = started.is_some_and(|starting| !starting.fails && may_start);
        Passed {
            moved,
            powers_on: powers_on && is_off,
        }
    }

    fn works_end(&mut self, now: Timestamp) -> bool {
        if self.quorum_is_back.take_if(|back| now >= *back).is_some() {
            self.quorate = Some(true);
        }
        let ended = self.lock.take_if(|lock| now >= lock.until);
        ended.is_some_and(|lock| lock.moves)
    }

    fn something_happens(&mut self, now: Timestamp, random: &mut Random) {
        match random.between(0, 9) {
            0 | 1 => {
                self.quorate = if random.chance(60) { Some(false) } else { None };
                self.quorum_is_back = Some(now + random.seconds(5, 400));
            }
            2..=4 => self.is_managed = !self.is_managed,
            5 | 6 => self.works("backup", now + random.seconds(1, 200), false),
            7 => self.works("snapshot", now + random.seconds(1, 20), false),
            _ => self.works("migrate", now + random.seconds(1, 60), true),
        }
    }

    fn works(&mut self, word: &'static str, until: Timestamp, moves: bool) {
        if self.lock.is_none() && self.starting.is_none() {
            self.lock = Some(Lock { word, until, moves });
        }
    }

    /// The start that a restart promised, or high availability's own.
    fn somebody_starts(&mut self, now: Timestamp, was_restarted: bool, random: &mut Random) {
        if self.remembered.take().is_some() {
            let fails = random.chance(15);
            let word = if fails {
                "own-start-failed"
            } else {
                "own-start"
            };
            self.happened.insert(word);
            self.start_at(now + random.seconds(0, 20), fails);
            return;
        }
        if was_restarted {
            self.happened.insert("powered-off-too-late");
        }
        // It looks now and then.
        if self.is_managed && self.quorate == Some(true) && random.chance(5) {
            self.happened.insert("ha-start");
            self.start_at(now + random.seconds(0, 30), random.chance(10));
        }
    }
}

/// The longest step of time in a cluster: more than one thing may happen in a longer one.
pub(crate) const STEP: Duration = Duration::from_secs(10);
