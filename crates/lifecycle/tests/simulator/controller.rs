//! The simulated controller: drives one operation as the program does, with a journal that holds
//! what the last recorded effect left, dies, and resumes.

use std::io::Write as _;
use std::time::Duration;

use conditions::{Check, Condition, Sightings, State, Timestamp, assess};
use lifecycle::gate::Accepted;
use lifecycle::operation::{
    AskReport, Effect, Event, Graceful, Heard, Limits, Operation, Request, Saved, Stop,
    WithoutWatcher, Word,
};
use lifecycle::{NotReady, Readiness};

use crate::guest::Guest;
use crate::judge::{Checked, Judge};
use crate::random::Random;
use crate::sightings;
use crate::words::{reasons, word};

/// More effects than any run takes: a run that goes on for longer does not end.
const ENOUGH: u32 = 20_000;

pub(crate) struct Simulation {
    pub(crate) random: Random,
    pub(crate) guest: Guest,
    pub(crate) judge: Judge,
    pub(crate) limits: Limits,
    crash_percent: u64,
    /// How often it may still die: one that dies for ever ends nothing.
    deaths_left: u32,
    pub(crate) lossy: bool,
    /// The controller's clock is set back now and then.
    wanders: bool,
    /// By how much it was, so far.
    pub(crate) set_back: Duration,
    pub(crate) accepted: Accepted,
    story: bool,
    /// What the operator said, and still says.
    word: Option<Word>,
    /// The operator speaks so often, in a thousand looks.
    talks: u64,
    /// What the last check saw, to see it twice.
    seen: Option<Sightings>,
}

/// What ended a stretch of a run.
enum Stretch {
    Killed,
    Ended { may_resume: bool },
}

/// Runs one seed; says how its runs ended.
pub(crate) fn run(seed: u64, story: bool) -> Vec<&'static str> {
    let mut random = Random::new(seed);
    let accepted = accepted(&mut random);
    let request = match random.between(0, 23) {
        0..=9 => Request::Restart(stop(&accepted, &mut random)),
        10 | 11 => Request::Shutdown(stop(&accepted, &mut random)),
        12 | 13 => Request::Start,
        14..=17 => Request::Reboot,
        18..=22 => Request::Fix,
        _ => Request::Ready,
    };
    let mut simulation = Simulation {
        guest: Guest::new(&mut random, request == Request::Fix),
        judge: Judge::new(&request),
        limits: Limits {
            poll: random.seconds(1, 5),
            ..Limits::default()
        },
        crash_percent: match random.chance(60) {
            true => random.between(1, 30),
            false => 0,
        },
        deaths_left: 12,
        lossy: random.chance(30),
        wanders: random.chance(20),
        set_back: Duration::ZERO,
        accepted,
        story,
        word: None,
        talks: if random.chance(30) {
            random.between(1, 60)
        } else {
            0
        },
        seen: None,
        random,
    };
    let guest = &simulation.guest;
    simulation.tell(&format!(
        "{request:?}, {:?}, {:?}",
        guest.manners, guest.agent
    ));
    let mut words = simulation.run(request);
    words.extend(simulation.reached());
    words
}

fn stop(accepted: &Accepted, random: &mut Random) -> Stop {
    let without_watcher = match random.between(0, 5) {
        0 => WithoutWatcher::Wait,
        1 => WithoutWatcher::Refuse,
        _ => WithoutWatcher::GoOn,
    };
    let graceful = Graceful {
        max: Duration::from_secs(random.between(1, 600)),
        without_watcher,
    };
    Stop {
        accepted: accepted.clone(),
        graceful: random.chance(50).then_some(graceful),
    }
}

fn accepted(random: &mut Random) -> Accepted {
    let mut conditions = vec![Condition::Package, Condition::Service, Condition::Systemd];
    conditions.retain(|_| random.chance(25));
    Accepted::new(conditions).expect("1, 2 and 4 may be")
}

impl Simulation {
    fn run(&mut self, request: Request) -> Vec<&'static str> {
        let (operation, effect) = Operation::start(request, self.limits, self.wall());
        let mut journal = round_trip(operation.saved());
        let mut words = Vec::new();
        let mut stretch = self.drive(operation, effect, &mut journal, &mut words);
        let mut resumes_left = 3;
        loop {
            if self.random.chance(10)
                && let Some((operation, effect)) =
                    Operation::cancel(journal.clone(), self.limits, self.wall())
            {
                self.tell("cancelled by another controller");
                self.word = Some(Word::Abort);
                self.judge.cancelled(&self.guest);
                stretch = self.drive(operation, effect, &mut journal, &mut words);
                continue;
            }
            if let Stretch::Ended { may_resume } = stretch {
                if !may_resume || resumes_left == 0 {
                    // A run that ended so is open, and says that the guest is stopped.
                    if words.last() != Some(&"not-started") {
                        self.judge.abandoned(&self.guest, &journal);
                    }
                    return words;
                }
                resumes_left -= 1;
            }
            let away = self.random.seconds(0, 900);
            self.guest.goes_down_late(&mut self.random);
            self.pass(away);
            self.tell(&format!("resumed after {away:?} from {journal:?}"));
            self.accepted = accepted(&mut self.random);
            let saved = round_trip(journal.clone());
            let (operation, effect) =
                Operation::resume(saved, self.accepted.clone(), self.limits, self.wall());
            self.judge.resumed(&self.guest, &operation.saved(), &effect);
            stretch = self.drive(operation, effect, &mut journal, &mut words);
        }
    }

    fn drive(
        &mut self,
        mut operation: Operation,
        mut effect: Effect,
        journal: &mut Saved,
        words: &mut Vec<&'static str>,
    ) -> Stretch {
        for _ in 0..ENOUGH {
            let recorded = effect.is_recorded();
            if recorded {
                *journal = round_trip(operation.saved());
                self.judge.recorded(&effect);
            }
            if self.dies(recorded) {
                self.tell(&format!("killed before {}", effect.name()));
                return Stretch::Killed;
            }
            let name = effect.name();
            let event = match effect {
                Effect::Finish(outcome) => {
                    self.tell(&format!("ended: {outcome:?}"));
                    words.push(word(&outcome));
                    words.extend(reasons(&outcome));
                    let saved = operation.saved();
                    self.judge.end(&self.guest, &outcome, &saved, self.set_back);
                    let may_resume = outcome.is_resumable() || saved.is_owed();
                    return Stretch::Ended { may_resume };
                }
                effect => self.perform(effect, &operation.saved()),
            };
            self.tell(&format!("{name}: {}", describe(&event)));
            if self.dies(recorded) {
                self.tell(&format!("killed after {name}"));
                return Stretch::Killed;
            }
            let duplicate = self.duplicate(&event);
            effect = operation.step(event, self.wall());
            self.judge.intends(&effect, &self.guest);
            let goes_on = !matches!(effect, Effect::Finish(_));
            if goes_on && self.lossy && self.random.chance(5) {
                // The reply comes twice; what it would have led to was not begun yet.
                if let Some(event) = duplicate {
                    self.tell("the reply came twice");
                    effect = operation.step(event, self.wall());
                }
            }
            if recorded {
                *journal = round_trip(operation.saved());
            }
            if self.wanders && self.random.chance(2) {
                self.set_back += self.random.seconds(1, 4);
                self.tell("the clock was set back");
            }
        }
        panic!("LAW: the run does not end: {:?}", operation.saved());
    }

    /// The controller dies at any effect, most often around those that it records.
    const fn dies(&mut self, recorded: bool) -> bool {
        let dies = self.random.chance(self.crash_percent) && (recorded || self.random.chance(4));
        if dies && self.deaths_left > 0 {
            self.deaths_left -= 1;
            return true;
        }
        false
    }

    pub(crate) fn pass(&mut self, span: Duration) {
        self.guest.pass(span, &mut self.random);
    }

    /// What the controller's clock says.
    pub(crate) fn wall(&self) -> Timestamp {
        let back = u64::try_from(self.set_back.as_millis()).expect("some minutes");
        Timestamp::from_millis(self.guest.now.as_millis() - back)
    }

    fn perform(&mut self, effect: Effect, saved: &Saved) -> Event {
        self.judge.wanted(&effect);
        let delay = self.delay();
        match effect {
            Effect::Sleep(span) => {
                self.pass(span);
                Event::Woke
            }
            Effect::Check => Event::Checked(Box::new(self.check(delay))),
            Effect::Observe => {
                self.pass(delay.min(Duration::from_secs(2)));
                Event::Observed(self.observe())
            }
            Effect::Probe => {
                self.pass(delay);
                Event::Probed(self.probe())
            }
            Effect::Shutdown(permit) => {
                self.judge.had_its_time(&self.guest, saved, self.set_back);
                self.pass(delay);
                Event::Asked(self.shutdown(permit))
            }
            Effect::Reboot => {
                self.pass(delay);
                Event::Asked(self.reboot())
            }
            Effect::Restart(permit) => {
                self.judge.had_its_time(&self.guest, saved, self.set_back);
                self.pass(delay);
                Event::Asked(self.restart(permit))
            }
            Effect::Start(order) => Event::Started(self.start(&order, delay)),
            Effect::Apply(remedy) => {
                self.pass(delay);
                Event::Applied(self.apply(&remedy))
            }
            Effect::Watcher => {
                self.pass(delay.min(Duration::from_secs(2)));
                Event::Watcher(self.guest.watcher.presence())
            }
            Effect::Notify(notice) => {
                self.pass(delay.min(Duration::from_secs(2)));
                let at = self.guest.now;
                let told = self.guest.store.notify(&notice, at, &mut self.random);
                self.judge.told(&self.guest, &notice, &told);
                Event::Notified(told)
            }
            Effect::Listen(request) => Event::Heard(self.listen(request.as_deref())),
            Effect::Finish(_) => unreachable!("an end is not performed"),
        }
    }

    /// How long an effect takes; now and then longer than a permit is good for.
    const fn delay(&mut self) -> Duration {
        if !self.lossy {
            return sightings::LOOK;
        }
        match self.random.chance(3) {
            true => self.random.seconds(20, 90),
            false => self.random.seconds(0, 10),
        }
    }

    fn listen(&mut self, request: Option<&str>) -> Heard {
        if self.random.next() % 1000 < self.talks {
            let word = match self.random.chance(50) {
                true => Word::Abort,
                false => Word::Now,
            };
            self.word = Some(word);
        }
        self.judge.heard(self.word);
        Heard {
            standing: self.guest.store.standing(request, &mut self.random),
            word: self.word,
        }
    }

    fn check(&mut self, delay: Duration) -> Check {
        let began = self.wall();
        let seen = sightings::of(&self.guest, began, began + delay);
        let check = assess(seen.clone());
        self.seen = self.lossy.then_some(seen);
        self.judge.checked = Some(Checked::new(&self.guest, &check, self.set_back));
        self.pass(delay);
        check
    }

    fn reboot(&mut self) -> AskReport {
        self.judge.reboot(&self.guest);
        if !self.guest.hears_ssh() {
            return AskReport::NotSent("SSH does not answer".to_owned());
        }
        self.guest.hear_reboot(&mut self.random);
        match self.lossy && self.random.chance(30) {
            true => AskReport::Unknown("the connection broke".to_owned()),
            false => AskReport::Taken("asked".to_owned()),
        }
    }

    /// A remedy fails before or after it had its effect, or at all.
    fn apply(&mut self, remedy: &conditions::Remedy) -> Result<String, String> {
        let over_channel = self.guest.hears_channel() && !remedy.touches_agent();
        if !self.guest.hears_ssh() && !over_channel {
            return Err("the guest does not answer".to_owned());
        }
        let fails = self.random.chance(6);
        if fails && self.random.chance(50) {
            return Err("the disk is full".to_owned());
        }
        self.guest.agent.apply(remedy)?;
        match fails {
            true => Err("the connection broke".to_owned()),
            false => Ok("done".to_owned()),
        }
    }

    fn probe(&self) -> Result<Readiness, NotReady> {
        if !self.guest.hears_ssh() {
            return Err(NotReady::later("SSH does not answer".to_owned()));
        }
        let system_state = match self.guest.is_stopping() {
            true => "stopping",
            false => "running",
        };
        Ok(Readiness {
            boot_id: self.guest.boot_id(),
            uptime: self.guest.uptime(),
            system_state: Some(system_state.to_owned()),
            at: self.wall(),
        })
    }

    fn duplicate(&self, event: &Event) -> Option<Event> {
        Some(match event {
            Event::Observed(observed) => Event::Observed(observed.clone()),
            Event::Probed(probed) => Event::Probed(probed.clone()),
            Event::Asked(report) => Event::Asked(report.clone()),
            Event::Started(started) => Event::Started(started.clone()),
            Event::Applied(applied) => Event::Applied(applied.clone()),
            Event::Woke => Event::Woke,
            Event::Watcher(presence) => Event::Watcher(presence.clone()),
            Event::Notified(told) => Event::Notified(told.clone()),
            Event::Heard(heard) => Event::Heard(heard.clone()),
            Event::Checked(_) => Event::Checked(Box::new(assess(self.seen.clone()?))),
        })
    }

    fn tell(&self, text: &str) {
        if self.story {
            let seconds = self.guest.now.as_millis() as f64 / 1000.0 % 1e6;
            let _ = writeln!(std::io::stdout(), "{seconds:>9.1} s  {text}");
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

fn describe(event: &Event) -> String {
    match event {
        Event::Checked(check) => {
            let verdicts = check.verdicts().iter();
            let bad: Vec<_> = verdicts
                .filter(|v| v.state != State::Healthy)
                .map(|v| (v.condition.number(), v.state.as_str()))
                .collect();
            format!("unhealthy {bad:?}, stopping {}", check.is_stopping())
        }
        Event::Observed(seen) => format!("{:?}", seen.as_ref().map(|seen| &seen.run_state)),
        other => format!("{other:?}"),
    }
}
