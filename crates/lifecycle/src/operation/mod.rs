//! Operations: what is done to one guest, as pure state machines.
//!
//! ```text
//! start(request, now) ─► effect ─► (performed by the caller) ─► event ─► step ─► effect ─► ... ─► Finish
//!                          ▲                                                        │
//! resume(saved, now) ──────┘              saved() is stored before each effect ◄────┘
//! ```
//!
//! One effect is out at a time. A caller that dies between an effect and its event resumes from
//! what was saved before that effect: the machine looks at reality first and repeats no lifecycle
//! step that may have happened.

mod effect;
mod fix;
mod graceful;
mod limits;
mod outcome;
mod power;
mod ready;
mod reboot;

use conditions::Timestamp;
use serde::{Deserialize, Serialize};

pub use effect::{AskReport, Effect, Event};
pub use graceful::{Graceful, Heard, Notice, Stop, WaitEnd, WithoutWatcher, Word};
pub use limits::Limits;
pub use outcome::{BootProof, Outcome};
pub use power::Goal;

use crate::gate::Accepted;
use fix::Fix;
use power::Power;
use ready::Ready;
use reboot::Reboot;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Hypervisor-initiated recovery: shut down through the agent, power on, prove.
    Restart(Stop),
    /// Shut down through the agent.
    Shutdown(Stop),
    /// Power on a stopped guest.
    Start,
    /// Guest-initiated, through SSH.
    Reboot,
    /// Mend what fails of the six conditions.
    Fix,
    /// Wait until the guest is usable.
    Ready,
}

/// One operation on one guest.
#[derive(Debug)]
pub struct Operation {
    machine: Machine,
    limits: Limits,
}

/// Where an operation is: what a store keeps. It holds no permit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Saved {
    /// Restart, shutdown or start.
    Power(power::Saved),
    /// A reboot through SSH.
    Reboot(reboot::Saved),
    /// A repair.
    Fix,
    /// A wait.
    Ready,
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

impl Saved {
    /// The guest was asked for something that may still happen, or is owed a start: a new
    /// operation must not begin before this one is resumed or abandoned.
    #[must_use]
    pub const fn is_owed(&self) -> bool {
        match self {
            Self::Power(saved) => saved.is_owed(),
            Self::Reboot(saved) => saved.is_owed(),
            Self::Fix | Self::Ready => false,
        }
    }

    /// A graceful stop is announced, or about to be: the operator may cancel it, or end the wait.
    #[must_use]
    pub const fn is_cancellable(&self) -> bool {
        matches!(self, Self::Power(saved) if saved.is_cancellable())
    }

    /// The agent was asked to shut the guest down, or is being asked: nothing can be cancelled.
    #[must_use]
    pub const fn has_asked(&self) -> bool {
        matches!(self, Self::Power(saved) if saved.has_asked())
    }

    /// The identity of the stop that is announced to the guest.
    #[must_use]
    pub fn announced(&self) -> Option<&str> {
        match self {
            Self::Power(saved) => saved.announced(),
            _ => None,
        }
    }

    /// Until when graceful scripts are waited for.
    #[must_use]
    pub const fn waits_until(&self) -> Option<Timestamp> {
        match self {
            Self::Power(saved) => saved.waits_until(),
            _ => None,
        }
    }

    /// How the time for graceful scripts ended.
    #[must_use]
    pub const fn wait_end(&self) -> Option<&WaitEnd> {
        match self {
            Self::Power(saved) => saved.wait_end(),
            _ => None,
        }
    }

    /// The guest is owed a start as soon as it is seen stopped.
    #[must_use]
    pub const fn owes_start(&self) -> bool {
        matches!(self, Self::Power(saved) if saved.owes_start())
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
