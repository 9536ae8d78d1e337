//! One guest's patch run: the whole of it as a machine that can be resumed at every step.
//!
//! ```text
//! Preflight ─go─► Refreshing ─► Previewing ─┬─ nothing to do ──────────────┐
//!  │  ▲ └busy: wait     │           │       └► Snapshotting ─► Starting    │
//!  │  │                 └failed     └refused   (if asked)        │  ▲      │
//!  │  └──── never begun (after a resume) ─────────────────┐      ▼  │never began
//!  └refused                                            Recalling Following ─lost─► Interrupted
//!                                                         └─────►│ended    │
//!                             Checking ◄─no reboot─ Collecting ◄─┘◄────────┘
//!                               ▲ │                     │ reboot
//!                               │ ▼                     ▼
//!                               │ Ended      Marking ─► Rebooting ─► proved
//!                               └──────────── └ other boot: done ──────┘
//! ```
//!
//! One effect is out at a time. A caller stores [`Run::saved`] before it performs an effect and
//! resumes from it after a crash; the machine looks at reality first:
//!
//! - in [`Phase::Starting`] and [`Phase::Following`] it asks the guest for the unit of this run
//!   (`Recalling`). A unit's body runs once for an id, whatever is started how often, and a run
//!   whose unit never began looks at the guest anew from `Preflight`.
//! - in [`Phase::Rebooting`] it reads the boot id first (`Marking`): another boot than the one that
//!   was to end means that it is done.
//!
//! The agent is not asked.

mod effect;
mod ending;
mod phase;
mod report;
mod step;

use conditions::Timestamp;

pub use effect::{Effect, Event, Look, RebootReport};
pub use ending::{Ending, Outcome, Shortcoming};
pub use phase::{Phase, Saved};
pub use report::Report;

use crate::settings::Settings;

/// One run over one guest.
#[derive(Debug)]
pub struct Run {
    saved: Saved,
    news: Vec<u8>,
}

impl Run {
    /// Begins, with the first effect.
    #[must_use]
    pub fn begin(settings: Settings, now: Timestamp) -> (Self, Effect) {
        Self::of(Saved::begin(settings, now))
    }

    /// Goes on from what was saved.
    #[must_use]
    pub fn resume(saved: Saved, now: Timestamp) -> (Self, Effect) {
        Self::of(saved.resumed(now))
    }

    fn of(saved: Saved) -> (Self, Effect) {
        let news = Vec::new();
        let run = Self { saved, news };
        let effect = run.look();
        (run, effect)
    }

    /// Takes in what came of the last effect and says what is next.
    #[must_use]
    pub fn step(&mut self, event: Event, now: Timestamp) -> Effect {
        self.news.clear();
        self.take(event, now)
    }

    /// What to store before the effect that was last returned is performed.
    #[must_use]
    pub const fn saved(&self) -> &Saved {
        &self.saved
    }

    /// What apt and dpkg printed since the step before: for people, as bytes of the guest.
    #[must_use]
    pub fn news(&self) -> &[u8] {
        &self.news
    }
}
