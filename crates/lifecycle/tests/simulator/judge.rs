//! The laws of the contract, checked against what really is so.

use std::time::Duration;

use conditions::{BootId, Check, Condition, State, Timestamp};
use lifecycle::gate::Accepted;
use lifecycle::operation::{BootProof, Effect, Limits, Outcome, Request, Saved};

use crate::fixture;
use crate::guest::{Guest, Power};

pub(crate) struct Judge {
    request: Request,
    /// The last check, until it is used up.
    pub(crate) checked: Option<Checked>,
    /// The boots that controllers meant to end, whether or not they came to ask.
    intended: Vec<BootId>,
    /// A controller that was not killed since asked already.
    has_asked: bool,
    /// A stopped guest was owed a start when the run was resumed, after this many.
    promised: Option<u32>,
}

/// What really was so when a check was made.
pub(crate) struct Checked {
    began: Timestamp,
    set_back: Duration,
    boot: u64,
    node: u64,
    stopping: bool,
    bad: Vec<(Condition, State)>,
}

impl Checked {
    pub(crate) fn new(guest: &Guest, check: &Check, set_back: Duration) -> Self {
        let verdicts = check.verdicts().iter();
        Self {
            began: guest.now,
            set_back,
            boot: guest.boot,
            node: guest.node,
            stopping: guest.is_stopping(),
            bad: verdicts
                .filter(|v| v.state != State::Healthy)
                .map(|v| (v.condition, v.state))
                .collect(),
        }
    }
}

impl Judge {
    pub(crate) fn new(request: &Request) -> Self {
        Self {
            request: request.clone(),
            checked: None,
            intended: Vec::new(),
            has_asked: false,
            promised: None,
        }
    }

    /// No operation does another's work.
    pub(crate) fn wanted(&self, effect: &Effect) {
        let fits = match self.request {
            Request::Reboot => {
                matches!(effect, Effect::Probe | Effect::Reboot | Effect::Sleep(_))
            }
            Request::Ready => matches!(effect, Effect::Probe | Effect::Sleep(_)),
            Request::Fix => matches!(effect, Effect::Check | Effect::Apply(_) | Effect::Sleep(_)),
            _ => !matches!(effect, Effect::Reboot | Effect::Apply(_)),
        };
        assert!(fits, "LAW: {:?} wants {}", self.request, effect.name());
    }

    /// This effect comes next, unless the controller dies or takes its answer for lost.
    pub(crate) fn intends(&mut self, effect: &Effect, guest: &Guest) {
        match effect {
            Effect::Shutdown(permit) => self.intended.push(permit.boot_id().clone()),
            Effect::Reboot => self.intended.push(guest.boot_id()),
            _ => {}
        }
    }

    /// The guest is asked to shut down, now.
    pub(crate) fn shutdown(
        &mut self,
        guest: &Guest,
        limits: &Limits,
        boot: &BootId,
        accepted: &Accepted,
        set_back: Duration,
    ) {
        let checked = self.checked.take();
        let checked = checked.expect("LAW: a shutdown without a check");
        let age = guest.now.since(checked.began);
        let allowed = limits.permit + (set_back - checked.set_back);
        assert!(age <= allowed, "LAW: a permit was used after {age:?}");
        for (condition, state) in checked.bad {
            let may = state == State::Unknown && accepted.iter().any(|c| c == condition);
            assert!(
                may,
                "LAW: asked to shut down while {condition} is {state:?}"
            );
        }
        assert!(!guest.locked, "LAW: a locked guest was asked to shut down");
        assert!(!checked.stopping, "LAW: a stopping guest was asked again");
        assert_eq!(
            checked.node, guest.node,
            "LAW: a guest that moved was asked"
        );
        let checked_boot = fixture::boot_id(checked.boot);
        assert_eq!(*boot, checked_boot, "LAW: a permit of another boot");
        self.asks_once(guest, checked.boot);
    }

    /// The guest is asked to reboot, now.
    pub(crate) fn reboot(&mut self, guest: &Guest) {
        if guest.hears_ssh() {
            self.asks_once(guest, guest.boot);
        }
    }

    /// A run asks one boot, and again only after another controller took it up.
    fn asks_once(&mut self, guest: &Guest, boot: u64) {
        assert!(!self.has_asked, "LAW: a controller asked twice");
        let others = guest.asked.iter().any(|asked| *asked != boot);
        assert!(
            !others,
            "LAW: a run took the guest down a second time: {:?}",
            guest.asked
        );
        self.has_asked = true;
    }

    /// Another controller takes the run up.
    pub(crate) fn resumed(&mut self, guest: &Guest, saved: &Saved, effect: &Effect) {
        let looks = matches!(effect, Effect::Observe | Effect::Probe | Effect::Check);
        let has_ended = matches!(effect, Effect::Finish(_)) && !saved.is_owed();
        assert!(
            looks || has_ended,
            "LAW: a resumed run acts before it looks: {effect:?}"
        );
        self.has_asked = false;
        self.checked = None;
        let is_promised = saved.owes_start() && guest.power == Power::Off;
        self.promised = is_promised.then_some(guest.starts);
    }

    /// An end must be true.
    pub(crate) fn end(&self, guest: &Guest, outcome: &Outcome, saved: &Saved, back: Duration) {
        let restarts = matches!(self.request, Request::Restart(_));
        if self.promised == Some(guest.starts) {
            assert!(
                saved.owes_start(),
                "LAW: the promised start was neither made nor kept"
            );
        }
        match outcome {
            Outcome::Restarted { proof } | Outcome::Rebooted { proof } => {
                credited(guest, proof, back);
                let intended = self.intended.contains(&proof.old);
                assert!(intended, "LAW: nobody meant to end the proof's old boot");
                assert!(!saved.is_owed(), "LAW: something is owed after success");
            }
            Outcome::Refused { refusal } => {
                assert!(!refusal.reasons.is_empty(), "a refusal without a reason");
                let nothing_asked = guest.asked.is_empty() || saved.is_owed();
                assert!(
                    nothing_asked,
                    "LAW: refused after asking, and nothing is owed"
                );
            }
            Outcome::StillRunning { .. } => {
                assert!(
                    saved.is_owed(),
                    "LAW: a guest that was asked is not watched any more"
                );
            }
            Outcome::Stopped { .. } => {
                assert_eq!(guest.power, Power::Off, "LAW: it does not rest");
            }
            Outcome::Fixed { .. } => {
                let checked = self.checked.as_ref().expect("LAW: fixed without a check");
                assert!(checked.bad.is_empty(), "LAW: not fixed: {:?}", checked.bad);
                assert!(!guest.agent.is_hooked(), "LAW: fixed with a hook left");
            }
            Outcome::NotStarted { .. } if restarts => {
                assert!(saved.owes_start(), "LAW: the promised start is forgotten");
            }
            _ => {}
        }
    }

    /// A restart that is over and owes nothing has not left the guest off.
    pub(crate) fn abandoned(&self, guest: &Guest, saved: &Saved) {
        let restarts = matches!(self.request, Request::Restart(_));
        let was_asked = guest.asked.contains(&guest.boot);
        if restarts && !saved.is_owed() && guest.power == Power::Off {
            assert!(
                !was_asked,
                "LAW: a restart left the guest off and does not owe it a start"
            );
        }
    }
}

/// The boot that is credited began after the request.
fn credited(guest: &Guest, proof: &BootProof, set_back: Duration) {
    assert_ne!(
        proof.old, proof.new,
        "LAW: the old boot was taken for the new one"
    );
    let slack = Duration::from_secs(6) + set_back;
    assert!(
        proof.uptime <= proof.took + slack,
        "LAW: a boot older than the request: {proof:?}"
    );
    let is_real = proof.new == guest.boot_id() || guest.boot_id() != proof.old;
    assert!(is_real, "LAW: a boot that does not run is credited");
}

/// An outcome in one word.
pub(crate) const fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Restarted { .. } => "restarted",
        Outcome::Rebooted { .. } => "rebooted",
        Outcome::Stopped { .. } => "stopped",
        Outcome::Started { .. } => "started",
        Outcome::Ready { .. } => "ready",
        Outcome::Fixed { .. } => "fixed",
        Outcome::PartlyFixed { .. } => "partly-fixed",
        Outcome::Refused { .. } => "refused",
        Outcome::StillRunning { .. } => "still-running",
        Outcome::RebootedInstead { .. } => "rebooted-instead",
        Outcome::NotStarted { .. } => "not-started",
        Outcome::NotReady { .. } => "not-ready",
        Outcome::BackUnhealthy { .. } => "back-unhealthy",
        Outcome::Failed { .. } => "failed",
    }
}
