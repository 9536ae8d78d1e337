//! Taking back what was announced: before the guest is powered on, as soon as it is seen to have
//! gone down where the hypervisor powers it on, and at every end.

use super::super::{Effect, Event, Limits, Notice, Outcome};
use super::Power;

/// How often the store is asked in vain before the guest is powered on all the same: it is owed
/// that, and what stands then is `STOPPING`, which starts no scripts.
const BEFORE_START: u8 = 2;
/// How often in all before an operation ends all the same.
const BEFORE_END: u8 = 5;

/// The withdrawal that is out, or will be tried again, and how many failed.
#[derive(Debug, Default)]
pub(super) struct Parting {
    next: Option<Next>,
    pausing: Option<Box<Outcome>>,
    failures: u8,
}

/// What a withdrawal is put before.
#[derive(Debug)]
enum Next {
    /// A new look, which leads on.
    Look,
    End(Box<Outcome>),
}

impl Power {
    /// Puts a withdrawal before an effect that the announcement must not outlive.
    pub(super) fn part(&mut self, effect: Effect) -> Effect {
        let Some(request) = self.announced.clone() else {
            return effect;
        };
        self.parting.next = Some(match effect {
            Effect::Finish(outcome) if self.parting.failures < BEFORE_END => Next::End(outcome),
            Effect::Finish(outcome) => {
                self.announced = None;
                return Effect::Finish(outcome);
            }
            Effect::Start(_) if self.parting.failures < BEFORE_START => Next::Look,
            _ if self.phase.is_past_stop() && self.parting.failures < BEFORE_START => Next::Look,
            other => return other,
        });
        Effect::Notify(Notice::Withdrawn(request))
    }

    /// What comes of `event` while a withdrawal is out, or pauses; else hands the event back.
    pub(super) fn parted(&mut self, event: Event, limits: &Limits) -> Result<Effect, Box<Event>> {
        if let Some(outcome) = self.parting.pausing.take() {
            return Ok(self.part(Effect::Finish(outcome)));
        }
        let Some(next) = self.parting.next.take() else {
            return Err(Box::new(event));
        };
        Ok(match (next, event) {
            (next, Event::Notified(Ok(()))) => {
                self.announced = None;
                self.after(next)
            }
            (next, Event::Notified(Err(_))) => {
                self.parting.failures += 1;
                self.again(next, limits)
            }
            (Next::End(outcome), _) => self.part(Effect::Finish(outcome)),
            (Next::Look, _) => self.look(),
        })
    }

    fn after(&self, next: Next) -> Effect {
        match next {
            Next::Look => self.look(),
            Next::End(outcome) => Effect::Finish(outcome),
        }
    }

    fn again(&mut self, next: Next, limits: &Limits) -> Effect {
        match next {
            Next::End(outcome) if self.parting.failures >= BEFORE_END => {
                self.part(Effect::Finish(outcome))
            }
            Next::End(outcome) => {
                self.parting.pausing = Some(outcome);
                Effect::Sleep(limits.poll)
            }
            Next::Look => Effect::Sleep(limits.poll),
        }
    }
}
