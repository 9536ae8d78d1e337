//! The laws of the contract, checked against what really is so.

use std::collections::BTreeSet;
use std::time::Duration;

use conditions::{BootId, Check, Condition, State, Timestamp};
use lifecycle::gate::{Accepted, Way};
use lifecycle::operation::{
    BootProof, Effect, Graceful, Limits, Notice, Outcome, Request, Saved, WaitEnd, Word,
};

use crate::fixture;
use crate::guest::{Guest, Power};
use crate::notices::Announced;

pub(crate) struct Judge {
    request: Request,
    /// The last check, until it is used up.
    pub(crate) checked: Option<Checked>,
    /// The boots that controllers meant to end, whether or not they came to ask.
    intended: Vec<BootId>,
    /// The boot that was checked before a stop was to be announced.
    prepared: Option<BootId>,
    /// A controller that was not killed since asked already.
    has_asked: bool,
    /// What the operator said last, to a controller that listened.
    word: Option<Word>,
    /// The identities that were recorded before they were announced.
    requests: BTreeSet<String>,
    /// The last thing that was told and failed.
    untold: Option<Notice>,
    /// The starts before which nothing could be taken back.
    unwithdrawn: bool,
    /// A stopped guest was owed a start when the run was resumed, after this many.
    promised: Option<u32>,
    /// The hypervisor was to be asked to restart this boot, at this time.
    left_alone: Option<(u64, Timestamp)>,
    /// It stayed off, and was powered on.
    started_after_rest: bool,
}

/// What really was so when a check was made.
pub(crate) struct Checked {
    began: Timestamp,
    set_back: Duration,
    boot: u64,
    node: u64,
    managed: bool,
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
            managed: guest.is_managed(),
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
            prepared: None,
            has_asked: false,
            word: None,
            requests: BTreeSet::new(),
            untold: None,
            unwithdrawn: false,
            promised: None,
            left_alone: None,
            started_after_rest: false,
        }
    }

    fn graceful(&self) -> Option<Graceful> {
        match &self.request {
            Request::Restart(stop) | Request::Shutdown(stop) => stop.graceful,
            _ => None,
        }
    }

    /// The operator was listened to.
    pub(crate) const fn heard(&mut self, word: Option<Word>) {
        self.word = word;
    }

    /// Another controller cancels the run, which it finds dead.
    pub(crate) fn cancelled(&mut self, guest: &Guest) {
        assert!(
            !guest.asked.contains(&guest.boot),
            "LAW: what was asked is cancelled"
        );
        self.promised = None;
    }

    /// This effect is recorded, and its controller may die before or after it.
    pub(crate) fn recorded(&mut self, effect: &Effect) {
        if let Effect::Notify(Notice::Pending(request)) = effect {
            self.requests.insert(request.request.clone());
            assert!(
                self.requests.len() == 1,
                "LAW: a run announces twice: {:?}",
                self.requests
            );
        }
    }

    /// The guest was told, or not.
    pub(crate) fn told(&mut self, guest: &Guest, notice: &Notice, told: &Result<(), String>) {
        assert!(self.graceful().is_some(), "LAW: a plain stop is announced");
        if let Notice::Pending(_) = notice {
            assert!(guest.asked.is_empty(), "LAW: announced after asking");
        }
        self.untold = told.is_err().then(|| notice.clone());
        let withdrawn = matches!(notice, Notice::Withdrawn(_));
        self.unwithdrawn = withdrawn && told.is_err();
    }

    /// The guest had its time, or somebody decided that it has none.
    pub(crate) fn had_its_time(&self, guest: &Guest, saved: &Saved, set_back: Duration) {
        let Some(graceful) = self.graceful() else {
            return;
        };
        assert_ne!(
            self.word,
            Some(Word::Abort),
            "LAW: asked though it was cancelled"
        );
        let end = saved
            .wait_end()
            .expect("LAW: asked before the wait was over");
        if *end == WaitEnd::Deadline {
            let since = guest
                .store
                .since
                .expect("LAW: waited for what nobody heard of");
            let had = guest.now.since(since) + set_back;
            assert!(had >= graceful.max, "LAW: asked after {had:?}");
        }
        if *end == WaitEnd::Operator {
            assert_eq!(self.word, Some(Word::Now), "LAW: nobody ended the wait");
        }
    }

    /// Nothing that was announced is left for the next boot, or for ever.
    fn is_taken_back(&self, guest: &Guest, when: &str) {
        let stands = guest.store.state != Announced::None;
        assert!(
            !stands || self.unwithdrawn,
            "LAW: a stop stays announced {when}"
        );
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
            Effect::Shutdown(permit) | Effect::Restart(permit) => {
                self.intended.push(permit.boot_id().clone());
                self.is_told_first(guest);
                if matches!(effect, Effect::Restart(_)) {
                    self.left_alone = Some((guest.boot, guest.now));
                }
            }
            Effect::Listen(Some(_)) => {
                let checked = self.checked.as_ref().map(|checked| checked.boot);
                self.prepared = checked.map(fixture::boot_id).or(self.prepared.take());
            }
            // A script may power the guest off.
            Effect::Notify(Notice::Pending(_)) => self.intended.extend(self.prepared.clone()),
            Effect::Reboot => self.intended.push(guest.boot_id()),
            _ => {}
        }
    }

    /// `STOPPING` stands when an announced stop is asked for.
    fn is_told_first(&self, guest: &Guest) {
        let told = guest.store.state != Announced::Pending;
        assert!(
            told || self.untold.is_some(),
            "LAW: asked with PENDING_STOP still standing"
        );
    }

    /// The guest is powered on, now.
    pub(crate) fn starts(&mut self, guest: &Guest, limits: &Limits) {
        self.is_taken_back(guest, "when the guest is powered on");
        if let Some(cluster) = &guest.cluster {
            assert_eq!(cluster.quorate, Some(true), "LAW: started without quorum");
            assert!(!cluster.is_template, "LAW: a template is started");
        }
        let left = self.left_alone.filter(|(boot, _)| *boot == guest.boot);
        if let Some((_, since)) = left {
            let waited = guest.now.since(since);
            assert!(
                waited >= limits.stop,
                "LAW: powered on {waited:?} after a restart that may yet do so itself"
            );
            self.started_after_rest = true;
        }
    }

    /// The guest is asked to go down, now, to rest or to be powered on by the hypervisor.
    pub(crate) fn takes_down(
        &mut self,
        guest: &Guest,
        limits: &Limits,
        boot: &BootId,
        accepted: &Accepted,
        set_back: Duration,
        way: Way,
    ) {
        let checked = self.checked.take();
        let checked = checked.expect("LAW: taken down without a check");
        let age = guest.now.since(checked.began);
        let allowed = limits.permit + (set_back - checked.set_back);
        assert!(age <= allowed, "LAW: a permit was used after {age:?}");
        for (condition, state) in checked.bad {
            let may = state == State::Unknown && accepted.iter().any(|c| c == condition);
            assert!(may, "LAW: taken down while {condition} is {state:?}");
        }
        assert_eq!(guest.lock(), None, "LAW: a locked guest was taken down");
        assert!(guest.has_quorum(), "LAW: taken down without quorum");
        assert!(!checked.stopping, "LAW: a stopping guest was asked again");
        assert_eq!(
            checked.node, guest.node,
            "LAW: a guest that moved was asked"
        );
        let checked_boot = fixture::boot_id(checked.boot);
        assert_eq!(*boot, checked_boot, "LAW: a permit of another boot");
        let by_hypervisor = way == Way::Restart;
        assert_eq!(
            (checked.managed, guest.is_managed()),
            (by_hypervisor, by_hypervisor),
            "LAW: high availability ends a shutdown with force, and a restart is only for it"
        );
        let shuts_down = matches!(self.request, Request::Shutdown(_));
        assert!(
            !(shuts_down && by_hypervisor),
            "LAW: it was not to come back"
        );
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
        let looks = matches!(
            effect,
            Effect::Observe
                | Effect::Probe
                | Effect::Check
                | Effect::Watcher
                | Effect::Listen(_)
                | Effect::Notify(Notice::Withdrawn(_))
        );
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
        self.is_taken_back(guest, "after the end");
        assert_eq!(saved.announced(), None, "LAW: a withdrawal is still owed");
        let mut runs = guest.watcher.runs.clone();
        runs.dedup();
        assert_eq!(
            runs.len(),
            guest.watcher.runs.len(),
            "LAW: scripts ran twice in one boot"
        );
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
            Outcome::Refused { refusal, .. } => {
                assert!(!refusal.reasons.is_empty(), "a refusal without a reason");
                let nothing_asked = guest.asked.is_empty() || saved.is_owed();
                assert!(
                    nothing_asked,
                    "LAW: refused after asking, and nothing is owed"
                );
            }
            Outcome::Aborted { .. } => {
                assert!(guest.asked.is_empty(), "LAW: cancelled after asking");
            }
            Outcome::StillRunning { .. } => {
                assert!(
                    saved.is_owed(),
                    "LAW: a guest that was asked is not watched any more"
                );
            }
            Outcome::Stopped { .. } => {
                let is_off = guest.power == Power::Off || guest.was_started_by_others();
                assert!(is_off, "LAW: it does not rest");
            }
            Outcome::Fixed { .. } => {
                let checked = self.checked.as_ref().expect("LAW: fixed without a check");
                assert!(checked.bad.is_empty(), "LAW: not fixed: {:?}", checked.bad);
                assert!(!guest.agent.is_hooked(), "LAW: fixed with a hook left");
            }
            Outcome::NotStarted { .. } if restarts => {
                let is_sure = guest.deaf == 0 && self.graceful().is_none();
                assert!(
                    !is_sure || guest.power == Power::Off,
                    "LAW: it runs, and is said not to be started"
                );
                assert!(saved.owes_start(), "LAW: the promised start is forgotten");
            }
            _ => {}
        }
    }

    pub(crate) fn reached(&self) -> impl Iterator<Item = &'static str> {
        self.started_after_rest
            .then_some("started-after-rest")
            .into_iter()
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
