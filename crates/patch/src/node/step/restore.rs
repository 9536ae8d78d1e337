//! What was changed around the node is put back: maintenance, `noout`, guests.

use conditions::{NodeName, Timestamp};

use super::super::departure::Departure;
use super::super::facts::{GuestStatus, HaNode, View};
use super::super::maintenance::{self, Maintenance};
use super::super::{ClusterError, Effect, Ending, Phase, Restore, ReturnFailure, Run, Step};
use super::drain::is_in_flight;

/// How often a guest is tried to be brought back.
const MAX_RETURNS: u8 = 2;

impl Run {
    /// The node is given back: everything is put back, and the run ends as told.
    pub(super) fn give_way(&mut self, goal: Ending, now: Timestamp) -> Effect {
        self.restore(goal, Restore::Maintenance { asked: false }, now)
    }

    /// Goes on with a step, or the next one where it has nothing to do.
    pub(super) fn restore(&mut self, goal: Ending, step: Restore, now: Timestamp) -> Effect {
        let step = match step {
            Restore::Maintenance { .. } if !self.saved.maintenance => Restore::Noout,
            step => step,
        };
        let is_kept_out = matches!(goal, Ending::LeftInMaintenance { .. });
        let step = match step {
            Restore::Noout if !self.saved.noout && is_kept_out => return self.end(goal, now),
            Restore::Noout if !self.saved.noout => Restore::guests(),
            step => step,
        };
        let asked = self.saved.report.departures.iter().any(|it| it.asked);
        let has_left = asked || !self.saved.report.under_ha.is_empty();
        if matches!(step, Restore::Guests { .. }) && !has_left {
            return self.end(goal, now);
        }
        let until = now + step.limit(&self.saved.settings.limits);
        let goal = Box::new(goal);
        self.go(Phase::Restoring { goal, step, until })
    }

    fn restored(&mut self, next: Restore, now: Timestamp) -> Effect {
        let Phase::Restoring { goal, .. } = &self.saved.phase else {
            return self.effect();
        };
        let goal = (**goal).clone();
        let is_kept_out = matches!(goal, Ending::LeftInMaintenance { .. });
        if is_kept_out && matches!(next, Restore::Guests { .. }) {
            return self.end(goal, now);
        }
        self.restore(goal, next, now)
    }

    pub(super) fn restore_effect(&self, step: &Restore) -> Effect {
        let deadline = self.saved.settings.limits.guest;
        match step {
            Restore::Maintenance { asked: false } => {
                let what = Maintenance::Disable;
                let look = self.saved.settings.limits.look;
                let script = maintenance::script(self.home(), what, look);
                Effect::Shell(Step::Maintenance(what), script)
            }
            Restore::Noout => Effect::Noout(false),
            Restore::Guests {
                acting: Some(vmid), ..
            } => {
                let vmid = *vmid;
                let departure = self.departure(vmid);
                let migration = departure.and_then(|it| it.return_to(self.home()));
                migration.map_or(Effect::StartGuest { vmid, deadline }, |migration| {
                    Effect::Migrate {
                        migration,
                        deadline,
                    }
                })
            }
            Restore::Maintenance { asked: true } | Restore::Guests { acting: None, .. } => {
                Effect::View
            }
        }
    }

    pub(super) fn maintenance_asked_off(
        &mut self,
        result: Result<Vec<u8>, String>,
        now: Timestamp,
    ) -> Effect {
        let Phase::Restoring {
            step: Restore::Maintenance { asked },
            until,
            ..
        } = &mut self.saved.phase
        else {
            return self.effect();
        };
        let said = result.and_then(|out| maintenance::parse(&out).map_err(|e| e.to_string()));
        match said {
            Ok(Ok(())) => {
                *asked = true;
                self.effect()
            }
            _ if now < *until => self.pause(),
            Ok(Err(words)) | Err(words) => self.stays_in_maintenance(&words, now),
        }
    }

    fn stays_in_maintenance(&self, why: &str, now: Timestamp) -> Effect {
        let command = maintenance::command(self.home(), Maintenance::Disable);
        let reason = format!(
            "{} stays in maintenance: {why}; run `{command}` on a node, then resume the run",
            self.home()
        );
        self.leave(Ending::NotRestored { reason }, now)
    }

    /// What came of taking `noout` back, or of one guest.
    pub(super) fn put_back(&mut self, result: Result<(), ClusterError>, now: Timestamp) -> Effect {
        let failback = now + self.saved.settings.limits.failback;
        let Phase::Restoring { step, until, .. } = &mut self.saved.phase else {
            return self.effect();
        };
        match (step, result) {
            (Restore::Noout, Ok(())) => {
                self.saved.noout = false;
                self.restored(Restore::guests(), now)
            }
            (Restore::Noout, Err(_)) if now < *until => self.pause(),
            (Restore::Noout, Err(error)) => {
                let reason = format!(
                    "noout stays set: {error}; run `ceph osd unset noout`, then resume the run"
                );
                self.leave(Ending::NotRestored { reason }, now)
            }
            (Restore::Guests { acting, failures }, result) => {
                let vmid = acting.take();
                if let (Some(vmid), Err(error)) = (vmid, result) {
                    count(failures, vmid, super::words(&error));
                }
                *until = failback;
                self.effect()
            }
            (Restore::Maintenance { .. }, _) => self.effect(),
        }
    }

    pub(super) fn restoring(&mut self, view: &View, now: Timestamp) -> Effect {
        let Phase::Restoring { step, until, .. } = &self.saved.phase else {
            return self.effect();
        };
        let is_late = now >= *until;
        match step {
            Restore::Maintenance { .. } => match view.ha_node(self.home()) {
                Some(HaNode::Online) => {
                    self.saved.maintenance = false;
                    self.restored(Restore::Noout, now)
                }
                state if is_late => {
                    let state = state.map_or_else(|| "unknown".to_owned(), ToString::to_string);
                    let why = format!("high availability has it as {state}");
                    self.stays_in_maintenance(&why, now)
                }
                _ => self.pause(),
            },
            Restore::Guests { .. } => self.bring_back(view, is_late, now),
            Restore::Noout => self.effect(),
        }
    }

    fn bring_back(&mut self, view: &View, is_late: bool, now: Timestamp) -> Effect {
        let departures = &self.saved.report.departures;
        let owed = departures.iter().filter(|it| it.asked && is_owed(it));
        let owed: Vec<u32> = owed.map(|it| it.vmid).collect();
        let Phase::Restoring {
            step: Restore::Guests { acting, failures },
            ..
        } = &mut self.saved.phase
        else {
            return self.effect();
        };
        let is_over = |vmid: u32| {
            let mut failures = failures.iter();
            failures.any(|it| it.vmid == vmid && it.tries >= MAX_RETURNS)
        };
        let next = owed.iter().copied().find(|vmid| !is_over(*vmid));
        let Some(vmid) = next else {
            return if owed.is_empty() {
                self.await_failback(view, is_late, now)
            } else {
                self.guests_stay_away(&owed, now)
            };
        };
        if view.is_online() && !is_in_flight(view, vmid) {
            *acting = Some(vmid);
            return self.effect();
        }
        if is_late {
            return self.guests_stay_away(&owed, now);
        }
        self.pause()
    }

    fn guests_stay_away(&self, owed: &[u32], now: Timestamp) -> Effect {
        let Phase::Restoring { step, goal, .. } = &self.saved.phase else {
            return self.pause();
        };
        let why = |vmid: &u32| match step {
            Restore::Guests { failures, .. } => {
                let mut failures = failures.iter();
                let failure = failures.find(|it| it.vmid == *vmid);
                failure.map(|it| it.why.as_str())
            }
            _ => None,
        };
        let each = owed.iter().map(|vmid| {
            let why = why(vmid).unwrap_or("the node or the guest is busy or away");
            format!("{vmid} ({why})")
        });
        let reason = format!(
            "{goal}, and not every guest is as it was: {}; mend that, then resume the run",
            each.collect::<Vec<_>>().join(", ")
        );
        self.leave(Ending::NotRestored { reason }, now)
    }

    /// High availability brings its guests back by itself, or does not: that is for it to decide.
    fn await_failback(&mut self, view: &View, is_late: bool, now: Timestamp) -> Effect {
        let under_ha = self.saved.report.under_ha.iter();
        let elsewhere = under_ha.filter(|vmid| !is_home(view, **vmid, self.home()));
        let elsewhere: Vec<u32> = elsewhere.copied().collect();
        if !elsewhere.is_empty() && !is_late {
            return self.pause();
        }
        self.saved.report.not_returned = elsewhere;
        let Phase::Restoring { goal, .. } = &self.saved.phase else {
            return self.effect();
        };
        let goal = (**goal).clone();
        self.end(goal, now)
    }
}

fn count(failures: &mut Vec<ReturnFailure>, vmid: u32, why: String) {
    if let Some(failure) = failures.iter_mut().find(|it| it.vmid == vmid) {
        failure.tries = failure.tries.saturating_add(1);
        failure.why = why;
    } else {
        let tries = 1;
        failures.push(ReturnFailure { vmid, tries, why });
    }
}

/// It is not as it was.
const fn is_owed(departure: &Departure) -> bool {
    departure.away.is_some() || departure.stopped
}

fn is_home(view: &View, vmid: u32, home: &NodeName) -> bool {
    let guest = view.guest(vmid);
    guest.is_none_or(|guest| guest.node == *home || guest.status == GuestStatus::Stopped)
}
