//! An operation: one of four machines, with its limits.

use conditions::Timestamp;

use super::fix::Fix;
use super::power::Power;
use super::ready::Ready;
use super::reboot::Reboot;
use super::{Effect, Event, Goal, Limits, Request, Saved};
use crate::gate::Accepted;

/// One operation on one guest.
#[derive(Debug)]
pub struct Operation {
    machine: Machine,
    limits: Limits,
}

#[derive(Debug)]
enum Machine {
    Power(Box<Power>),
    Reboot(Reboot),
    Fix(Fix),
    Ready(Ready),
}

impl Operation {
    /// Begins, with the first effect.
    #[must_use]
    pub fn start(request: Request, limits: Limits, now: Timestamp) -> (Self, Effect) {
        let (machine, effect) = match request {
            Request::Restart(stop) => Machine::power(Power::begin(Goal::Restart, stop, now)),
            Request::Shutdown(stop) => Machine::power(Power::begin(Goal::Shutdown, stop, now)),
            Request::Start => {
                Machine::power(Power::begin(Goal::Start, Accepted::none().into(), now))
            }
            Request::Reboot => Machine::reboot(Reboot::begin(&limits, now)),
            Request::Fix => Machine::fix(Fix::begin()),
            Request::Ready => Machine::ready(Ready::begin(&limits, now)),
        };
        (Self { machine, limits }, effect)
    }

    /// Goes on from what was saved. `accepted` holds for this call alone; that a stop is graceful
    /// was saved.
    #[must_use]
    pub fn resume(
        saved: Saved,
        accepted: Accepted,
        limits: Limits,
        now: Timestamp,
    ) -> (Self, Effect) {
        let (machine, effect) = match saved {
            Saved::Power(saved) => Machine::power(Power::resume(saved, accepted, &limits, now)),
            Saved::Reboot(saved) => Machine::reboot(Reboot::resume(saved, &limits, now)),
            Saved::Fix => Machine::fix(Fix::begin()),
            Saved::Ready => Machine::ready(Ready::begin(&limits, now)),
        };
        (Self { machine, limits }, effect)
    }

    /// Cancels what was saved, where it [is cancellable](Saved::is_cancellable): the guest is told
    /// and not asked.
    pub fn cancel(saved: Saved, limits: Limits, now: Timestamp) -> Option<(Self, Effect)> {
        match saved {
            Saved::Power(saved) if saved.is_cancellable() => {
                let (machine, effect) = Machine::power(Power::cancel(saved, &limits, now));
                Some((Self { machine, limits }, effect))
            }
            _ => None,
        }
    }

    /// Takes in what came of the last effect and says what is next.
    #[must_use]
    pub fn step(&mut self, event: Event, now: Timestamp) -> Effect {
        match &mut self.machine {
            Machine::Power(power) => power.step(event, &self.limits, now),
            Machine::Reboot(reboot) => reboot.step(event, &self.limits, now),
            Machine::Fix(fix) => fix.step(event, &self.limits, now),
            Machine::Ready(ready) => ready.step(event, &self.limits, now),
        }
    }

    /// What to store before the effect that was last returned is performed.
    #[must_use]
    pub fn saved(&self) -> Saved {
        match &self.machine {
            Machine::Power(power) => Saved::Power(power.saved()),
            Machine::Reboot(reboot) => Saved::Reboot(reboot.saved()),
            Machine::Fix(_) => Saved::Fix,
            Machine::Ready(_) => Saved::Ready,
        }
    }
}

impl Machine {
    fn power((power, effect): (Power, Effect)) -> (Self, Effect) {
        (Self::Power(Box::new(power)), effect)
    }

    fn reboot((reboot, effect): (Reboot, Effect)) -> (Self, Effect) {
        (Self::Reboot(reboot), effect)
    }

    fn fix((fix, effect): (Fix, Effect)) -> (Self, Effect) {
        (Self::Fix(fix), effect)
    }

    fn ready((ready, effect): (Ready, Effect)) -> (Self, Effect) {
        (Self::Ready(ready), effect)
    }
}
