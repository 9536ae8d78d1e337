//! Waiting for readiness.
//!
//! ```text
//! Probe ──ready──► Finish(Ready)
//!   ▲ └──not yet, before the deadline──► Sleep ─┐   └──deadline, or final──► Finish(NotReady)
//!   └───────────────────────────────────────────┘
//! ```

use conditions::Timestamp;

use super::{Effect, Event, Limits, Outcome};

#[derive(Debug)]
pub(super) struct Ready {
    began: Timestamp,
    until: Timestamp,
}

impl Ready {
    pub(super) fn begin(limits: &Limits, now: Timestamp) -> (Self, Effect) {
        (
            Self {
                began: now,
                until: now + limits.ready,
            },
            Effect::Probe,
        )
    }

    pub(super) fn step(&mut self, event: Event, limits: &Limits, now: Timestamp) -> Effect {
        match event {
            Event::Probed(Ok(readiness)) => Effect::finish(Outcome::Ready { readiness }),
            Event::Probed(Err(not)) if not.is_final || now >= self.until => {
                let (reason, waited) = (not.reason, now.since(self.began));
                Effect::finish(Outcome::NotReady {
                    reason,
                    waited,
                    health: None,
                })
            }
            Event::Probed(Err(_)) => Effect::Sleep(limits.poll),
            _ => Effect::Probe,
        }
    }
}
