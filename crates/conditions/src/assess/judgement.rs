//! What one judge finds, before it becomes a guest's verdict.

use crate::{Condition, Evidence, Observation, State, Verdict};

/// What is known about a condition and what to do about it.
pub(super) struct Judgement {
    state: State,
    summary: String,
    evidence: Vec<Evidence>,
    advice: Advice,
}

/// What to do about a condition that does not hold.
#[derive(Debug, Clone)]
pub(super) enum Advice {
    /// Nothing: it holds.
    None,
    /// Let `fix` mend it.
    Fix,
    /// Look for oneself, or let `fix` try.
    LookOrFix,
    /// Power the guest on.
    Start,
    /// Confirm the host key.
    Trust,
    /// Give the machine the agent's port, which takes a cold start.
    AddPort,
    /// Let a change of the machine that pends take effect, or take it back: this one.
    Settle(String),
    /// Something outside hospes.
    ByHand(&'static str),
}

impl Judgement {
    /// It is `state`.
    pub(super) fn new(
        state: State,
        summary: impl Into<String>,
        evidence: Vec<Evidence>,
        advice: Advice,
    ) -> Self {
        Self {
            state,
            summary: summary.into(),
            evidence,
            advice,
        }
    }

    /// It holds.
    pub(super) fn healthy(summary: impl Into<String>, evidence: Vec<Evidence>) -> Self {
        Self::new(State::Healthy, summary, evidence, Advice::None)
    }

    /// The same with one more piece of evidence.
    pub(super) fn with(mut self, more: Option<Evidence>) -> Self {
        self.evidence.extend(more);
        self
    }

    /// The verdict on `condition` of the guest that was seen like this; a healthy one needs no
    /// remedy.
    pub(super) fn verdict(self, condition: Condition, seen: &Observation) -> Verdict {
        let remedy = self.advice.told(seen);
        Verdict {
            condition,
            state: self.state,
            summary: self.summary,
            evidence: self.evidence,
            remedy: remedy.filter(|_| self.state != State::Healthy),
        }
    }
}

impl Advice {
    /// For people. A guest in a cluster is one of Proxmox VE.
    pub(super) fn told(self, seen: &Observation) -> Option<String> {
        let (guest, node) = (&seen.guest, &seen.node);
        Some(match self {
            Self::None => return None,
            Self::Fix => format!("hospes fix {guest}"),
            Self::LookOrFix => {
                format!("look at what the evidence names, or run: hospes fix {guest}")
            }
            Self::Start if seen.is_template() => "clone it, and start the clone".to_owned(),
            Self::Start => format!("hospes start {guest}"),
            Self::Trust => format!("hospes trust {guest}"),
            Self::AddPort if seen.cluster.is_some() => format!(
                "on {node}: qm set VMID --agent 1; then power the guest off from inside, \
                 then run: hospes start {guest}"
            ),
            Self::AddPort => format!(
                "configure the channel in the VM, let the guest power itself off through SSH, \
                 then run: hospes start {guest}"
            ),
            Self::Settle(what) if seen.cluster.is_some() => format!(
                "{what}: take it back (on {node}: qm set VMID --revert agent), or let it take \
                 effect: power the guest off from inside, then run: hospes start {guest}"
            ),
            Self::Settle(what) => format!(
                "{what}: take it back, or let it take effect: power the guest off from inside, \
                 then run: hospes start {guest}"
            ),
            Self::ByHand(what) => what.to_owned(),
        })
    }
}
