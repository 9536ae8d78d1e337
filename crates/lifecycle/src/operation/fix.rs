//! Fix: remedies in the one safe order, hooks first, proved gone before the agent is touched.
//!
//! ```text
//! Planning ──Check──► plan: nothing ─► Fixed | PartlyFixed
//!    plan ─► Applying: edit ... edit, daemon-reload ─► Proving ──Check──► hooks gone ─► Applying: agent
//!                └─ failed ─► Failed                    ▲ └─ hooks left ─► Failed, agent untouched │
//!                                                       └── whenever systemd read its files again ─┘
//! another machine answers at the SSH address ─► Refused
//! Applying done ─► Verifying ──Check──► healthy ─► Fixed      └─ until the deadline ─► PartlyFixed
//! ```

use std::collections::VecDeque;

use conditions::{Check, Condition, FixPlan, Identity, Remedy, State, Timestamp, Verdict, plan};

use super::{Effect, Event, Limits, Outcome};
use crate::Health;
use crate::gate::{Refusal, RefusalReason};

#[derive(Debug)]
pub(super) struct Fix {
    phase: Phase,
    queue: VecDeque<Remedy>,
    manual: Vec<String>,
    applied: usize,
    /// The last check showed that no hook is left, and systemd has read nothing since: the agent
    /// may be touched.
    is_hook_free: bool,
}

#[derive(Debug)]
enum Phase {
    Planning,
    Applying,
    Proving,
    Verifying { until: Timestamp },
}

impl Fix {
    pub(super) fn begin() -> (Self, Effect) {
        let (queue, manual) = (VecDeque::new(), Vec::new());
        (
            Self {
                phase: Phase::Planning,
                queue,
                manual,
                applied: 0,
                is_hook_free: false,
            },
            Effect::Check,
        )
    }

    pub(super) fn step(&mut self, event: Event, limits: &Limits, now: Timestamp) -> Effect {
        if let Event::Checked(check) = &event {
            self.is_hook_free = hooks(check).state == State::Healthy;
        }
        match (&self.phase, event) {
            (Phase::Planning, Event::Checked(check)) => self.planned(&check, limits, now),
            (Phase::Applying, Event::Applied(Ok(_))) => {
                self.applied += 1;
                self.next(limits, now)
            }
            (Phase::Applying, Event::Applied(Err(why))) => Effect::failed(format!(
                "a remedy failed after {} were applied: {why}; nothing was stopped or restarted \
                 beyond them, and fix can be run again",
                self.applied
            )),
            (Phase::Proving, Event::Checked(check)) => self.proved(&check, limits, now),
            (Phase::Verifying { until }, Event::Checked(check)) => {
                let until = *until;
                self.verified(&check, until, limits, now)
            }
            (Phase::Applying, _) => {
                // Whether the remedy was applied is not known: look, and plan anew.
                self.phase = Phase::Planning;
                Effect::Check
            }
            (_, _) => Effect::Check,
        }
    }

    fn planned(&mut self, check: &Check, limits: &Limits, now: Timestamp) -> Effect {
        if let Identity::Different { evidence } = check.identity() {
            let reasons = vec![RefusalReason::OtherMachine {
                evidence: evidence.clone(),
            }];
            let refusal = Refusal {
                guest: check.guest().clone(),
                reasons,
            };
            return Effect::finish(Outcome::not_admitted(refusal));
        }
        let FixPlan { remedies, manual } = plan(check);
        self.manual = manual;
        if remedies.is_empty() {
            return self.end(check);
        }
        self.queue = remedies.into();
        self.next(limits, now)
    }

    fn next(&mut self, limits: &Limits, now: Timestamp) -> Effect {
        match self.queue.pop_front() {
            Some(Remedy::ProveNoHooks) => {
                self.phase = Phase::Proving;
                Effect::Check
            }
            Some(remedy) if remedy.touches_agent() && !self.is_hook_free => {
                self.queue.push_front(remedy);
                self.phase = Phase::Proving;
                Effect::Check
            }
            Some(remedy) => {
                self.is_hook_free &= !remedy.reloads();
                self.phase = Phase::Applying;
                Effect::Apply(Box::new(remedy))
            }
            None => {
                // What a person has to do will not come right by waiting.
                let patience = if self.manual.is_empty() {
                    limits.health
                } else {
                    limits.settle
                };
                self.phase = Phase::Verifying {
                    until: now + patience,
                };
                Effect::Check
            }
        }
    }

    fn proved(&mut self, check: &Check, limits: &Limits, now: Timestamp) -> Effect {
        if let Identity::Different { evidence } = check.identity() {
            return self.other_machine(evidence);
        }
        if self.is_hook_free {
            return self.next(limits, now);
        }
        Effect::failed(format!(
            "shutdown hooks are not proved gone ({}); the agent was not touched, because stopping \
             it could take the guest down",
            hooks(check).summary
        ))
    }

    fn verified(&self, check: &Check, until: Timestamp, limits: &Limits, now: Timestamp) -> Effect {
        if let Identity::Different { evidence } = check.identity() {
            return self.other_machine(evidence);
        }
        if Health::of(check).is_healthy() || now >= until {
            return self.end(check);
        }
        Effect::Sleep(limits.poll)
    }

    /// The address leads elsewhere in the middle of a repair.
    fn other_machine(&self, evidence: &str) -> Effect {
        Effect::failed(format!(
            "another machine answers at the guest's SSH address since {} remedies were applied \
             ({evidence}); it was not touched: correct the address and run fix again",
            self.applied
        ))
    }

    fn end(&self, check: &Check) -> Effect {
        let (applied, health) = (self.applied, Health::of(check));
        let manual = self.manual.clone();
        Effect::finish(match health.is_healthy() {
            true => Outcome::Fixed { applied },
            false => Outcome::PartlyFixed {
                applied,
                health,
                manual,
            },
        })
    }
}

fn hooks(check: &Check) -> &Verdict {
    check.verdict(Condition::NoHooks)
}

impl Effect {
    /// The end, as `outcome` tells it.
    pub(super) fn finish(outcome: Outcome) -> Self {
        Self::Finish(Box::new(outcome))
    }

    /// The end: `reason`.
    pub(super) fn failed(reason: String) -> Self {
        Self::finish(Outcome::Failed { reason })
    }
}
