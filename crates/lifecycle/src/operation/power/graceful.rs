//! The graceful way: the stop is announced, and the guest has time for its scripts.

use std::time::Duration;

use conditions::{BootId, Check, GuestId, Observation, Timestamp};
use metadata::stop::StopRequest;
use serde::{Deserialize, Serialize};

use super::super::{
    Effect, Graceful, Heard, Limits, Notice, Outcome, WaitEnd, WithoutWatcher, Word,
};
use super::machine::is_stopped;
use super::saved::{Asked, Phase};
use super::{Goal, Power};
use crate::gate::{Permit, RefusalReason, Way, admit, objections};
use crate::ports::{Presence, Standing};

/// A stop that is announced, or about to be. It is saved before the first effect that shows it to
/// the guest: another controller goes on with the same request and makes no second one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pending {
    guest: GuestId,
    request: StopRequest,
    /// The boot that was checked first.
    boot: BootId,
    /// When the request was made.
    at: Timestamp,
    /// The deadline, counted from the announcement.
    until: Timestamp,
}

/// A permit while the last things before asking are done. It is never saved.
#[derive(Debug)]
pub(super) enum Held {
    /// The operator's last chance to cancel.
    Listening(Permit),
    /// `STOPPING` is being written.
    Telling(Permit),
}

impl Pending {
    fn new(guest: GuestId, boot: BootId, graceful: Graceful, now: Timestamp) -> Self {
        let request = StopRequest {
            request: identity(now),
            max_seconds: graceful.max.as_secs(),
            target: "TERMINATED".to_owned(),
        };
        Self {
            guest,
            request,
            boot,
            at: now,
            until: now + graceful.max,
        }
    }

    pub(super) fn listen(&self) -> Effect {
        Effect::Listen(Some(self.request.request.clone()))
    }

    /// The guest went down by itself, as if it had been asked when the stop was announced.
    fn asked(self) -> Asked {
        Asked {
            boot: self.boot,
            at: self.at,
            again: false,
            way: Way::Shutdown,
        }
    }

    pub(super) const fn until(&self) -> Timestamp {
        self.until
    }
}

/// RFC 3339 with milliseconds.
fn identity(at: Timestamp) -> String {
    let seconds = at.to_string();
    let millis = at.as_millis() % 1000;
    format!("{}.{millis:03}Z", seconds.trim_end_matches('Z'))
}

impl Power {
    pub(super) fn watched(&mut self, presence: Presence) -> Effect {
        if self.phase == Phase::Checking {
            self.watcher = Some(presence);
        }
        self.look()
    }

    /// A healthy guest whose scripts will run is told; any other is refused, or stopped without.
    pub(super) fn prepare(
        &mut self,
        check: Check,
        graceful: Graceful,
        limits: &Limits,
        now: Timestamp,
    ) -> Effect {
        let absent = match self.watcher.take() {
            None => return Effect::Watcher,
            Some(Presence::Watching) => None,
            Some(Presence::Absent { why }) => Some(why),
        };
        self.waited = None;
        match (absent, graceful.without_watcher) {
            (Some(why), WithoutWatcher::GoOn) => {
                self.waited = Some(WaitEnd::NoWatcher { why });
                self.admitted(check, limits, now)
            }
            (Some(why), WithoutWatcher::Refuse) => {
                self.announce(&check, graceful, Some(why), limits, now)
            }
            (_, _) => self.announce(&check, graceful, None, limits, now),
        }
    }

    fn announce(
        &mut self,
        check: &Check,
        graceful: Graceful,
        unwatched: Option<String>,
        limits: &Limits,
        now: Timestamp,
    ) -> Effect {
        let mut reasons = objections(check, self.purpose(), &self.accepted, now, limits.permit);
        if reasons.is_empty() {
            reasons.extend(unwatched.map(|why| RefusalReason::NoWatcher { why }));
        }
        match check.boot_id() {
            Some(boot) if reasons.is_empty() => {
                let pending = Pending::new(check.guest().clone(), boot.clone(), graceful, now);
                let effect = pending.listen();
                self.phase = Phase::Announcing(pending);
                effect
            }
            _ => self.refuse(check.guest().clone(), reasons),
        }
    }

    pub(super) fn heard(
        &mut self,
        heard: Heard,
        held: Option<Held>,
        limits: &Limits,
        now: Timestamp,
    ) -> Effect {
        match (self.phase.clone(), heard.word) {
            (_, Some(Word::Abort)) if self.is_cancellable() => self.aborted(),
            (Phase::Announcing(pending) | Phase::Waiting(pending), Some(Word::Now)) => {
                self.waited(pending, WaitEnd::Operator)
            }
            (Phase::Announcing(pending), _) => self.announcing(pending, heard.standing, now),
            (Phase::Waiting(pending), _) => self.waiting(pending, heard.standing, limits, now),
            (Phase::Checking | Phase::Rechecking(_), _) => self.tell_last(held, now),
            _ => self.look(),
        }
    }

    /// Announces, unless a controller that died has done so already.
    fn announcing(
        &mut self,
        mut pending: Pending,
        standing: Result<Standing, String>,
        now: Timestamp,
    ) -> Effect {
        match standing {
            Ok(standing) if standing.announced => {
                self.announced = Some(pending.request.request.clone());
                let effect = pending.listen();
                self.phase = Phase::Waiting(pending);
                effect
            }
            Ok(_) => {
                pending.until = now + Duration::from_secs(pending.request.max_seconds);
                self.announced = Some(pending.request.request.clone());
                let notice = Notice::Pending(pending.request.clone());
                self.phase = Phase::Announcing(pending);
                Effect::Notify(notice)
            }
            Err(why) => self.not_announced(pending, why),
        }
    }

    fn waiting(
        &mut self,
        pending: Pending,
        standing: Result<Standing, String>,
        limits: &Limits,
        now: Timestamp,
    ) -> Effect {
        match standing {
            Ok(Standing {
                report: Some(report),
                ..
            }) => self.waited(pending, WaitEnd::Report { report }),
            // Somebody took it back.
            Ok(standing) if !standing.announced => self.aborted(),
            _ if now >= pending.until + limits.report => self.waited(pending, WaitEnd::Deadline),
            // A script may power the guest off.
            _ => Effect::Observe,
        }
    }

    pub(super) fn seen_waiting(
        &mut self,
        pending: Pending,
        stopped: Option<&Observation>,
        limits: &Limits,
        now: Timestamp,
    ) -> Effect {
        match stopped {
            Some(seen) => {
                self.waited = Some(WaitEnd::PoweredOff);
                self.stopped(pending.asked(), seen, limits, now)
            }
            None => Effect::Sleep(limits.poll),
        }
    }

    pub(super) fn notified(
        &mut self,
        told: Result<(), String>,
        held: Option<Held>,
        now: Timestamp,
    ) -> Effect {
        match (self.phase.clone(), told) {
            (Phase::Announcing(pending), Ok(())) if self.announced.is_some() => {
                let effect = pending.listen();
                self.phase = Phase::Waiting(pending);
                effect
            }
            (Phase::Announcing(pending), Err(why)) => self.not_announced(pending, why),
            // A guest that could not be told this is asked all the same.
            (Phase::Rechecking(_), _) => match held {
                Some(Held::Telling(permit)) => self.ask_with(permit, now),
                _ => self.look(),
            },
            _ => self.look(),
        }
    }

    fn not_announced(&mut self, pending: Pending, why: String) -> Effect {
        let goes_on = |graceful: Graceful| graceful.without_watcher == WithoutWatcher::GoOn;
        if self.graceful.is_none_or(goes_on) {
            return self.waited(pending, WaitEnd::NotAnnounced { why });
        }
        let why = format!("the stop could not be announced: {why}");
        let reasons = vec![RefusalReason::NoWatcher { why }];
        self.refuse(pending.guest, reasons)
    }

    /// The time for scripts is over, and what was checked before it is stale.
    fn waited(&mut self, pending: Pending, end: WaitEnd) -> Effect {
        self.waited = Some(end);
        self.phase = Phase::Rechecking(pending);
        Effect::Check
    }

    /// The second check yields the permit.
    pub(super) fn recheck(
        &mut self,
        check: Check,
        pending: Pending,
        limits: &Limits,
        now: Timestamp,
    ) -> Effect {
        if is_stopped(&check) && self.announced.is_none() && self.goal == Goal::Shutdown {
            return self.end(Outcome::Stopped { already: true });
        }
        if is_stopped(&check) && self.announced.is_some() {
            self.phase = Phase::Stopping {
                asked: pending.asked(),
                until: now + limits.stop,
            };
            return Effect::Observe;
        }
        self.admitted(check, limits, now)
    }

    /// With a permit in hand, the operator is listened to once more.
    fn admitted(&mut self, check: Check, limits: &Limits, now: Timestamp) -> Effect {
        match admit(check, self.purpose(), &self.accepted, now, limits.permit) {
            Ok(permit) => {
                self.held = Some(Held::Listening(permit));
                Effect::Listen(self.announced.clone())
            }
            Err(refusal) => self.refuse(refusal.guest, refusal.reasons),
        }
    }

    /// Nobody cancelled: the guest is told that its time is over, and asked.
    fn tell_last(&mut self, held: Option<Held>, now: Timestamp) -> Effect {
        match (held, self.announced.clone()) {
            (Some(Held::Listening(permit)), Some(request)) => {
                self.held = Some(Held::Telling(permit));
                Effect::Notify(Notice::Stopping(request))
            }
            (Some(Held::Listening(permit)), None) => self.ask_with(permit, now),
            _ => self.look(),
        }
    }

    pub(super) fn aborted(&mut self) -> Effect {
        let announced = self.announced.is_some();
        self.end(Outcome::Aborted { announced })
    }
}
