//! The simulated guest and its hypervisor: what really is so, whatever the controller believes.

use std::time::Duration;

use conditions::{BootId, Condition, NodeName, RunState, Timestamp};

use crate::agent::{Agent, Life};
use crate::cluster::{Cluster, STEP};
use crate::fixture;
use crate::notices::{Store, Watcher};
use crate::random::Random;

/// What the machine does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Power {
    Off,
    /// Firmware and kernel; nothing answers until then.
    Booting(Timestamp),
    Up,
    /// Going down until then, to rest or to come up again.
    Stopping {
        until: Timestamp,
        reboots: bool,
        answers: bool,
    },
}

/// How this guest takes a request to power off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manners {
    /// Goes down after that long.
    Obeys(Duration),
    /// Does nothing at all.
    Ignores,
    /// Reboots instead.
    Reboots(Duration),
}

pub(crate) struct Guest {
    pub(crate) now: Timestamp,
    pub(crate) power: Power,
    pub(crate) boot: u64,
    pub(crate) booted_at: Timestamp,
    pub(crate) manners: Manners,
    pub(crate) agent: Agent,
    pub(crate) sshd_alive: bool,
    /// What nobody can read in it.
    pub(crate) veiled: Vec<Condition>,
    pub(crate) locked: bool,
    pub(crate) node: u64,
    /// Absent for a guest of a host of its own.
    pub(crate) cluster: Option<Cluster>,
    /// Powering on fails this many times.
    pub(crate) start_failures: u64,
    /// The hypervisor does not answer this often in a hundred.
    pub(crate) deaf: u64,
    /// Boots whose going down the controller asked for.
    pub(crate) asked: Vec<u64>,
    /// Boots that the hypervisor was asked to restart.
    pub(crate) restarted: Vec<u64>,
    /// How often it was powered on.
    pub(crate) starts: u32,
    pub(crate) store: Store,
    pub(crate) watcher: Watcher,
    boot_time: (u64, u64),
    restless: bool,
    /// A restless guest has hooks planted, too.
    is_planted: bool,
}

impl Guest {
    /// A guest; one that is to be repaired has what needs it.
    pub(crate) fn new(random: &mut Random, is_repaired: bool) -> Self {
        let now = Timestamp::from_millis(1_700_000_000_000);
        let manners = match random.between(0, 9) {
            0 => Manners::Ignores,
            1 => Manners::Reboots(random.seconds(1, 60)),
            2 => Manners::Obeys(random.seconds(250, 700)),
            _ => Manners::Obeys(random.seconds(0, 120)),
        };
        let cluster = random.chance(50).then(|| Cluster::new(random));
        let is_template = cluster.as_ref().is_some_and(|cluster| cluster.is_template);
        Self {
            now,
            power: if random.chance(90) && !is_template {
                Power::Up
            } else {
                Power::Off
            },
            boot: 1,
            booted_at: Timestamp::from_millis(now.as_millis() - random.between(0, 9_000_000)),
            manners,
            agent: agent(random, is_repaired),
            sshd_alive: random.chance(92),
            veiled: veiled(random),
            locked: random.chance(3),
            node: 1,
            cluster,
            start_failures: if random.chance(10) {
                random.between(1, 2)
            } else {
                0
            },
            deaf: if random.chance(15) { 20 } else { 0 },
            asked: Vec::new(),
            restarted: Vec::new(),
            starts: 0,
            store: Store::new(random),
            watcher: Watcher::new(random),
            boot_time: if random.chance(10) {
                (100, 500)
            } else {
                (2, 60)
            },
            restless: random.chance(10),
            is_planted: !is_repaired,
        }
    }

    /// Lets time pass, and whatever happens in it.
    pub(crate) fn pass(&mut self, span: Duration, random: &mut Random) {
        let mut left = span;
        while self.cluster.is_some() && left > STEP {
            self.step(STEP, random);
            left -= STEP;
        }
        self.step(left, random);
    }

    fn step(&mut self, span: Duration, random: &mut Random) {
        self.now = self.now + span;
        match self.power {
            Power::Booting(until) if self.now >= until => {
                self.power = Power::Up;
                self.sshd_alive = random.chance(97);
            }
            Power::Stopping { until, reboots, .. } if self.now >= until => {
                if reboots {
                    self.power_up(until, random);
                } else {
                    self.power = Power::Off;
                }
            }
            _ => {}
        }
        if self.restless && self.power == Power::Up {
            self.misbehave(random);
        }
        self.is_in_its_cluster(random);
        if self.power == Power::Up {
            let (now, boot) = (self.now, self.boot);
            let powers_off = self.watcher.looks(&mut self.store, boot, now, random);
            if powers_off {
                self.stop(random.seconds(0, 20), false, random);
            }
        }
    }

    fn is_in_its_cluster(&mut self, random: &mut Random) {
        let Some(cluster) = &mut self.cluster else {
            return;
        };
        let is_off = self.power == Power::Off;
        let was_restarted = self.restarted.last() == Some(&self.boot);
        let passed = cluster.pass(self.now, is_off, was_restarted, random);
        self.node += u64::from(passed.moved);
        if passed.powers_on {
            self.starts += 1;
            self.power_up(self.now, random);
        }
    }

    fn misbehave(&mut self, random: &mut Random) {
        match random.between(0, 400) {
            0 => self.stop(random.seconds(1, 30), true, random),
            1 => self.agent.life = Life::Dead,
            2 => self.sshd_alive = !self.sshd_alive,
            3 => self.locked = !self.locked,
            4 => self.node += 1,
            5 if self.is_planted => self.agent.plant(random),
            6 => self.stop(random.seconds(1, 30), false, random),
            7 => self.agent.life = Life::Hangs,
            8 => self.watcher.is_there = !self.watcher.is_there,
            9 => self.store.meddle(),
            _ => {}
        }
    }

    fn stop(&mut self, takes: Duration, reboots: bool, random: &mut Random) {
        let answers = random.chance(50);
        self.power = Power::Stopping {
            until: self.now + takes,
            reboots,
            answers,
        };
    }

    fn power_up(&mut self, at: Timestamp, random: &mut Random) {
        self.boot += 1;
        self.watcher.forget();
        self.booted_at = at;
        self.power = Power::Booting(at + random.seconds(self.boot_time.0, self.boot_time.1));
        self.agent.boot(random);
    }

    /// `guest-shutdown`, as the agent hears it.
    pub(crate) fn hear_shutdown(&mut self, random: &mut Random) {
        self.asked.push(self.boot);
        match self.manners {
            Manners::Ignores => {}
            Manners::Obeys(takes) => self.stop(takes, false, random),
            Manners::Reboots(takes) => self.stop(takes, true, random),
        }
    }

    /// The hypervisor asks the agent for the same, and remembers to power the guest on.
    pub(crate) fn hear_restart(&mut self, random: &mut Random) {
        let now = self.now;
        let cluster = self.cluster.as_mut().expect("LAW: nobody restarts it");
        cluster.hears_restart(now, random);
        self.restarted.push(self.boot);
        self.hear_shutdown(random);
    }

    /// `systemctl reboot`, as the guest hears it.
    pub(crate) fn hear_reboot(&mut self, random: &mut Random) {
        self.asked.push(self.boot);
        match self.manners {
            Manners::Ignores => {}
            Manners::Obeys(takes) | Manners::Reboots(takes) => self.stop(takes, true, random),
        }
    }

    /// The hypervisor powers it on.
    pub(crate) fn start(&mut self, random: &mut Random) -> Result<String, String> {
        if self.cluster.is_some() && self.power != Power::Off {
            return Err("VM 101 already running".to_owned());
        }
        assert_eq!(
            self.power,
            Power::Off,
            "LAW: a guest that is not stopped was powered on"
        );
        if self.start_failures > 0 {
            self.start_failures -= 1;
            return Err("the disk is busy".to_owned());
        }
        let now = self.now;
        let runs_at_once = match &mut self.cluster {
            Some(cluster) => cluster.hears_start(now, random)?,
            None => true,
        };
        self.starts += 1;
        if !runs_at_once {
            return Ok("task OK".to_owned());
        }
        self.power_up(self.now, random);
        Ok("running".to_owned())
    }

    /// Late, and long after the controller stopped waiting, it goes down after all.
    pub(crate) fn goes_down_late(&mut self, random: &mut Random) {
        let is_late = self.power == Power::Up && self.asked.last() == Some(&self.boot);
        if is_late && random.chance(40) {
            self.stop(random.seconds(1, 300), false, random);
        }
    }

    /// Somebody has it locked.
    pub(crate) fn lock(&self) -> Option<&'static str> {
        let by_cluster = self.cluster.as_ref().and_then(Cluster::lock);
        by_cluster.or_else(|| self.locked.then_some("backup"))
    }

    pub(crate) fn is_managed(&self) -> bool {
        self.cluster
            .as_ref()
            .is_some_and(|cluster| cluster.is_managed)
    }

    /// High availability powered it on, at some time.
    pub(crate) fn was_started_by_others(&self) -> bool {
        let cluster = self.cluster.as_ref();
        cluster.is_some_and(|cluster| cluster.happened.contains("ha-start"))
    }

    /// Its cluster may decide, or there is none.
    pub(crate) fn has_quorum(&self) -> bool {
        let decides = |cluster: &Cluster| cluster.quorate == Some(true);
        self.cluster.as_ref().is_none_or(decides)
    }

    pub(crate) const fn run_state(&self) -> RunState {
        match self.power {
            Power::Off => RunState::Stopped,
            _ => RunState::Running,
        }
    }

    pub(crate) const fn is_stopping(&self) -> bool {
        matches!(self.power, Power::Stopping { .. })
    }

    /// User space answers.
    const fn answers(&self) -> bool {
        matches!(
            self.power,
            Power::Up | Power::Stopping { answers: true, .. }
        )
    }

    /// A command over SSH would run.
    pub(crate) const fn hears_ssh(&self) -> bool {
        self.sshd_alive && self.answers()
    }

    /// The agent would answer.
    pub(crate) fn hears_channel(&self) -> bool {
        self.agent.life == Life::Runs && self.answers()
    }

    pub(crate) fn boot_id(&self) -> BootId {
        fixture::boot_id(self.boot)
    }

    pub(crate) fn node(&self) -> NodeName {
        NodeName::new(format!("node{}", self.node))
    }

    pub(crate) fn uptime(&self) -> Duration {
        self.now.since(self.booted_at)
    }
}

fn agent(random: &mut Random, is_repaired: bool) -> Agent {
    if is_repaired {
        return Agent::damaged(random);
    }
    let mut agent = Agent::healthy();
    if random.chance(8) {
        agent.plant(random);
    }
    match random.between(0, 24) {
        0 | 1 => agent.life = Life::Dead,
        2 => agent.wanted = false,
        3 => agent.touch(),
        _ => {}
    }
    agent
}

fn veiled(random: &mut Random) -> Vec<Condition> {
    let mut veiled = vec![Condition::Package, Condition::Service, Condition::Systemd];
    veiled.retain(|_| random.chance(6));
    veiled
}
