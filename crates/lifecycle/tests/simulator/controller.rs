//! The simulated controller: drives one operation as the program does, crashes, resumes, and
//! checks the laws against what really is so.

use std::time::Duration;

use conditions::{Check, State, Timestamp};
use lifecycle::gate::Accepted;
use lifecycle::operation::{AskReport, Effect, Event, Limits, Operation, Outcome, Request, Saved};
use lifecycle::{NotReady, Readiness};

use crate::guest::{Guest, Power};
use crate::random::Random;
use crate::sightings;

/// More effects than any run takes: a run that goes on for longer does not end.
const ENOUGH: u32 = 20_000;

struct Simulation {
    random: Random,
    guest: Guest,
    limits: Limits,
    crash_percent: u64,
    lossy: bool,
    story: bool,
    /// What the last check saw, to judge what follows from it.
    checked: Option<Checked>,
    is_reboot: bool,
}

struct Checked {
    began: Timestamp,
    boot: u64,
    node: u64,
    healthy: bool,
    stopping: bool,
}

/// What ended a stretch of a run.
enum Stretch {
    Crashed(Saved),
    Ended(Outcome, Saved),
}

/// Runs one seed; says how its runs ended.
pub(crate) fn run(seed: u64, story: bool) -> Vec<&'static str> {
    let mut random = Random::new(seed);
    let guest = Guest::new(&mut random);
    let crash_percent = if random.chance(60) {
        random.between(1, 30)
    } else {
        0
    };
    let lossy = random.chance(30);
    let limits = Limits {
        poll: random.seconds(1, 5),
        ..Limits::default()
    };
    let request = match random.between(0, 9) {
        0..=4 => Request::Restart(Accepted::none()),
        5 => Request::Shutdown(Accepted::none()),
        6 => Request::Start,
        7 | 8 => Request::Reboot,
        _ => Request::Ready,
    };
    let is_reboot = request == Request::Reboot;
    let checked = None;
    let mut simulation = Simulation {
        random,
        guest,
        limits,
        crash_percent,
        lossy,
        story,
        checked,
        is_reboot,
    };
    simulation.tell(&format!("{request:?}, {:?}", simulation.guest.manners));
    simulation.run(request)
}

impl Simulation {
    fn run(&mut self, request: Request) -> Vec<&'static str> {
        let restarts = matches!(request, Request::Restart(_));
        let (operation, effect) = Operation::start(request, self.limits, self.guest.now);
        let mut stretch = self.drive(operation, effect);
        let mut words = Vec::new();
        let mut resumes_left = 3;
        loop {
            let saved = match stretch {
                Stretch::Crashed(saved) => saved,
                Stretch::Ended(outcome, saved) => {
                    words.push(word(&outcome));
                    self.judge_end(&outcome, &saved, restarts);
                    let may_resume = outcome.is_resumable() || saved.is_owed();
                    if !may_resume || resumes_left == 0 {
                        self.judge_abandoned(&saved, restarts);
                        return words;
                    }
                    resumes_left -= 1;
                    saved
                }
            };
            let away = self.random.seconds(0, 900);
            self.pass(away);
            self.tell(&format!("resumed after {away:?} from {saved:?}"));
            let (operation, effect) = Operation::resume(
                round_trip(saved),
                Accepted::none(),
                self.limits,
                self.guest.now,
            );
            if operation.saved().is_owed() {
                let looks = matches!(effect, Effect::Observe | Effect::Probe | Effect::Check);
                assert!(looks, "LAW: a resumed run acts before it looks: {effect:?}");
            }
            stretch = self.drive(operation, effect);
        }
    }

    fn drive(&mut self, mut operation: Operation, mut effect: Effect) -> Stretch {
        for _ in 0..ENOUGH {
            let saved = round_trip(operation.saved());
            if let Effect::Finish(outcome) = effect {
                self.tell(&format!("ended: {outcome:?}"));
                return Stretch::Ended(*outcome, saved);
            }
            let recorded = effect.is_recorded();
            if recorded && self.random.chance(self.crash_percent) {
                self.tell(&format!("crashed before {}", effect.name()));
                return Stretch::Crashed(saved);
            }
            let name = effect.name();
            let event = self.perform(effect);
            self.tell(&format!("{name}: {}", describe(&event)));
            if recorded && self.random.chance(self.crash_percent) {
                self.tell(&format!("crashed after {name}"));
                return Stretch::Crashed(saved);
            }
            let duplicate = duplicate(&event);
            effect = operation.step(event, self.guest.now);
            let goes_on = !matches!(effect, Effect::Finish(_));
            if goes_on && self.lossy && self.random.chance(5) {
                // The reply comes twice; what it would have led to was not begun yet.
                if let Some(event) = duplicate {
                    self.tell("the reply came twice");
                    effect = operation.step(event, self.guest.now);
                }
            }
        }
        panic!("LAW: the run does not end: {:?}", operation.saved());
    }

    fn pass(&mut self, span: Duration) {
        self.guest.pass(span, &mut self.random);
    }

    fn perform(&mut self, effect: Effect) -> Event {
        if self.is_reboot {
            let fits = matches!(effect, Effect::Probe | Effect::Reboot | Effect::Sleep(_));
            assert!(
                fits,
                "LAW: a reboot consults more than SSH: {}",
                effect.name()
            );
        }
        let delay = if self.lossy {
            self.random.seconds(0, 10)
        } else {
            sightings::LOOK
        };
        match effect {
            Effect::Sleep(span) => {
                self.pass(span);
                Event::Woke
            }
            Effect::Check => Event::Checked(Box::new(self.check(delay))),
            Effect::Observe => {
                self.pass(delay.min(Duration::from_secs(2)));
                Event::Observed(self.guest.observe(&mut self.random))
            }
            Effect::Probe => {
                self.pass(delay);
                Event::Probed(self.probe())
            }
            Effect::Shutdown(permit) => {
                self.pass(delay);
                Event::Asked(self.shutdown(permit))
            }
            Effect::Reboot => {
                self.pass(delay);
                Event::Asked(self.reboot())
            }
            Effect::Start(order) => {
                // A backend looks once more right before; the guest was stopped then too.
                assert_eq!(
                    *order.node(),
                    self.guest.node(),
                    "LAW: started where it is not"
                );
                Event::Started(self.guest.start(&mut self.random))
            }
            Effect::Apply(_) | Effect::Finish(_) => unreachable!("not simulated here"),
        }
    }

    fn check(&mut self, delay: Duration) -> Check {
        let began = self.guest.now;
        let check = conditions::assess(sightings::of(&self.guest, began, began + delay));
        self.checked = Some(Checked {
            began,
            boot: self.guest.boot,
            node: self.guest.node,
            healthy: check.verdicts().iter().all(|v| v.state == State::Healthy),
            stopping: self.guest.is_stopping(),
        });
        self.pass(delay);
        check
    }

    fn shutdown(&mut self, permit: lifecycle::gate::Permit) -> AskReport {
        let Ok(observed) = self.guest.observe(&mut self.random) else {
            return AskReport::NotSent("the hypervisor does not answer".to_owned());
        };
        let boot = permit.boot_id().clone();
        let order = match permit.redeem(&observed, self.guest.now) {
            Ok(order) => order,
            Err(refusal) => return AskReport::Denied(refusal),
        };
        let checked = self
            .checked
            .take()
            .expect("LAW: a shutdown without a check");
        let age = self.guest.now.since(checked.began);
        assert!(
            age <= self.limits.permit,
            "LAW: a permit was used after {age:?}"
        );
        assert!(
            checked.healthy,
            "LAW: an unhealthy guest was asked to shut down"
        );
        assert!(
            !self.guest.locked,
            "LAW: a locked guest was asked to shut down"
        );
        assert!(!checked.stopping, "LAW: a stopping guest was asked again");
        assert_eq!(
            checked.node, self.guest.node,
            "LAW: a guest that moved was asked"
        );
        assert_eq!(
            boot,
            crate::guest::boot_id(checked.boot),
            "LAW: a permit of another boot"
        );
        assert_eq!(
            *order.guest(),
            observed.guest,
            "LAW: an order for another guest"
        );
        if !self.guest.agent_alive || !self.guest.answers() {
            return AskReport::NotSent("the agent's socket is closed".to_owned());
        }
        self.guest.hear_shutdown(&mut self.random);
        match self.lossy && self.random.chance(20) {
            true => AskReport::Unknown("the answer was lost".to_owned()),
            false => AskReport::Taken("silence".to_owned()),
        }
    }

    fn reboot(&mut self) -> AskReport {
        if !self.guest.sshd_alive || !self.guest.answers() {
            return AskReport::NotSent("SSH does not answer".to_owned());
        }
        self.guest.hear_reboot(&mut self.random);
        match self.lossy && self.random.chance(30) {
            true => AskReport::Unknown("the connection broke".to_owned()),
            false => AskReport::Taken("asked".to_owned()),
        }
    }

    fn probe(&self) -> Result<Readiness, NotReady> {
        if !self.guest.sshd_alive || !self.guest.answers() {
            return Err(NotReady::later("SSH does not answer".to_owned()));
        }
        let system_state = if self.guest.is_stopping() {
            "stopping"
        } else {
            "running"
        };
        Ok(Readiness {
            boot_id: self.guest.boot_id(),
            uptime: self.guest.uptime(),
            system_state: Some(system_state.to_owned()),
            at: self.guest.now,
        })
    }

    /// An end must be true.
    fn judge_end(&self, outcome: &Outcome, saved: &Saved, restarts: bool) {
        let guest = &self.guest;
        match outcome {
            Outcome::Restarted { proof } | Outcome::Rebooted { proof } => {
                assert_ne!(
                    proof.old, proof.new,
                    "LAW: the old boot was taken for the new one"
                );
                let began = guest.now.since(guest.booted_at);
                let since_asked = proof.took + Duration::from_secs(6) + self.since_proof(proof);
                assert!(
                    began <= since_asked,
                    "LAW: a boot older than the request is credited"
                );
                assert_eq!(
                    proof.new,
                    guest.boot_id(),
                    "LAW: a boot that does not run is credited"
                );
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
            Outcome::NotStarted { .. } if restarts => {
                assert!(saved.owes_start(), "LAW: the promised start is forgotten");
            }
            _ => {}
        }
    }

    /// Time since the proof was given: a restart goes on to check the guest's health.
    fn since_proof(&self, proof: &lifecycle::operation::BootProof) -> Duration {
        self.guest.uptime().saturating_sub(proof.uptime)
    }

    /// A restart that is over and owes nothing has not left the guest off.
    fn judge_abandoned(&self, saved: &Saved, restarts: bool) {
        let was_asked = self.guest.asked.contains(&self.guest.boot);
        if restarts && !saved.is_owed() && self.guest.power == Power::Off {
            assert!(
                !was_asked,
                "LAW: a restart took the guest down and does not owe it a start"
            );
        }
    }

    fn tell(&self, text: &str) {
        if self.story {
            println!(
                "{:>9.1} s  {text}",
                self.guest.now.as_millis() as f64 / 1000.0 % 1e6
            );
        }
    }
}

/// Through the form in which a journal keeps it.
fn round_trip(saved: Saved) -> Saved {
    let text = serde_json::to_string(&saved).expect("plain data");
    let read = serde_json::from_str(&text).expect("what was written");
    assert_eq!(saved, read, "a saved operation changes in the journal");
    read
}

fn duplicate(event: &Event) -> Option<Event> {
    match event {
        Event::Observed(observed) => Some(Event::Observed(observed.clone())),
        Event::Probed(probed) => Some(Event::Probed(probed.clone())),
        Event::Asked(report) => Some(Event::Asked(report.clone())),
        Event::Started(started) => Some(Event::Started(started.clone())),
        Event::Woke => Some(Event::Woke),
        Event::Checked(_) | Event::Applied(_) => None,
    }
}

fn describe(event: &Event) -> String {
    match event {
        Event::Checked(check) => {
            let bad = check
                .verdicts()
                .iter()
                .filter(|v| v.state != State::Healthy);
            let bad: Vec<_> = bad
                .map(|v| (v.condition.number(), v.state.as_str()))
                .collect();
            format!("unhealthy {bad:?}, stopping {}", check.is_stopping())
        }
        Event::Observed(seen) => format!("{:?}", seen.as_ref().map(|seen| &seen.run_state)),
        other => format!("{other:?}"),
    }
}

fn word(outcome: &Outcome) -> &'static str {
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
