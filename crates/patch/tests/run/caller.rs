//! A controller that performs effects, dies where it is told to, and is started again.

use std::time::Duration;

use conditions::Timestamp;
use lifecycle::operation::BootProof;
use patch::Settings;
use patch::run::{Effect, Event, Outcome, RebootReport, Run, Saved};

use crate::guest::Guest;

/// At which effect a controller dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Death {
    /// Before it is performed.
    Before(u32),
    /// After it was performed, before its event is taken in.
    After(u32),
}

/// What the store, the hypervisor and lifecycle's operation keep between controllers.
pub(crate) struct World {
    pub guest: Guest,
    pub now: Timestamp,
    pub snapshots: u32,
    /// The boot that lifecycle's operation has asked to end for this run.
    asked: Option<String>,
    store: Option<String>,
    performed: u32,
    /// Answers that are lost although the guest did what it was asked, by the effect's number.
    pub lost: Vec<u32>,
}

impl World {
    pub(crate) fn new(guest: Guest) -> Self {
        Self {
            guest,
            now: Timestamp::from_millis(1_800_000_000_000),
            snapshots: 0,
            asked: None,
            store: None,
            performed: 0,
            lost: Vec::new(),
        }
    }

    /// How many effects were performed.
    pub(crate) const fn performed(&self) -> u32 {
        self.performed
    }

    /// Runs until the end, dying as told; an end that can be resumed is resumed a few times.
    pub(crate) fn drive(&mut self, settings: &Settings, deaths: &[Death]) -> Outcome {
        for _ in 0..deaths.len() + 4 {
            if let Some(outcome) = self.controller(settings, deaths)
                && !outcome.ending.is_resumable()
            {
                return outcome;
            }
            self.now = self.now + Duration::from_secs(5);
        }
        panic!("the run does not end: {:?}", self.store);
    }

    /// One controller's life. It stores only before effects that are recorded.
    fn controller(&mut self, settings: &Settings, deaths: &[Death]) -> Option<Outcome> {
        let (mut run, mut effect) = match &self.store {
            Some(stored) => {
                let saved: Saved = serde_json::from_str(stored).unwrap();
                Run::resume(saved, self.now)
            }
            None => Run::begin(settings.clone(), self.now),
        };
        for _ in 0..5_000 {
            if effect.is_recorded() || matches!(effect, Effect::Finish(_)) {
                self.store = Some(serde_json::to_string(run.saved()).unwrap());
            }
            let number = self.performed;
            if deaths.contains(&Death::Before(number)) {
                self.performed += 1;
                return None;
            }
            self.performed += 1;
            let event = match effect {
                Effect::Finish(outcome) => return Some(*outcome),
                effect => self.perform(effect, number),
            };
            if deaths.contains(&Death::After(number)) {
                return None;
            }
            self.now = self.now + Duration::from_millis(300);
            effect = run.step(event, self.now);
        }
        panic!("the run makes no end: {:?}", run.saved().phase);
    }

    fn perform(&mut self, effect: Effect, number: u32) -> Event {
        match effect {
            Effect::Shell(look, script) => {
                assert!(script.text.ends_with("</dev/null\n"));
                let answer = self.guest.shell(look);
                if self.lost.contains(&number) {
                    return Event::Printed(Err("connection lost".to_owned()));
                }
                Event::Printed(answer)
            }
            Effect::Snapshot(name) => {
                assert_eq!(name, "hospes-patch-r1");
                self.snapshots = 1;
                Event::Snapshotted(Ok(()))
            }
            Effect::Reboot { old, resumed } => Event::Rebooted(self.reboot(old.as_str(), resumed)),
            Effect::Sleep(pause) => {
                self.now = self.now + pause;
                Event::Woke
            }
            Effect::Finish(_) => unreachable!(),
        }
    }

    /// Lifecycle's operation: durable by itself, asks once, refuses another boot.
    fn reboot(&mut self, old: &str, resumed: bool) -> RebootReport {
        let begun = self.asked.as_deref() == Some(old);
        assert!(!begun || resumed, "a reboot is begun a second time");
        if !begun {
            if self.guest.boot() != old {
                return RebootReport::NotAsked("another boot answers".to_owned());
            }
            self.asked = Some(old.to_owned());
            self.guest.reboot();
        }
        RebootReport::Proved(BootProof {
            old: old.parse().unwrap(),
            new: self.guest.boot().parse().unwrap(),
            uptime: Duration::from_secs(9),
            took: Duration::from_secs(30),
        })
    }
}
