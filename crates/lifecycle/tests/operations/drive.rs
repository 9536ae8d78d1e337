//! Drives an operation with answers written by hand, and writes down what it wanted and got.

use std::fmt::Write as _;
use std::time::Duration;

use conditions::{BootId, RunState, Sightings, Timestamp, assess};
use lifecycle::gate::Accepted;
use lifecycle::operation::{
    AskReport, BootProof, Effect, Event, Graceful, Heard, Limits, Notice, Operation, Outcome,
    Request, Saved, Stop, WaitEnd, WithoutWatcher, Word,
};
use lifecycle::ports::{Presence, Standing};
use lifecycle::{Health, NotReady, Readiness};
use metadata::stop::{Report, ReportOutcome};

use crate::fixture;

const BEGAN: Timestamp = Timestamp::from_millis(1_700_000_000_000);

pub(crate) struct Drive {
    operation: Operation,
    effect: Effect,
    limits: Limits,
    now: Timestamp,
    story: String,
}

pub(crate) fn restart() -> Drive {
    Drive::begin(Request::Restart(Accepted::none().into()))
}

pub(crate) fn shutdown() -> Drive {
    Drive::begin(Request::Shutdown(Accepted::none().into()))
}

/// For ten minutes.
fn graceful(without_watcher: WithoutWatcher) -> Stop {
    let max = Duration::from_secs(600);
    Stop {
        accepted: Accepted::none(),
        graceful: Some(Graceful {
            max,
            without_watcher,
        }),
    }
}

pub(crate) fn graceful_restart() -> Drive {
    Drive::begin(Request::Restart(graceful(WithoutWatcher::GoOn)))
}

pub(crate) fn graceful_shutdown(without_watcher: WithoutWatcher) -> Drive {
    Drive::begin(Request::Shutdown(graceful(without_watcher)))
}

pub(crate) fn start() -> Drive {
    Drive::begin(Request::Start)
}

pub(crate) fn reboot() -> Drive {
    Drive::begin(Request::Reboot)
}

pub(crate) fn ready() -> Drive {
    Drive::begin(Request::Ready)
}

pub(crate) fn fix() -> Drive {
    Drive::begin(Request::Fix)
}

impl Drive {
    fn begin(request: Request) -> Self {
        let limits = Limits::default();
        let (operation, effect) = Operation::start(request, limits, BEGAN);
        Self {
            operation,
            effect,
            limits,
            now: BEGAN,
            story: String::new(),
        }
    }

    /// Time passes before the next answer.
    pub(crate) fn after(mut self, seconds: u64) -> Self {
        self.now = self.now + Duration::from_secs(seconds);
        self
    }

    pub(crate) fn healthy(self, boot: u64) -> Self {
        self.check(boot, "healthy", |_| {})
    }

    pub(crate) fn check(
        mut self,
        boot: u64,
        words: &str,
        spoil: impl FnOnce(&mut Sightings),
    ) -> Self {
        self.wake();
        let mut seen = fixture::healthy(boot, self.now, self.now);
        spoil(&mut seen);
        let event = Event::Checked(Box::new(assess(seen)));
        self.answer(&format!("boot {boot}, {words}"), event)
    }

    pub(crate) fn seen(mut self, run_state: RunState) -> Self {
        self.wake();
        let words = run_state.as_str().to_owned();
        let seen = fixture::observation(run_state, self.now);
        self.answer(&words, Event::Observed(Ok(seen)))
    }

    /// Healthy, and under high availability.
    pub(crate) fn managed(self, boot: u64) -> Self {
        self.check(boot, "managed", managed)
    }

    /// Seen from outside, in a cluster like this.
    pub(crate) fn seen_in(
        mut self,
        run_state: RunState,
        quorate: Option<bool>,
        ha: Option<&str>,
    ) -> Self {
        self.wake();
        let words = format!("{}, quorum {quorate:?}, HA {ha:?}", run_state.as_str());
        let mut seen = fixture::observation(run_state, self.now);
        seen.cluster = fixture::in_cluster(quorate, ha);
        self.answer(&words, Event::Observed(Ok(seen)))
    }

    pub(crate) fn stopped(self) -> Self {
        self.seen(RunState::Stopped)
    }

    pub(crate) fn running(self) -> Self {
        self.seen(RunState::Running)
    }

    pub(crate) fn locked(mut self, run_state: RunState) -> Self {
        self.wake();
        let words = format!("{}, locked", run_state.as_str());
        let mut seen = fixture::observation(run_state, self.now);
        seen.lock = Some("backup".to_owned());
        self.answer(&words, Event::Observed(Ok(seen)))
    }

    pub(crate) fn deaf(self) -> Self {
        let event = Event::Observed(Err("the socket is closed".to_owned()));
        self.answer("no answer", event)
    }

    pub(crate) fn asked(self, report: AskReport) -> Self {
        let words = match &report {
            AskReport::Taken(_) => "taken",
            AskReport::Refused(_) => "refused",
            AskReport::Denied(_) => "denied by the gate",
            AskReport::NotSent(_) => "not sent",
            AskReport::Unknown(_) => "answer lost",
        };
        self.answer(words, Event::Asked(report))
    }

    pub(crate) fn taken(self) -> Self {
        self.asked(AskReport::Taken("silence".to_owned()))
    }

    pub(crate) fn started(self, started: Result<&str, &str>) -> Self {
        let words = format!("{started:?}");
        let started = started.map(str::to_owned).map_err(str::to_owned);
        self.answer(&words, Event::Started(started))
    }

    pub(crate) fn up(self, boot: u64, uptime: u64) -> Self {
        self.up_as(boot, uptime, "running")
    }

    pub(crate) fn up_as(mut self, boot: u64, uptime: u64, state: &str) -> Self {
        self.wake();
        let readiness = Readiness {
            boot_id: fixture::boot_id(boot),
            uptime: Duration::from_secs(uptime),
            system_state: Some(state.to_owned()),
            at: self.now,
        };
        let words = format!("boot {boot}, up {uptime}s, {state}");
        self.answer(&words, Event::Probed(Ok(readiness)))
    }

    pub(crate) fn down(self) -> Self {
        let not = NotReady::later("no route".to_owned());
        self.answer("no route", Event::Probed(Err(not)))
    }

    pub(crate) fn locked_out(self) -> Self {
        let not = NotReady::never("the host key changed".to_owned());
        self.answer("the host key changed", Event::Probed(Err(not)))
    }

    pub(crate) fn applied(self) -> Self {
        self.answer("applied", Event::Applied(Ok(String::new())))
    }

    pub(crate) fn not_applied(self, why: &str) -> Self {
        self.answer(why, Event::Applied(Err(why.to_owned())))
    }

    pub(crate) fn watched(self) -> Self {
        self.answer("present", Event::Watcher(Presence::Watching))
    }

    pub(crate) fn unwatched(self) -> Self {
        let why = "no metadata server runs".to_owned();
        self.answer("absent", Event::Watcher(Presence::Absent { why }))
    }

    pub(crate) fn told(self) -> Self {
        self.answer("told", Event::Notified(Ok(())))
    }

    pub(crate) fn not_told(self) -> Self {
        self.answer("not told", Event::Notified(Err("no answer".to_owned())))
    }

    /// Nothing of this request stands.
    pub(crate) fn idle(self) -> Self {
        self.heard("NONE", Some((false, None)), None)
    }

    pub(crate) fn announced(self) -> Self {
        self.heard("announced", Some((true, None)), None)
    }

    pub(crate) fn reported(self, outcome: ReportOutcome) -> Self {
        let words = format!("{outcome:?}");
        self.heard(&words, Some((true, Some(outcome))), None)
    }

    pub(crate) fn unheard(self) -> Self {
        self.heard("no answer", None, None)
    }

    pub(crate) fn says(self, word: Word) -> Self {
        self.heard(&format!("{word:?}"), Some((true, None)), Some(word))
    }

    fn heard(
        mut self,
        words: &str,
        standing: Option<(bool, Option<ReportOutcome>)>,
        word: Option<Word>,
    ) -> Self {
        self.wake();
        let report = |outcome| Report {
            request: "2023-11-14T22:13:20.000Z".to_owned(),
            outcome,
            exit: None,
        };
        let standing = standing.map(|(announced, outcome)| Standing {
            announced,
            report: outcome.map(report),
        });
        let standing = standing.ok_or_else(|| "the store does not answer".to_owned());
        self.answer(words, Event::Heard(Heard { standing, word }))
    }

    /// Announced, and the guest has begun with its scripts.
    pub(crate) fn waiting(self) -> Self {
        self.watched().healthy(1).idle().told().announced()
    }

    /// Healthy again, and told that it is being stopped.
    pub(crate) fn permitted(self, boot: u64) -> Self {
        self.healthy(boot).announced().told()
    }

    /// An operator cancels it from a controller of their own.
    pub(crate) fn cancelled(mut self) -> Self {
        self.tell(&describe(&self.effect));
        let _ = writeln!(self.story, "--- cancelled");
        let cancelled = Operation::cancel(self.operation.saved(), self.limits, self.now);
        (self.operation, self.effect) = cancelled.expect("it can be");
        self
    }

    pub(crate) fn wait_end(&self) -> Option<WaitEnd> {
        self.operation.saved().wait_end().cloned()
    }

    /// The controller dies at the effect that is out, or the run has ended; another takes it up.
    pub(crate) fn resumed(mut self, seconds: u64) -> Self {
        let text = serde_json::to_string(&self.operation.saved()).expect("plain data");
        self.tell(&describe(&self.effect));
        let _ = writeln!(self.story, "--- resumed {seconds}s later");
        self = self.after(seconds);
        let saved = serde_json::from_str(&text).expect("what was written");
        (self.operation, self.effect) =
            Operation::resume(saved, Accepted::none(), self.limits, self.now);
        self
    }

    /// All that was wanted and answered, and where it stands.
    pub(crate) fn story(mut self) -> String {
        self.tell(&describe(&self.effect));
        let saved = self.saved();
        let owed = match (saved.owes_start(), saved.is_owed()) {
            (true, _) => "owed: a start when it stops",
            (false, true) => "owed: to see what becomes of it",
            (false, false) => "owed: nothing",
        };
        self.story + owed
    }

    pub(crate) fn saved(&self) -> Saved {
        self.operation.saved()
    }

    pub(crate) const fn wants(&self) -> &Effect {
        &self.effect
    }

    fn answer(mut self, words: &str, event: Event) -> Self {
        self.wake();
        let wanted = describe(&self.effect);
        assert!(!wanted.starts_with('='), "it has ended: {wanted}");
        self.tell(&format!("{wanted} -> {words}"));
        self.effect = self.operation.step(event, self.now);
        self
    }

    /// Sleeps, if that is what is wanted.
    fn wake(&mut self) {
        if let Effect::Sleep(span) = self.effect {
            self.tell(&describe(&self.effect));
            self.now = self.now + span;
            self.effect = self.operation.step(Event::Woke, self.now);
        }
    }

    fn tell(&mut self, text: &str) {
        let at = self.now.since(BEGAN).as_secs();
        let _ = writeln!(self.story, "{at:>4}s {text}");
    }
}

/// Under high availability.
pub(crate) fn managed(seen: &mut Sightings) {
    seen.observation.cluster = fixture::in_cluster(Some(true), Some("started"));
}

fn number(boot: &BootId) -> u64 {
    u64::from_str_radix(boot.short(), 16).expect("a boot of the fixture")
}

pub(crate) fn describe(effect: &Effect) -> String {
    match effect {
        Effect::Shutdown(permit) => {
            format!("shutdown, permit for boot {}", number(permit.boot_id()))
        }
        Effect::Restart(permit) => {
            format!("restart, permit for boot {}", number(permit.boot_id()))
        }
        Effect::Start(order) => format!("start {} on {}", order.guest(), order.node()),
        Effect::Apply(remedy) => remedy.describe(),
        Effect::Notify(Notice::Pending(request)) => {
            format!("announce {}, {} s", request.request, request.max_seconds)
        }
        Effect::Notify(Notice::Stopping(request)) => format!("STOPPING {request}"),
        Effect::Notify(Notice::Withdrawn(request)) => format!("NONE {request}"),
        Effect::Listen(Some(request)) => format!("listen {request}"),
        Effect::Sleep(span) => format!("sleep {span:?}"),
        Effect::Finish(outcome) => format!("= {}", end(outcome)),
        other => other.name().to_owned(),
    }
}

fn end(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Restarted { proof } => format!("restarted, {}", proved(proof)),
        Outcome::Rebooted { proof } => format!("rebooted, {}", proved(proof)),
        Outcome::Stopped { already } => format!("stopped, already {already}"),
        Outcome::Started { already, readiness } => {
            let boot = readiness.as_ref().map(|ready| number(&ready.boot_id));
            format!("started, already {already}, boot {boot:?}")
        }
        Outcome::Ready { readiness } => format!("ready, boot {}", number(&readiness.boot_id)),
        Outcome::Fixed { applied } => format!("fixed, {applied} applied"),
        Outcome::PartlyFixed {
            applied,
            health,
            manual,
        } => {
            format!(
                "partly fixed, {applied} applied, {}, by hand {manual:?}",
                unhealthy(health)
            )
        }
        Outcome::Refused {
            refusal,
            announced: false,
        } => format!("refused: {refusal}"),
        Outcome::Refused { refusal, .. } => format!("refused after announcing: {refusal}"),
        Outcome::Aborted { announced } => format!("aborted, announced {announced}"),
        Outcome::StillRunning { after } => format!("still running after {after:?}"),
        Outcome::RebootedInstead { old, new } => {
            format!("rebooted instead, boot {} to {}", number(old), number(new))
        }
        Outcome::NotStarted { reason } => format!("not started: {reason}"),
        Outcome::NotReady {
            reason,
            waited,
            health,
        } => {
            let health = health.as_ref().map(unhealthy);
            format!("not ready after {waited:?}: {reason}; health: {health:?}")
        }
        Outcome::BackUnhealthy { proof, health } => {
            let proof = proof.as_ref().map(proved);
            format!("back, {proof:?}, but {}", unhealthy(health))
        }
        Outcome::Failed { reason } => format!("failed: {reason}"),
    }
}

fn proved(proof: &BootProof) -> String {
    let (old, new) = (number(&proof.old), number(&proof.new));
    format!(
        "boot {old} to {new}, up {:?}, took {:?}",
        proof.uptime, proof.took
    )
}

fn unhealthy(health: &Health) -> String {
    let bad = health.unhealthy.iter();
    let bad: Vec<_> = bad
        .map(|v| format!("{} {}", v.condition.number(), v.state.as_str()))
        .collect();
    format!("unhealthy {bad:?}")
}
