//! What the watcher does about the stop state.

use std::time::Duration;

use super::retry::Retry;
use super::{Details, Kept, Notice, Stop};
use crate::Failure;
use crate::stop::{PendingStop, Report, ReportOutcome, StopState};

/// The first rest before the details are read again, and how often they are read.
const DETAILS: (Duration, u32) = (Duration::from_millis(100), 6);
/// The same for the start job.
const START: (Duration, u32) = (Duration::from_secs(1), 5);

/// How long after a start its runner has shown itself.
const FOLLOW: (Duration, u32) = (Duration::from_secs(1), u32::MAX);

/// The two clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Since boot (`CLOCK_BOOTTIME`).
    pub boot: Duration,
    /// Since 1970.
    pub unix: Duration,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event<'a> {
    /// A reply about the stop state; `None`: there is no such value.
    Seen(Option<&'a str>),
    /// How [`Effect::ReadDetails`] ended.
    Details(Result<Details, Failure>),
    /// How [`Effect::Start`] ended; an error is one line.
    Started(Result<(), String>),
    /// How [`Effect::Look`] ended.
    Looked(Runner),
    /// The time of [`Watch::wake_at`] has come.
    Woken,
}

/// What is seen of the scripts' runner, by its markers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runner {
    /// It took this request.
    Took,
    /// It took other requests in this boot, and not this one.
    Behind,
    /// It took nothing in this boot: perhaps the unit runs something else.
    Unknown,
}

/// What is to be done, in this order; one that fails does not keep the next from being done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Forget what another boot left behind: markers of requests, and the stop that was pending.
    Forget,
    /// Keep this for the next watcher.
    Save(Kept),
    /// Leave this for the runner.
    Leave(PendingStop),
    /// Take away what was left for the runner.
    Withdraw,
    /// Read the shutdown details; answered by [`Event::Details`].
    ReadDetails,
    /// Queue the start job of the graceful scripts; answered by [`Event::Started`].
    Start,
    /// Look for the marker of this request; answered by [`Event::Looked`].
    Look(String),
    /// Tell the host.
    Report(Report),
    /// Write a line.
    Say(Notice),
}

/// The watcher of the stop state.
#[derive(Debug)]
pub struct Watch {
    kept: Kept,
    /// What was seen last.
    state: StopState,
    reading: Option<Retry>,
    starting: Option<Retry>,
    /// From a start until the runner has shown itself.
    following: Option<Retry>,
    /// The start job of the present stop was refused for good.
    has_given_up: bool,
    /// The present stop was taken up by a watcher before, and nothing was said about it yet.
    is_inherited: bool,
}

impl Watch {
    /// A watcher in the boot `boot`, with what one before it kept.
    #[must_use]
    pub fn new(boot: String, kept: Option<Kept>) -> (Self, Vec<Effect>) {
        let is_of_another_boot = kept.as_ref().is_some_and(|kept| kept.boot != boot);
        let kept = kept.filter(|kept| kept.boot == boot);
        let kept = kept.unwrap_or(Kept { boot, stop: None });
        let watch = Self {
            is_inherited: kept.stop.is_some(),
            kept: kept.clone(),
            state: StopState::Idle,
            reading: None,
            starting: None,
            following: None,
            has_given_up: false,
        };
        let forget = [Effect::Forget, Effect::Save(kept)];
        (
            watch,
            if is_of_another_boot {
                forget.into()
            } else {
                Vec::new()
            },
        )
    }

    /// Takes in what happened.
    pub fn step(&mut self, event: Event<'_>, now: Now) -> Vec<Effect> {
        let mut effects = Vec::new();
        match event {
            Event::Seen(value) => {
                let state = StopState::read(value.unwrap_or_default());
                self.see(state, &mut effects);
                if self.state == StopState::PendingStop {
                    self.read(&mut effects);
                }
            }
            Event::Details(details) => self.details(details, now, &mut effects),
            Event::Started(result) => self.started(result, now.boot, &mut effects),
            Event::Looked(runner) => self.looked(runner, &mut effects),
            Event::Woken => self.wake(now.boot, &mut effects),
        }
        effects
    }

    /// When [`Event::Woken`] is due, by the clock since boot.
    #[must_use]
    pub fn wake_at(&self) -> Option<Duration> {
        let retries = [self.reading, self.starting, self.following];
        retries
            .into_iter()
            .flatten()
            .filter_map(|retry| retry.at())
            .min()
    }

    fn see(&mut self, state: StopState, effects: &mut Vec<Effect>) {
        if state != self.state {
            effects.push(Effect::Say(Notice::State(state.clone())));
            self.state = state;
        }
        if self.state == StopState::PendingStop {
            return;
        }
        // Nothing is started any more, and nothing that was read before counts.
        self.reading = None;
        self.starting = None;
        if self.state == StopState::Idle && self.kept.stop.take().is_some() {
            self.following = None;
            self.has_given_up = false;
            effects.push(Effect::Withdraw);
            effects.push(self.save());
        }
    }

    fn details(&mut self, details: Result<Details, Failure>, now: Now, effects: &mut Vec<Effect>) {
        let Some(reading) = &mut self.reading else {
            return;
        };
        let details = match details {
            Ok(details) => details,
            // It is the stop that is known, as far as anybody can tell.
            Err(_) if self.kept.stop.is_some() => Details::default(),
            Err(failure)
                if failure.is_transient() && reading.again(DETAILS.0, DETAILS.1, now.boot) =>
            {
                return;
            }
            Err(failure) => {
                effects.push(Effect::Say(Notice::NoDetails(failure)));
                Details::default()
            }
        };
        self.reading = None;
        match &details.state {
            Some(state) if *state != StopState::PendingStop => self.see(state.clone(), effects),
            _ => self.pend(details, now, effects),
        }
    }

    /// A stop is pending, and this is all that is known about it.
    fn pend(&mut self, details: Details, now: Now, effects: &mut Vec<Effect>) {
        let is_inherited = std::mem::take(&mut self.is_inherited);
        let stop = self.kept.stop.as_mut();
        match stop.filter(|stop| stop.is(details.request.as_deref())) {
            Some(stop) => {
                let is_named_now = stop.name.is_none() && details.request.is_some();
                if is_named_now {
                    stop.name = details.request;
                }
                let stop = stop.clone();
                if is_named_now {
                    effects.push(self.save());
                }
                if is_inherited && stop.is_started {
                    self.follow(now.boot);
                    effects.push(Effect::Say(Notice::TakenUpBefore(stop.pending.request)));
                } else if self.may_start(&stop) {
                    self.start(stop.pending, effects);
                }
            }
            None => self.take_up(details, now, effects),
        }
    }

    fn take_up(&mut self, details: Details, now: Now, effects: &mut Vec<Effect>) {
        let name = details.request.clone();
        let pending = pending(details, now);
        self.starting = None;
        self.following = None;
        self.has_given_up = false;
        self.kept.stop = Some(Stop {
            pending: pending.clone(),
            name,
            is_started: false,
        });
        effects.push(self.save());
        self.start(pending.clone(), effects);
        effects.push(Effect::Say(Notice::TakenUp(pending)));
    }

    fn start(&mut self, pending: PendingStop, effects: &mut Vec<Effect>) {
        self.starting.get_or_insert_default();
        effects.push(Effect::Leave(pending));
        effects.push(Effect::Start);
    }

    fn started(&mut self, result: Result<(), String>, now: Duration, effects: &mut Vec<Effect>) {
        let (Some(starting), Some(stop)) = (&mut self.starting, &mut self.kept.stop) else {
            return;
        };
        let request = stop.pending.request.clone();
        match result {
            Ok(()) => {
                let was_started = std::mem::replace(&mut stop.is_started, true);
                self.starting = None;
                self.follow(now);
                if !was_started {
                    effects.push(self.save());
                    effects.push(Effect::Say(Notice::Started(request)));
                }
            }
            Err(reason) if starting.again(START.0, START.1, now) => {
                if starting.is_first() {
                    effects.push(Effect::Say(Notice::NotStarted(reason)));
                }
            }
            Err(reason) => {
                self.starting = None;
                self.has_given_up = true;
                effects.push(Effect::Say(Notice::GivenUp(reason)));
                effects.push(Effect::Report(Report {
                    request,
                    outcome: ReportOutcome::Failed,
                    exit: None,
                }));
            }
        }
    }

    /// Looks after a while whether the runner has taken the request.
    fn follow(&mut self, now: Duration) {
        let following = self.following.get_or_insert_default();
        following.again(FOLLOW.0, FOLLOW.1, now);
    }

    fn looked(&mut self, runner: Runner, effects: &mut Vec<Effect>) {
        let (Some(following), Some(stop)) = (&self.following, &self.kept.stop) else {
            return;
        };
        if runner != Runner::Behind {
            self.following = None;
            return;
        }
        if self.state != StopState::PendingStop {
            // The start stays owed, should the stop be pending again.
            return;
        }
        if following.is_first() {
            let request = stop.pending.request.clone();
            effects.push(Effect::Say(Notice::Behind(request)));
        }
        self.read(effects);
    }

    fn wake(&mut self, now: Duration, effects: &mut Vec<Effect>) {
        let is_due =
            |retry: &mut Option<Retry>| retry.as_mut().is_some_and(|retry| retry.take(now));
        if is_due(&mut self.following)
            && let Some(stop) = &self.kept.stop
        {
            effects.push(Effect::Look(stop.pending.request.clone()));
        }
        // The stop may have been cancelled since the start was refused.
        if is_due(&mut self.starting) || is_due(&mut self.reading) {
            self.read(effects);
        }
    }

    fn read(&mut self, effects: &mut Vec<Effect>) {
        self.reading.get_or_insert_default();
        effects.push(Effect::ReadDetails);
    }

    /// The start is owed: it was never queued, or in vain; and no try of it waits for its time.
    fn may_start(&self, stop: &Stop) -> bool {
        let is_owed = !stop.is_started || self.following.is_some_and(|retry| retry.at().is_none());
        is_owed && !self.has_given_up && self.starting.is_none_or(|retry| retry.at().is_none())
    }

    fn save(&self) -> Effect {
        Effect::Save(self.kept.clone())
    }
}

/// The deadline counts from here: the host has its own, and the two wall clocks may differ.
fn pending(details: Details, now: Now) -> PendingStop {
    let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let own = || format!("unnamed-{}", now.boot.as_millis());
    PendingStop {
        request: details.request.unwrap_or_else(own),
        max_seconds: details.max.map(|max| max.as_secs()),
        deadline_unix: details
            .max
            .map(|max| now.unix.saturating_add(max).as_secs()),
        deadline_boot_ms: details.max.map(|max| millis(now.boot.saturating_add(max))),
    }
}
