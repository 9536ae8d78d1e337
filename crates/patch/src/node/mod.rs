//! Patching one node of Proxmox VE: the whole of it as a machine that can be resumed at every step.
//!
//! ```text
//! Looking ─► Surveying ─► Looking ─► Planning ─► SettingNoout ─► Entering ─► Draining ─► Emptying
//!  │  ▲└wait: backups,│nothing to do   │a guest      │ failed       │           │           │ seen twice
//!  │  └───migrations..▼                ▼ blocks      ▼              ▼           ▼           ▼
//!  ▼                Ended           Ended         Restoring ◄─── not drained ◄──┘       Patching
//! Refused                                           │  ▲  ▲                               │
//!                     Ended ◄─ guests ◄─ noout ◄─ maintenance                             │
//!                                                      │  └─ gate closed before Start ◄───┤
//!                                                      └──── its end ◄────────────────────┘
//!
//! Patching: the run over the packages (`crate::run`), held where it cannot be undone:
//!   refresh ─► preview ─► [gate] start ─► follow ─► collect ─► [gate] reboot ─► [back] check ─► end
//!   gate: quorum without the node, Ceph, nothing in flight, still empty, still in maintenance
//!   back: API of the node, quorum and Ceph as they were
//! ```
//!
//! One effect is out at a time. A caller stores [`Run::saved`] before it performs an effect that is
//! recorded, and resumes from it after a crash. The machine looks at reality first: a move is known
//! by where the guest is, maintenance by the manager's word, the unit by what it left, the reboot by
//! the boot id. What a run changes around the node ([`Left`]) is stored before it is done; so a node
//! that a dead controller left behind is told, and put back.

pub mod ceph;
mod departure;
mod effect;
mod ending;
pub mod facts;
pub mod maintenance;
mod phase;
mod port;
pub mod quorum;
mod refusal;
mod report;
mod settings;
mod step;

use conditions::Timestamp;

pub use departure::{Departure, Way};
pub use effect::{Effect, Event, Step};
pub use ending::{Ending, Left, Outcome};
pub use phase::{Drain, Phase, Restore, ReturnFailure, Saved, Stage, Unsettled};
pub use port::{ClusterError, Migration, Mover, NodeCluster, Transfer};
pub use refusal::{Moment, Refusal, refusals};
pub use report::Report;
pub use settings::{Allowance, Allowances, Limits, Settings};

use crate::run;
use facts::View;

/// One run over one node.
#[derive(Debug)]
pub struct Run {
    saved: Saved,
    /// The last look.
    view: Option<Box<View>>,
    /// The run over the packages, or the survey of them.
    packages: Option<run::Run>,
    /// Its effect that waits for the gate to open or for the node to be back.
    held: Option<run::Effect>,
}

impl Run {
    /// Begins, with the first effect.
    #[must_use]
    pub fn begin(mut settings: Settings, now: Timestamp) -> (Self, Effect) {
        settings.patch.snapshot = false;
        Self::of(Saved::begin(settings, now), now)
    }

    /// Goes on from what was saved. [`Saved::left`] tells what was left behind.
    #[must_use]
    pub fn resume(saved: Saved, now: Timestamp) -> (Self, Effect) {
        Self::of(saved.resumed(now), now)
    }

    fn of(saved: Saved, now: Timestamp) -> (Self, Effect) {
        let mut run = Self {
            saved,
            view: None,
            packages: None,
            held: None,
        };
        let effect = run.first(now);
        (run, effect)
    }

    /// Takes in what came of the last effect and says what is next.
    #[must_use]
    pub fn step(&mut self, event: Event, now: Timestamp) -> Effect {
        self.take(event, now)
    }

    /// What to store before the effect that was last returned is performed.
    #[must_use]
    pub fn saved(&self) -> Saved {
        let mut saved = self.saved.clone();
        if let (Phase::Patching(_), Some(packages)) = (&saved.phase, &self.packages) {
            saved.patch = Some(Box::new(packages.saved().clone()));
        }
        saved
    }

    /// What apt and dpkg printed since the step before: for people, as bytes of the node.
    #[must_use]
    pub fn news(&self) -> &[u8] {
        self.packages.as_ref().map_or(&[], run::Run::news)
    }
}

#[cfg(test)]
mod tests;
