//! The node is emptied: `noout`, maintenance, guests, and seen to be empty twice.

use conditions::Timestamp;

use super::super::departure::{self, Departure, Objection, Way};
use super::super::facts::{Guest, GuestStatus, HaNode, Preconditions, View};
use super::super::maintenance::{self, Maintenance};
use super::super::{ClusterError, Drain, Effect, Ending, Mover, Phase, Run, Step, Unsettled};

/// How many targets are tried for one guest.
const MAX_TARGETS: usize = 2;

/// How often in a row the node has to be seen empty.
const SEEN_EMPTY: u8 = 2;

impl Run {
    pub(super) fn noout_set(&mut self, result: Result<(), ClusterError>, now: Timestamp) -> Effect {
        let Phase::SettingNoout { until } = self.saved.phase else {
            return self.effect();
        };
        match result {
            Ok(()) => self.enter(now),
            Err(_) if now < until => self.pause(),
            Err(error) => {
                let reason = format!("noout cannot be set: {error}; see `ceph -s`");
                self.give_way(Ending::NotDrained { reason }, now)
            }
        }
    }

    /// Maintenance, where high availability knows the node.
    pub(super) fn enter(&mut self, now: Timestamp) -> Effect {
        let limits = self.saved.settings.limits;
        let before = self.saved.report.before.as_deref();
        let state = before.and_then(|view| view.ha_node(self.home())).cloned();
        self.saved.maintenance = state.is_some();
        match state {
            None | Some(HaNode::Maintenance) => self.go(draining(now, &limits)),
            Some(_) => self.go(Phase::Entering {
                asked: false,
                until: now + limits.maintenance,
            }),
        }
    }

    pub(super) fn ask_for_maintenance(&self) -> Effect {
        let limits = &self.saved.settings.limits;
        let what = Maintenance::Enable;
        let script = maintenance::script(self.home(), what, limits.look);
        Effect::Shell(Step::Maintenance(what), script)
    }

    pub(super) fn maintenance_asked(
        &mut self,
        result: Result<Vec<u8>, String>,
        now: Timestamp,
    ) -> Effect {
        let Phase::Entering { asked, until } = &mut self.saved.phase else {
            return self.effect();
        };
        let said = result.and_then(|out| maintenance::parse(&out).map_err(|e| e.to_string()));
        let reason = match said {
            Ok(Ok(())) => {
                *asked = true;
                return self.effect();
            }
            Err(_) if now < *until => return self.pause(),
            Ok(Err(words)) | Err(words) => words,
        };
        let reason =
            format!("the node does not enter maintenance: {reason}; see `ha-manager status` on it");
        self.give_way(Ending::NotDrained { reason }, now)
    }

    pub(super) fn maintenance_seen(&mut self, view: &View, now: Timestamp) -> Effect {
        let Phase::Entering { until, .. } = self.saved.phase else {
            return self.effect();
        };
        let limits = self.saved.settings.limits;
        match view.ha_node(self.home()) {
            Some(HaNode::Maintenance) => self.go(draining(now, &limits)),
            _ if now < until => self.pause(),
            state => {
                let state = state.map_or_else(|| "unknown".to_owned(), ToString::to_string);
                let reason = format!(
                    "the node was asked to enter maintenance and is {state} still; \
                     see `ha-manager status`"
                );
                self.give_way(Ending::NotDrained { reason }, now)
            }
        }
    }

    pub(super) fn drain_effect(&self, drain: &Drain) -> Effect {
        let deadline = self.saved.settings.limits.guest;
        match drain {
            Drain::Looking { .. } => Effect::View,
            Drain::Acting { vmid } => {
                let vmid = *vmid;
                let departure = self.departure(vmid);
                let migration = departure.and_then(|it| it.migration(self.home()));
                migration.map_or(Effect::StopGuest { vmid, deadline }, |migration| {
                    Effect::Migrate {
                        migration,
                        deadline,
                    }
                })
            }
            Drain::Retargeting { vmid, target } => {
                self.departure(*vmid)
                    .map_or(Effect::View, |it| Effect::Preconditions {
                        guest: Mover {
                            vmid: it.vmid,
                            kind: it.kind,
                            node: self.home().clone(),
                        },
                        target: target.clone(),
                    })
            }
        }
    }

    /// Where everybody is, and who is next.
    pub(super) fn drain(&mut self, view: &View, now: Timestamp) -> Effect {
        let limits = self.saved.settings.limits;
        let Phase::Draining(Drain::Looking { until, unsettled }) = &mut self.saved.phase else {
            return self.effect();
        };
        *until = now + limits.look;
        let waited_for = unsettled.take();
        let departures = self.saved.report.departures.iter();
        let mut here = departures.filter(|it| is_here(view, it.vmid));
        let Some(next) = here.next() else {
            return self.go(Phase::Emptying {
                seen: 0,
                until: now + limits.evacuation,
            });
        };
        let vmid = next.vmid;
        let is_moving = is_in_flight(view, vmid);
        let waited_for = waited_for.filter(|it| it.vmid == vmid);
        let waited_for =
            waited_for.or_else(|| is_moving.then(|| unsettled_now(vmid, now, &limits)));
        if let Some(waited_for) = waited_for {
            let patience = if is_moving {
                limits.guest
            } else {
                std::time::Duration::ZERO
            };
            if now < waited_for.until + patience {
                return self.wait_for(waited_for);
            }
            if !waited_for.resumed {
                let why = "it was asked to leave, and is here still".to_owned();
                self.fail(vmid, why);
            }
        }
        self.depart(view, vmid, now)
    }

    fn wait_for(&mut self, waited_for: Unsettled) -> Effect {
        if let Phase::Draining(Drain::Looking { unsettled, .. }) = &mut self.saved.phase {
            *unsettled = Some(waited_for);
        }
        self.pause()
    }

    /// A guest is still here: it is asked to leave, or to go elsewhere than where it could not.
    fn depart(&mut self, view: &View, vmid: u32, now: Timestamp) -> Effect {
        let home = self.home().clone();
        let departures = &self.saved.report.departures;
        let Some(departure) = departures.iter().find(|it| it.vmid == vmid) else {
            return self.pause();
        };
        let failed = match &departure.way {
            Way::Migrate { target, .. } => departure.failures.contains_key(target),
            Way::Stop => departure.failures.contains_key(&home),
        };
        if !failed {
            if let Some(departure) = self.departure_mut(vmid) {
                departure.asked = true;
            }
            return self.go(Phase::Draining(Drain::Acting { vmid }));
        }
        let candidates = departure::candidates(view, departure.memory, departures);
        let mut candidates = candidates.into_iter();
        let target = candidates.find(|it| !departure.failures.contains_key(it));
        match target
            .filter(|_| departure.way != Way::Stop && departure.failures.len() < MAX_TARGETS)
        {
            Some(target) => self.go(Phase::Draining(Drain::Retargeting { vmid, target })),
            None => {
                let reason = not_gone(departure);
                self.give_way(Ending::NotDrained { reason }, now)
            }
        }
    }

    pub(super) fn retargeted(
        &mut self,
        said: Result<Preconditions, ClusterError>,
        now: Timestamp,
    ) -> Effect {
        let limits = self.saved.settings.limits;
        let Phase::Draining(Drain::Retargeting { vmid, target }) = &self.saved.phase else {
            return self.effect();
        };
        let (vmid, target) = (*vmid, target.clone());
        let allowance = self.saved.settings.allowances.of(vmid);
        let Some(departure) = self.departure_mut(vmid) else {
            return self.go(draining(now, &limits));
        };
        let against = match said {
            Ok(said) => departure::objection(&said, &target, allowance).map(Objection::into_words),
            Err(error) => Some(super::words(&error)),
        };
        match against {
            Some(why) => {
                departure.failures.insert(target, why);
            }
            None => {
                if let Way::Migrate { target: old, .. } = &mut departure.way {
                    *old = target;
                }
            }
        }
        self.go(draining(now, &limits))
    }

    /// What came of a move or a shutdown; where the guest is decides.
    pub(super) fn departed(&mut self, result: Result<(), ClusterError>, now: Timestamp) -> Effect {
        let limits = self.saved.settings.limits;
        let Phase::Draining(Drain::Acting { vmid }) = self.saved.phase else {
            return self.effect();
        };
        let unsettled = match result {
            Ok(()) => Some(unsettled_now(vmid, now, &limits)),
            Err(error @ ClusterError::Unknown(_)) => {
                self.fail(vmid, super::words(&error));
                Some(unsettled_now(vmid, now, &limits))
            }
            Err(error) => {
                self.fail(vmid, super::words(&error));
                None
            }
        };
        self.go(Phase::Draining(Drain::Looking {
            until: now + limits.look,
            unsettled,
        }))
    }

    fn fail(&mut self, vmid: u32, why: String) {
        let home = self.home().clone();
        let Some(departure) = self.departure_mut(vmid) else {
            return;
        };
        let place = match &departure.way {
            Way::Migrate { target, .. } => target.clone(),
            Way::Stop => home,
        };
        departure.failures.entry(place).or_insert(why);
    }

    /// Whether everybody has left, those under high availability too.
    pub(super) fn emptied(&mut self, view: &View, now: Timestamp) -> Effect {
        let Phase::Emptying { seen, until } = &mut self.saved.phase else {
            return self.effect();
        };
        let (under_ha, others): (Vec<&Guest>, Vec<&Guest>) =
            view.occupants().partition(|guest| guest.ha.is_some());
        if under_ha.is_empty() && others.is_empty() {
            *seen += 1;
            return if *seen >= SEEN_EMPTY {
                self.begin_patch(now)
            } else {
                self.pause()
            };
        }
        *seen = 0;
        let is_late = now >= *until;
        let reason = if let Some(guest) = others.first() {
            format!("{guest} runs on the node although it was to leave; find out who started it")
        } else if is_late {
            let names: Vec<String> = under_ha.iter().map(ToString::to_string).collect();
            let names = names.join(", ");
            format!("high availability did not move {names} in time; see `ha-manager status`")
        } else {
            return self.pause();
        };
        self.give_way(Ending::NotDrained { reason }, now)
    }

    pub(super) fn departure(&self, vmid: u32) -> Option<&Departure> {
        let mut departures = self.saved.report.departures.iter();
        departures.find(|it| it.vmid == vmid)
    }

    fn departure_mut(&mut self, vmid: u32) -> Option<&mut Departure> {
        let mut departures = self.saved.report.departures.iter_mut();
        departures.find(|it| it.vmid == vmid)
    }
}

fn draining(now: Timestamp, limits: &super::super::Limits) -> Phase {
    Phase::Draining(Drain::Looking {
        until: now + limits.look,
        unsettled: None,
    })
}

fn unsettled_now(vmid: u32, now: Timestamp, limits: &super::super::Limits) -> Unsettled {
    Unsettled {
        vmid,
        until: now + limits.settle,
        resumed: false,
    }
}

fn is_here(view: &View, vmid: u32) -> bool {
    let guest = view.guest(vmid);
    guest.is_some_and(|it| it.node == view.node && it.status != GuestStatus::Stopped)
}

/// A lock or a task says that something goes on with a guest.
pub(super) fn is_in_flight(view: &View, vmid: u32) -> bool {
    let id = vmid.to_string();
    let mut tasks = view.tasks.read().into_iter().flatten();
    let has_task = tasks.any(|task| task.id.as_ref() == Some(&id) && !task.is_console());
    has_task || view.guest(vmid).is_some_and(|guest| guest.lock.is_some())
}

fn not_gone(departure: &Departure) -> String {
    let name = departure.name.as_deref().unwrap_or("guest");
    let verb = match departure.way {
        Way::Migrate { .. } => "could not move",
        Way::Stop => "was not shut down",
    };
    let failures = departure.failures.iter();
    let each: Vec<String> = failures
        .map(|(node, why)| format!("{node}: {why}"))
        .collect();
    format!(
        "{name} ({}) {verb} ({}); look at its last task",
        departure.vmid,
        each.join("; ")
    )
}
