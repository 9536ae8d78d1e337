//! The thread that owns the machine.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use agent::freeze::{Freezer as Machine, Moment, Recovery, Rules};

use super::world::World;
use super::{Asker, Effect, Event};

pub(super) struct Actor {
    machine: Machine<Asker>,
    /// What the machine wants done first.
    first: Vec<Effect>,
    world: World,
    is_frozen: Arc<AtomicBool>,
    milestones: Milestones,
    since: Instant,
    due: Option<Duration>,
}

/// How far the actor is.
#[derive(Clone, Default)]
pub(super) struct Milestones(Arc<(Mutex<Reached>, Condvar)>);

#[derive(Default, Clone, Copy, PartialEq, Eq, PartialOrd)]
enum Reached {
    #[default]
    Nothing,
    Thawed,
    Gone,
}

impl Actor {
    pub(super) fn new(
        rules: Rules,
        left: Recovery,
        world: World,
        is_frozen: Arc<AtomicBool>,
    ) -> Self {
        let (machine, first) = Machine::start(rules, left);
        Self {
            machine,
            first,
            world,
            is_frozen,
            milestones: Milestones::default(),
            since: Instant::now(),
            due: None,
        }
    }

    /// Runs until the machine ends, on a thread of its own.
    pub(super) fn run_beside(self, inbox: Receiver<Event>) -> Result<Milestones, String> {
        let milestones = self.milestones.clone();
        let thread = thread::Builder::new().name("freezer".to_owned());
        let started = thread.spawn(move || self.run(&inbox));
        started.map_err(|error| format!("no thread could be started: {error}"))?;
        Ok(milestones)
    }

    fn run(mut self, inbox: &Receiver<Event>) {
        let first = std::mem::take(&mut self.first);
        let mut goes_on = self.perform(first);
        while goes_on {
            if !self.machine.is_frozen() {
                self.milestones.reach(Reached::Thawed);
            }
            let Some(event) = self.next(inbox) else { break };
            let effects = self.machine.step(event, self.now());
            goes_on = self.perform(effects);
        }
        self.milestones.reach(Reached::Gone);
    }

    fn next(&mut self, inbox: &Receiver<Event>) -> Option<Event> {
        let Some(due) = self.due else {
            return inbox.recv().ok();
        };
        match inbox.recv_timeout(due.saturating_sub(self.since.elapsed())) {
            Ok(event) => Some(event),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => {
                self.due = None;
                Some(Event::TimerDue)
            }
        }
    }

    /// Carries out effects, and those that follow from what is known at once. False at the end.
    fn perform(&mut self, effects: Vec<Effect>) -> bool {
        let mut effects = VecDeque::from(effects);
        loop {
            // Before anything is frozen, so that no command slips in that would wait for the disk.
            self.is_frozen
                .store(self.machine.is_frozen(), Ordering::Relaxed);
            let Some(effect) = effects.pop_front() else {
                return true;
            };
            match effect {
                Effect::Exit => return false,
                Effect::ArmTimer(due) => self.due = Some(due),
                Effect::DisarmTimer => self.due = None,
                other => {
                    if let Some(event) = self.world.perform(other) {
                        effects.extend(self.machine.step(event, self.now()));
                    }
                }
            }
        }
    }

    fn now(&self) -> Moment {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH);
        Moment {
            monotonic: self.since.elapsed(),
            unix: unix.unwrap_or_default().as_secs(),
        }
    }
}

impl Milestones {
    /// Waits until nothing that was left is frozen.
    pub(super) fn until_thawed(&self, patience: Duration) {
        self.until(Reached::Thawed, patience);
    }

    /// Waits until the machine has ended.
    pub(super) fn until_gone(&self, patience: Duration) {
        self.until(Reached::Gone, patience);
    }

    fn until(&self, milestone: Reached, patience: Duration) {
        let (reached, changed) = &*self.0;
        let reached = reached.lock().unwrap_or_else(PoisonError::into_inner);
        let is_before = |reached: &mut Reached| *reached < milestone;
        drop(changed.wait_timeout_while(reached, patience, is_before));
    }

    fn reach(&self, milestone: Reached) {
        let (reached, changed) = &*self.0;
        let mut reached = reached.lock().unwrap_or_else(PoisonError::into_inner);
        if *reached < milestone {
            *reached = milestone;
            changed.notify_all();
        }
    }
}
