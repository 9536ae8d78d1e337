//! A controller that performs effects, dies where the dice say so, and is started again; and the
//! laws that hold whatever happens.

use std::time::Duration;

use conditions::Timestamp;
use lifecycle::operation::BootProof;
use patch::node::{
    Allowance, ClusterError, Effect, Ending, Event, Limits, Outcome, Phase, Run, Saved, Settings,
    Step,
};
use patch::run::{Look, RebootReport};

use crate::cluster::Cluster;
use crate::fiction::{Fiction, HOME};
use crate::guest::boot_id;
use crate::random::Random;

/// How many lives a controller has before it dies no more, and before somebody mends the node.
const LIVES: u32 = 12;

pub(crate) struct World {
    pub cluster: Cluster,
    before: Fiction,
    dice: Random,
    now: Timestamp,
    store: Option<String>,
    /// The boot that lifecycle's operation has asked to end.
    asked: Option<String>,
    lives: u32,
    performed: u32,
    /// Dies at this effect, before or after it is performed.
    pub death: Option<(u32, bool)>,
    /// The answer to this effect is lost.
    pub lost: Option<u32>,
    pub story: Vec<String>,
}

fn settings(fiction: &Fiction) -> Settings {
    let patch = patch::Settings::new("n1".parse().unwrap());
    let mut settings = Settings::new(conditions::NodeName::new(HOME), patch);
    for guest in &fiction.residents {
        let allowance = Allowance {
            interruption: guest.may_be_interrupted,
            local_disks: false,
        };
        settings.allowances.guests.insert(guest.vmid, allowance);
    }
    let seconds = Duration::from_secs;
    settings.limits = Limits {
        wait: seconds(240),
        evacuation: seconds(200),
        failback: seconds(60),
        ..Limits::default()
    };
    settings
}

impl World {
    pub(crate) fn new(fiction: Fiction, dice: Random) -> Self {
        Self {
            before: fiction.clone(),
            cluster: Cluster::new(fiction),
            dice,
            now: Timestamp::from_millis(1_800_000_000_000),
            store: None,
            asked: None,
            lives: 0,
            performed: 0,
            death: None,
            lost: None,
            story: Vec::new(),
        }
    }

    pub(crate) const fn performed(&self) -> u32 {
        self.performed
    }

    /// Runs until the end; an end that can be resumed is resumed, and what is broken is mended
    /// after a while.
    pub(crate) fn drive(&mut self) -> Outcome {
        let settings = settings(&self.before);
        let mut last = None;
        for _ in 0..LIVES * 4 {
            self.lives += 1;
            if self.lives > LIVES {
                self.cluster.mend();
            }
            if let Some(outcome) = self.live(&settings) {
                self.story.push(format!("{}", outcome.ending));
                let is_over = !outcome.ending.is_resumable();
                last = Some(outcome);
                if is_over {
                    break;
                }
            }
            self.now = self.now + Duration::from_secs(5);
        }
        let outcome = last.unwrap_or_else(|| panic!("no end:\n{}", self.story.join("\n")));
        self.judge(&outcome);
        outcome
    }

    /// One controller's life. It stores only before effects that are recorded.
    fn live(&mut self, settings: &Settings) -> Option<Outcome> {
        let (mut run, mut effect) = match &self.store {
            Some(stored) => {
                let saved: Saved = serde_json::from_str(stored).unwrap();
                if !saved.left().is_nothing() {
                    self.story.push(format!("resumed: {}", saved.left()));
                }
                Run::resume(saved, self.now)
            }
            None => Run::begin(settings.clone(), self.now),
        };
        for _ in 0..20_000 {
            if effect.is_recorded() || matches!(effect, Effect::Finish(_)) {
                self.store = Some(serde_json::to_string(&run.saved()).unwrap());
            }
            let number = self.performed;
            self.performed += 1;
            let can_die = self.lives <= LIVES && self.cluster.fiction.crash > 0;
            let dies = can_die && self.dice.chance(self.cluster.fiction.crash);
            let dies_before = dies && self.dice.chance(50);
            if dies_before || self.death == Some((number, true)) {
                self.story.push(format!("died before {}", effect.name()));
                return None;
            }
            let name = effect.name();
            let event = match effect {
                Effect::Finish(outcome) => return Some(*outcome),
                effect => self.perform(effect, number),
            };
            if dies || self.death == Some((number, false)) {
                self.story.push(format!("died after {name}"));
                return None;
            }
            self.now = self.now + Duration::from_millis(300);
            effect = run.step(event, self.now);
        }
        panic!(
            "the run makes no end: {:?}\n{}",
            run.saved().phase,
            self.story.join("\n")
        );
    }

    fn is_lost(&mut self, number: u32) -> bool {
        let percent = self.cluster.fiction.lost;
        let by_dice = self.lives <= LIVES && percent > 0 && self.dice.chance(percent);
        by_dice || self.lost == Some(number)
    }

    fn perform(&mut self, effect: Effect, number: u32) -> Event {
        if !matches!(effect, Effect::Sleep(_) | Effect::View) {
            self.story.push(tell(&effect));
        }
        let is_lost = self.is_lost(number);
        let unknown = || Err(ClusterError::Unknown("the answer was lost".to_owned()));
        let answer = |result| Event::Done(if is_lost { unknown() } else { result });
        match effect {
            Effect::Sleep(pause) => {
                self.now = self.now + pause;
                self.cluster.pass();
                Event::Woke
            }
            Effect::View => {
                self.cluster.pass();
                let view = self.cluster.view(self.now).map(Box::new);
                Event::Viewed(if is_lost { Err(silence()) } else { view })
            }
            Effect::Preconditions { guest, target } => {
                let said = self.cluster.preconditions(&guest, &target);
                Event::Preconditions(if is_lost { Err(silence()) } else { Ok(said) })
            }
            Effect::Shell(Step::Maintenance(what), script) => {
                assert!(script.text.contains(what.verb()));
                let out = self.cluster.maintain(what);
                Event::Printed(if is_lost { Err("lost".to_owned()) } else { out })
            }
            Effect::Shell(Step::Patch(look), _) => {
                if look == Look::Start {
                    self.assert_emptied("the upgrade");
                }
                let out = if self.cluster.is_up() {
                    self.cluster.os.shell(look)
                } else {
                    Err("connection refused".to_owned())
                };
                Event::Printed(if is_lost { Err("lost".to_owned()) } else { out })
            }
            Effect::Noout(set) => answer(self.cluster.set_noout(set)),
            Effect::Migrate { migration, .. } => {
                let later = is_lost.then(|| u32::try_from(self.dice.between(1, 30)).unwrap());
                answer(self.cluster.migrate(&migration, later))
            }
            Effect::StopGuest { vmid, .. } => answer(self.cluster.stop(vmid)),
            Effect::StartGuest { vmid, .. } => answer(self.cluster.start(vmid)),
            Effect::Reboot { old, resumed } => Event::Rebooted(self.reboot(old.as_str(), resumed)),
            Effect::Finish(_) => unreachable!(),
        }
    }

    /// Lifecycle's operation: durable by itself, asks once, refuses another boot.
    fn reboot(&mut self, old: &str, resumed: bool) -> RebootReport {
        let begun = self.asked.as_deref() == Some(old);
        assert!(!begun || resumed, "a reboot is begun a second time");
        if !begun {
            if !self.cluster.is_up() {
                return RebootReport::NotAsked("it does not answer".to_owned());
            }
            if self.cluster.os.boot() != old {
                return RebootReport::NotAsked("another boot answers".to_owned());
            }
            self.asked = Some(old.to_owned());
            self.assert_emptied("the reboot");
            assert!(
                self.cluster.could_go(),
                "rebooted without quorum afterwards"
            );
            self.cluster.go_down();
        }
        for _ in 0..20 {
            self.cluster.pass();
            self.now = self.now + Duration::from_secs(5);
        }
        if !self.cluster.is_up() {
            return RebootReport::NotProved("no answer over SSH".to_owned());
        }
        let new = self.cluster.os.boot();
        assert_ne!(new, old);
        RebootReport::Proved(BootProof {
            old: old.parse().unwrap(),
            new: new.parse().unwrap(),
            uptime: Duration::from_secs(9),
            took: Duration::from_secs(30),
        })
    }

    fn assert_emptied(&self, what: &str) {
        let here = self.cluster.occupants();
        let story = self.story.join("\n");
        assert!(here.is_empty(), "{what} with {here:?} on the node\n{story}");
        let maintained = self.cluster.is_in_maintenance();
        assert_eq!(maintained, self.cluster.fiction.ha, "{what}\n{story}");
        let needs_noout = self.before.ceph.as_ref().is_some_and(|it| it.carries_osds);
        assert!(
            !needs_noout || self.cluster.noout(),
            "{what} without noout\n{story}"
        );
    }

    fn judge(&mut self, outcome: &Outcome) {
        let story = self.story.join("\n");
        let (cluster, left) = (&self.cluster, &outcome.left);
        assert!(
            cluster.os.upgrades <= 1 && cluster.os.reboots <= 1,
            "twice\n{story}"
        );
        assert_eq!(
            left.maintenance,
            cluster.is_in_maintenance(),
            "maintenance\n{story}"
        );
        let had = self.before.ceph.as_ref().is_some_and(|it| it.noout);
        assert_eq!(left.noout || had, cluster.noout(), "noout\n{story}");
        let is_over = !outcome.ending.is_resumable();
        let saved: Saved = serde_json::from_str(self.store.as_ref().unwrap()).unwrap();
        assert_eq!(is_over, matches!(saved.phase, Phase::Ended(_)), "{story}");
        let untouched = matches!(
            outcome.ending,
            Ending::NothingToDo | Ending::Refused { .. } | Ending::Blocked { .. }
        );
        if untouched && outcome.report.patch.as_ref().is_none_or(|it| !it.ran) {
            let moved = outcome.report.departures.iter().any(|it| it.asked);
            assert!(moved || cluster.changes == 0, "touched\n{story}");
        }
        if matches!(
            outcome.ending,
            Ending::Refused { .. } | Ending::Blocked { .. }
        ) {
            assert_eq!(
                (cluster.changes, cluster.os.upgrades),
                (0, 0),
                "touched\n{story}"
            );
        }
        let kept_packages = matches!(
            outcome.ending,
            Ending::NotDrained { .. } | Ending::Halted { .. }
        );
        assert!(
            !kept_packages || cluster.os.upgrades == 0,
            "upgraded\n{story}"
        );
        if matches!(outcome.ending, Ending::Patched) {
            let script = &self.before.os;
            assert_eq!(
                (cluster.os.upgrades, cluster.os.reboots),
                (1, u32::from(script.kernel))
            );
            assert_eq!(cluster.os.boot(), boot_id(1 + u64::from(script.kernel)));
        }
        if is_over && !matches!(outcome.ending, Ending::LeftInMaintenance { .. }) {
            assert!(left.is_nothing(), "{left}\n{story}");
            self.assert_guests_are_back(&story);
        }
    }

    fn assert_guests_are_back(&self, story: &str) {
        for (was, is) in self
            .before
            .residents
            .iter()
            .zip(&self.cluster.fiction.residents)
        {
            if was.ha || was.node.as_str() != HOME || is.moving.is_some() {
                continue;
            }
            assert_eq!(was.node, is.node, "{} is elsewhere\n{story}", was.vmid);
            let started = self.before.intruder.is_some();
            assert!(
                was.status == is.status || started,
                "{} is off\n{story}",
                was.vmid
            );
        }
    }
}

fn silence() -> ClusterError {
    ClusterError::Unreachable("no node answers".to_owned())
}

fn tell(effect: &Effect) -> String {
    match effect {
        Effect::Preconditions { guest, target } => format!("may {guest} go to {target}?"),
        Effect::Migrate { migration, .. } => {
            format!("migrate {} to {}", migration.guest, migration.target)
        }
        Effect::StopGuest { vmid, .. } | Effect::StartGuest { vmid, .. } => {
            format!("{} {vmid}", effect.name())
        }
        Effect::Reboot { resumed, .. } => format!("reboot (resumed: {resumed})"),
        effect => effect.name().to_owned(),
    }
}
