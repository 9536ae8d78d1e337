//! Before anything is done: the look, the survey of packages, and how each guest can leave.

use std::collections::BTreeMap;

use conditions::Timestamp;

use super::super::departure::{self, Departure, Objection, Way};
use super::super::facts::{Guest, GuestKind, Preconditions, View};
use super::super::{
    ClusterError, Effect, Ending, Moment, Mover, Phase, Refusal, Run, quorum, refusals,
};
use crate::run;

impl Run {
    pub(super) fn looked(&mut self, view: &View, now: Timestamp) -> Effect {
        let Phase::Looking {
            since, surveyed, ..
        } = self.saved.phase
        else {
            return self.effect();
        };
        let settings = &self.saved.settings;
        let adopt_maintenance = settings.adopt_maintenance;
        let refusals = refusals(view, Moment::Begin { adopt_maintenance });
        let until = now + settings.limits.look;
        if !refusals.is_empty() {
            let passes = |it: &Refusal| now < since + it.patience(&settings.limits);
            if refusals.iter().all(passes) {
                self.saved.phase = Phase::Looking {
                    since,
                    until,
                    surveyed,
                };
                return self.pause();
            }
            return self.end(Ending::Refused { refusals }, now);
        }
        self.keep(view);
        if !surveyed {
            self.saved.phase = Phase::Surveying;
            let (survey, effect) = run::Run::begin(self.saved.settings.patch.clone(), now);
            self.packages = Some(survey);
            return self.relay(effect, now);
        }
        self.view = Some(Box::new(view.clone()));
        self.saved.phase = Phase::Planning {
            rest: departure::leaving(view),
            refused: BTreeMap::new(),
            until,
        };
        self.plan(now)
    }

    fn keep(&mut self, view: &View) {
        let report = &mut self.saved.report;
        let votes = view.votes.read();
        let remaining = votes.and_then(|votes| quorum::without(&view.node, votes).ok());
        report.quorum = remaining.flatten();
        let under_ha = view.occupants().filter(|guest| guest.ha.is_some());
        report.under_ha = under_ha.map(|guest| guest.vmid).collect();
        report.before = Some(Box::new(view.clone()));
    }

    /// The survey has come to where the run over the packages would begin, or has ended.
    pub(super) fn surveyed(&mut self, ended: Option<Box<run::Outcome>>, now: Timestamp) -> Effect {
        self.packages = None;
        let since = now;
        let until = now + self.saved.settings.limits.look;
        let looking = |surveyed| Phase::Looking {
            since,
            until,
            surveyed,
        };
        let Some(outcome) = ended else {
            return self.go(looking(true));
        };
        self.saved.report.patch = Some(Box::new(outcome.report));
        let refusals = match outcome.ending {
            run::Ending::NothingToDo => return self.end(Ending::NothingToDo, now),
            run::Ending::Refused { obstacles } => {
                obstacles.into_iter().map(Refusal::Packages).collect()
            }
            run::Ending::NotBegun { reason } => vec![Refusal::Preparation { reason }],
            run::Ending::Unreachable { during, reason } => {
                self.saved.phase = looking(false);
                return self.leave(Ending::Unreachable { during, reason }, now);
            }
            // The survey holds before it changes anything, so it cannot end in any other way but
            // for a node whose boot id cannot be read.
            other => vec![Refusal::Preparation {
                reason: format!("the node cannot be surveyed: {other:?}; look at it"),
            }],
        };
        self.end(Ending::Refused { refusals }, now)
    }

    /// The next guest that is not planned yet.
    pub(super) fn plan(&mut self, now: Timestamp) -> Effect {
        let Phase::Planning { rest, refused, .. } = &self.saved.phase else {
            return self.effect();
        };
        let Some(guest) = rest.first() else {
            return self.planned(now);
        };
        let allowance = self.saved.settings.allowances.of(guest.vmid);
        let limits = &self.saved.settings.limits;
        if departure::transfer(guest.kind, allowance, limits).is_none() {
            let why = "a container moves by being restarted, and interrupting it is not allowed";
            return self.cannot_move(why.to_owned(), now);
        }
        let departures = &self.saved.report.departures;
        let candidates = self.view.as_deref();
        let candidates =
            candidates.map(|view| departure::candidates(view, guest.memory, departures));
        let mut candidates = candidates.into_iter().flatten();
        if let Some(target) = candidates.find(|it| !refused.contains_key(it)) {
            let guest = mover(guest);
            return Effect::Preconditions { guest, target };
        }
        let why = if refused.is_empty() {
            "no other node is in service and has room for it".to_owned()
        } else {
            let each = refused.iter().map(|(node, why)| format!("{node}: {why}"));
            format!(
                "no node can take it ({})",
                each.collect::<Vec<_>>().join("; ")
            )
        };
        self.cannot_move(why, now)
    }

    /// What the node says about the next guest and the target that it was asked about.
    pub(super) fn heard(
        &mut self,
        said: Result<Preconditions, ClusterError>,
        now: Timestamp,
    ) -> Effect {
        let Some((guest, target)) = self.asked_about() else {
            return self.plan(now);
        };
        let allowance = self.saved.settings.allowances.of(guest.vmid);
        let objection = match said {
            Ok(said) if guest.kind == GuestKind::Qemu && !said.running => {
                // It went off by itself: it stays, as all that are off.
                return self.next_guest(None, now);
            }
            Ok(said) => departure::objection(&said, &target, allowance),
            Err(ClusterError::Refused(words)) => Some(Objection::Target(words)),
            Err(error) => return self.unseen(super::words(&error), now),
        };
        match objection {
            Some(Objection::Guest(why)) => self.cannot_move(why, now),
            Some(Objection::Target(why)) => {
                if let Phase::Planning { refused, .. } = &mut self.saved.phase {
                    refused.insert(target, why);
                }
                self.plan(now)
            }
            None => {
                let limits = &self.saved.settings.limits;
                let transfer = departure::transfer(guest.kind, allowance, limits);
                let way = transfer.map(|transfer| Way::Migrate { target, transfer });
                self.next_guest(way.map(|way| Departure::new(&guest, way)), now)
            }
        }
    }

    /// The guest that was last asked about, and its target: the choice is the same every time.
    fn asked_about(&mut self) -> Option<(Guest, conditions::NodeName)> {
        let Phase::Planning { rest, refused, .. } = &self.saved.phase else {
            return None;
        };
        let guest = rest.first()?.clone();
        let view = self.view.as_deref()?;
        let departures = &self.saved.report.departures;
        let candidates = departure::candidates(view, guest.memory, departures);
        let target = candidates
            .into_iter()
            .find(|it| !refused.contains_key(it))?;
        Some((guest, target))
    }

    fn next_guest(&mut self, departure: Option<Departure>, now: Timestamp) -> Effect {
        self.saved.report.departures.extend(departure);
        let look = now + self.saved.settings.limits.look;
        if let Phase::Planning {
            rest,
            refused,
            until,
        } = &mut self.saved.phase
        {
            rest.remove(0);
            refused.clear();
            *until = look;
        }
        self.plan(now)
    }

    /// The next guest cannot move: it is shut down, or blocks the node.
    fn cannot_move(&mut self, why: String, now: Timestamp) -> Effect {
        let Phase::Planning { rest, .. } = &self.saved.phase else {
            return self.effect();
        };
        let Some(guest) = rest.first().cloned() else {
            return self.planned(now);
        };
        let allowance = self.saved.settings.allowances.of(guest.vmid);
        if guest.kind == GuestKind::Qemu && allowance.interruption {
            return self.next_guest(Some(Departure::new(&guest, Way::Stop)), now);
        }
        self.saved.report.departures.clear();
        let remedy = if guest.kind == GuestKind::Lxc && allowance.interruption {
            "shut it down yourself, or make room for it elsewhere"
        } else {
            "shut it down yourself, or allow its interruption"
        };
        let why = format!("{why}; {remedy}");
        let guest = guest.to_string();
        self.end(Ending::Blocked { guest, why }, now)
    }

    fn planned(&mut self, now: Timestamp) -> Effect {
        self.saved.report.departures.sort_by_key(Departure::rank);
        let home = self.home();
        let before = self.saved.report.before.as_deref();
        let ceph = before.and_then(|view| view.ceph.read());
        if ceph.is_some_and(|ceph| ceph.needs_noout(home)) {
            self.saved.noout = true;
            let until = now + self.saved.settings.limits.look;
            return self.go(Phase::SettingNoout { until });
        }
        self.enter(now)
    }
}

pub(super) fn mover(guest: &Guest) -> Mover {
    Mover {
        vmid: guest.vmid,
        kind: guest.kind,
        node: guest.node.clone(),
    }
}
