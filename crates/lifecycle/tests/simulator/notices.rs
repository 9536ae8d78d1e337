//! The metadata store as the guest sees it, and the watcher in the guest that runs its scripts.

use std::collections::BTreeSet;
use std::time::Duration;

use conditions::Timestamp;
use lifecycle::operation::Notice;
use lifecycle::ports::{Presence, Standing};
use metadata::stop::{Report, ReportOutcome, StopRequest};

use crate::random::Random;

/// What stands in `stop-state`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Announced {
    None,
    Pending,
    Stopping,
}

#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) state: Announced,
    request: Option<StopRequest>,
    report: Option<Report>,
    /// Calls that fail, in a hundred; half of them have had their effect.
    fails: u64,
    /// When the announcement that stands was made first.
    pub(crate) since: Option<Timestamp>,
}

/// The watcher in the guest, with what a reboot forgets.
#[derive(Debug)]
pub(crate) struct Watcher {
    pub(crate) is_there: bool,
    takes: Duration,
    outcome: ReportOutcome,
    /// Reports that are lost on their way, in a hundred.
    loses: u64,
    /// A script powers the guest off at its end, so often in a hundred.
    powers_off: u64,
    /// Requests whose scripts were begun in this boot.
    handled: BTreeSet<String>,
    running: Option<(String, Timestamp)>,
    /// The boots in which scripts were begun.
    pub(crate) runs: Vec<u64>,
}

impl Store {
    pub(crate) fn new(random: &mut Random) -> Self {
        Self {
            state: Announced::None,
            request: None,
            report: None,
            fails: match random.chance(20) {
                true => random.between(5, 60),
                false => 0,
            },
            since: None,
        }
    }

    pub(crate) fn notify(
        &mut self,
        notice: &Notice,
        at: Timestamp,
        random: &mut Random,
    ) -> Result<(), String> {
        let fails = random.chance(self.fails);
        if fails && random.chance(50) {
            return Err("the store is gone".to_owned());
        }
        match notice {
            Notice::Pending(request) => {
                self.state = Announced::Pending;
                self.report = self.report.take().filter(|r| r.request == request.request);
                self.request = Some(request.clone());
                self.since = Some(at);
            }
            Notice::Stopping(request) if self.stands(request) => self.state = Announced::Stopping,
            Notice::Withdrawn(request) if self.stands(request) => {
                self.state = Announced::None;
                self.request = None;
            }
            _ => {}
        }
        match fails {
            true => Err("no answer in time".to_owned()),
            false => Ok(()),
        }
    }

    pub(crate) fn standing(
        &self,
        request: Option<&str>,
        random: &mut Random,
    ) -> Result<Standing, String> {
        if random.chance(self.fails) {
            return Err("the store is gone".to_owned());
        }
        let report = self.report.clone();
        Ok(Standing {
            announced: request.is_some_and(|request| self.stands(request)),
            report: report.filter(|report| request == Some(&report.request)),
        })
    }

    /// Somebody takes it back by hand.
    pub(crate) fn meddle(&mut self) {
        self.state = Announced::None;
        self.request = None;
    }

    fn stands(&self, request: &str) -> bool {
        let stands = self.request.as_ref().is_some_and(|r| r.request == request);
        stands && self.state != Announced::None
    }
}

impl Watcher {
    pub(crate) fn new(random: &mut Random) -> Self {
        let outcome = match random.between(0, 5) {
            0 => ReportOutcome::Failed,
            1 => ReportOutcome::Timeout,
            _ => ReportOutcome::Done,
        };
        Self {
            is_there: random.chance(75),
            takes: random.seconds(0, 900),
            outcome,
            loses: if random.chance(20) { 50 } else { 0 },
            powers_off: if random.chance(15) { 60 } else { 0 },
            handled: BTreeSet::new(),
            running: None,
            runs: Vec::new(),
        }
    }

    pub(crate) fn presence(&self) -> Presence {
        match self.is_there {
            true => Presence::Watching,
            false => Presence::Absent {
                why: "nobody watches".to_owned(),
            },
        }
    }

    /// A reboot forgets all but what happened.
    pub(crate) fn forget(&mut self) {
        self.handled.clear();
        self.running = None;
    }

    /// Looks at the store in boot `boot`; says whether a script powers the guest off.
    pub(crate) fn looks(
        &mut self,
        store: &mut Store,
        boot: u64,
        now: Timestamp,
        random: &mut Random,
    ) -> bool {
        if !self.is_there {
            return false;
        }
        let pending = store
            .request
            .as_ref()
            .filter(|_| store.state == Announced::Pending);
        if let Some(request) = pending
            && self.handled.insert(request.request.clone())
        {
            let takes = self.takes.min(Duration::from_secs(request.max_seconds));
            self.running = Some((request.request.clone(), now + takes));
            self.runs.push(boot);
        }
        match self.running.take_if(|(_, until)| now >= *until) {
            Some((request, _)) => self.report(store, request, random),
            None => false,
        }
    }

    fn report(&self, store: &mut Store, request: String, random: &mut Random) -> bool {
        if !random.chance(self.loses) {
            store.report = Some(Report {
                request,
                outcome: self.outcome,
                exit: None,
            });
        }
        random.chance(self.powers_off)
    }
}
