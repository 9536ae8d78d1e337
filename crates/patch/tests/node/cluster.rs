//! A cluster as far as a run sees it, and how it behaves whoever asks.

use conditions::{NodeName, Timestamp};
use patch::node::facts::{
    self, GuestKind, GuestStatus, Ha, HaNode, HaService, HealthCheck, Member, Memory, Monitor,
    Preconditions, Qdevice, Seen, Severity, Software, Task, View, Voter, Votes,
};
use patch::node::maintenance::Maintenance;
use patch::node::{ClusterError, Migration, Mover, quorum};

use crate::fiction::{Fiction, HOME, Resident};
use crate::guest::Guest;

const GIB: u64 = 1 << 30;

/// The state that outlives every controller.
pub(crate) struct Cluster {
    pub fiction: Fiction,
    pub os: Guest,
    tick: u32,
    maintenance: bool,
    /// The tick from which on maintenance shows as asked.
    shows_at: u32,
    shown: bool,
    /// The tick at which the node is up again; none while it stays down.
    down_until: Option<Option<u32>>,
    recovered_at: u32,
    /// Guests that high availability moved away.
    evacuated: Vec<u32>,
    /// How often something around the node was changed.
    pub changes: u32,
}

fn home() -> NodeName {
    NodeName::new(HOME)
}

fn refused(words: &str) -> ClusterError {
    ClusterError::Refused(words.to_owned())
}

impl Cluster {
    pub(crate) fn new(fiction: Fiction) -> Self {
        Self {
            os: Guest::new(fiction.os.clone()),
            fiction,
            tick: 0,
            maintenance: false,
            shows_at: 0,
            shown: false,
            down_until: None,
            recovered_at: 0,
            evacuated: Vec::new(),
            changes: 0,
        }
    }

    pub(crate) const fn is_in_maintenance(&self) -> bool {
        self.maintenance
    }

    pub(crate) fn noout(&self) -> bool {
        self.fiction.ceph.as_ref().is_some_and(|ceph| ceph.noout)
    }

    pub(crate) fn is_up(&self) -> bool {
        self.down_until.is_none()
    }

    pub(crate) fn is_standalone(&self) -> bool {
        self.fiction.peers.len() == 1
    }

    pub(crate) fn resident(&mut self, vmid: u32) -> &mut Resident {
        let mut all = self.fiction.residents.iter_mut();
        all.find(|it| it.vmid == vmid).unwrap()
    }

    /// Guests that run on the node.
    pub(crate) fn occupants(&self) -> Vec<u32> {
        let here =
            self.fiction.residents.iter().filter(|it| {
                it.node == home() && !it.template && it.status == GuestStatus::Running
            });
        here.map(|it| it.vmid).collect()
    }

    /// The node's machine is mended by somebody.
    pub(crate) fn mend(&mut self) {
        if self.down_until == Some(None) {
            self.down_until = Some(Some(self.tick));
        }
    }

    /// A moment passes.
    pub(crate) fn pass(&mut self) {
        self.tick += 1;
        let tick = self.tick;
        if matches!(self.down_until, Some(Some(until)) if tick >= until) {
            self.down_until = None;
            let recovery = self.fiction.ceph.as_ref().map_or(0, |ceph| ceph.recovery);
            self.recovered_at = tick + recovery;
        }
        for peer in &mut self.fiction.peers {
            if let Some((from, to)) = peer.outage {
                peer.online = !(from..to).contains(&tick);
            }
        }
        if self.fiction.intruder == Some(tick) && self.is_up() {
            let homeless = |it: &&mut Resident| {
                it.status == GuestStatus::Stopped && !it.template && !it.ha && it.node == home()
            };
            if let Some(resident) = self.fiction.residents.iter_mut().find(homeless) {
                resident.status = GuestStatus::Running;
            }
        }
        for resident in &mut self.fiction.residents {
            if let Some((target, at)) = resident.moving.clone()
                && tick >= at
            {
                resident.node = target;
                resident.moving = None;
            }
        }
        if self.fiction.ha && tick >= self.shows_at {
            self.shown = self.maintenance;
        }
        self.manage();
    }

    /// High availability moves one guest a moment.
    fn manage(&mut self) {
        if !self.is_up() || !self.fiction.ha {
            return;
        }
        let mut others = self
            .fiction
            .peers
            .iter()
            .filter(|it| it.online && it.name != home());
        let Some(other) = others.next().map(|it| it.name.clone()) else {
            return;
        };
        if self.shown {
            let leaves = |it: &&mut Resident| {
                it.ha && it.node == home() && it.status == GuestStatus::Running && !it.passthrough
            };
            if let Some(resident) = self.fiction.residents.iter_mut().find(leaves) {
                resident.node = other;
                self.evacuated.push(resident.vmid);
            }
        } else if self.fiction.failback
            && !self.maintenance
            && let Some(vmid) = self.evacuated.pop()
        {
            self.resident(vmid).node = home();
        }
    }

    pub(crate) fn view(&self, now: Timestamp) -> Result<View, ClusterError> {
        if !self.is_up() && self.is_standalone() {
            return Err(ClusterError::Unreachable("pve1 does not answer".to_owned()));
        }
        let tasks = if self.is_up() {
            Seen::Read(self.tasks(now))
        } else {
            Seen::Unread("pve1 does not answer (595)".to_owned())
        };
        Ok(View {
            node: home(),
            nodes: Seen::Read(self.members()),
            votes: Seen::Read(self.votes()),
            ceph: Seen::Read(self.ceph()),
            ha: Seen::Read(self.ha()),
            tasks,
            replication: Seen::Read(Vec::new()),
            guests: Seen::Read(self.guests()),
            software: Seen::Read(Software::default()),
        })
    }

    fn members(&self) -> Vec<Member> {
        let member = |peer: &crate::fiction::Peer| {
            let there = self
                .fiction
                .residents
                .iter()
                .filter(|it| it.node == peer.name && it.status == GuestStatus::Running);
            let used = there.map(|it| it.memory * GIB).sum();
            let total = peer.room * GIB;
            let online = self.is_online(&peer.name);
            Member {
                name: peer.name.clone(),
                online,
                memory: online.then_some(Memory { total, used }),
            }
        };
        self.fiction.peers.iter().map(member).collect()
    }

    fn is_online(&self, name: &NodeName) -> bool {
        if *name == home() {
            return self.is_up();
        }
        self.fiction
            .peers
            .iter()
            .any(|it| it.name == *name && it.online)
    }

    pub(crate) fn votes(&self) -> Votes {
        if self.is_standalone() {
            return Votes::Standalone;
        }
        let voters: Vec<Voter> = self
            .fiction
            .peers
            .iter()
            .map(|it| Voter {
                name: it.name.clone(),
                votes: Some(it.votes),
                online: self.is_online(&it.name),
            })
            .collect();
        let qdevice = self
            .fiction
            .qdevice
            .map_or(Qdevice::Absent, |alive| Qdevice::Votes {
                votes: 1,
                alive: Some(alive),
            });
        let device = u32::from(self.fiction.qdevice == Some(true));
        let all: u32 = voters.iter().filter_map(|it| it.votes).sum::<u32>()
            + u32::from(self.fiction.qdevice.is_some());
        let up: u32 = voters
            .iter()
            .filter(|it| it.online)
            .filter_map(|it| it.votes)
            .sum();
        Votes::Cluster {
            voters,
            expected: Some(all),
            quorate: Some(up + device > all / 2),
            qdevice,
        }
    }

    /// Whether the others could decide without the node.
    pub(crate) fn could_go(&self) -> bool {
        quorum::without(&home(), &self.votes()).is_ok()
    }

    fn ceph(&self) -> facts::Ceph {
        let Some(ceph) = &self.fiction.ceph else {
            return facts::Ceph::Absent;
        };
        let check = |name: &str, error: bool| HealthCheck {
            name: name.to_owned(),
            severity: if error {
                Severity::Error
            } else {
                Severity::Warning
            },
            summary: "as it is".to_owned(),
        };
        let mut checks: Vec<HealthCheck> = Vec::new();
        checks.extend(ceph.check.map(|(name, error)| check(name, error)));
        if ceph.noout {
            checks.push(check("OSDMAP_FLAGS", false));
        }
        if ceph.carries_osds && (!self.is_up() || self.tick < self.recovered_at) {
            checks.push(check("OSD_DOWN", false));
        }
        facts::Ceph::Present {
            checks,
            noout: ceph.noout,
            monitors: (1..=3)
                .map(|number| Monitor {
                    node: NodeName::new(format!("pve{number}")),
                    in_quorum: true,
                })
                .collect(),
            osd_nodes: if ceph.carries_osds {
                vec![home()]
            } else {
                Vec::new()
            },
        }
    }

    fn ha(&self) -> Ha {
        if !self.fiction.ha {
            return Ha::default();
        }
        let state = |name: &NodeName| {
            if *name == home() && self.shown {
                HaNode::Maintenance
            } else if self.is_online(name) {
                HaNode::Online
            } else {
                HaNode::Unknown
            }
        };
        let nodes = self.fiction.peers.iter();
        let services = self.fiction.residents.iter().filter(|it| it.ha);
        Ha {
            nodes: nodes.map(|it| (it.name.clone(), state(&it.name))).collect(),
            services: services
                .map(|it| HaService {
                    sid: format!("vm:{}", it.vmid),
                    node: it.node.clone(),
                    state: "started".to_owned(),
                    request: None,
                })
                .collect(),
        }
    }

    fn tasks(&self, now: Timestamp) -> Vec<Task> {
        let task = |kind: &str, id: String| Task {
            upid: format!("UPID:{kind}:{id}"),
            kind: kind.to_owned(),
            id: Some(id),
            user: "root@pam".to_owned(),
            since: now,
        };
        let mut tasks = vec![task("vncproxy", "101".to_owned())];
        if self.tick < self.fiction.backup_until {
            tasks.push(task("vzdump", "900".to_owned()));
        }
        let moving = self
            .fiction
            .residents
            .iter()
            .filter(|it| it.moving.is_some());
        tasks.extend(moving.map(|it| task("qmigrate", it.vmid.to_string())));
        tasks
    }

    fn guests(&self) -> Vec<facts::Guest> {
        let seen = |it: &Resident| facts::Guest {
            vmid: it.vmid,
            kind: it.kind,
            name: None,
            node: it.node.clone(),
            status: if self.is_online(&it.node) {
                it.status.clone()
            } else {
                GuestStatus::Other("unknown".to_owned())
            },
            lock: it.moving.as_ref().map(|_| "migrate".to_owned()),
            ha: it.ha.then(|| "started".to_owned()),
            template: it.template,
            tags: Vec::new(),
            memory: it.memory * GIB,
        };
        self.fiction.residents.iter().map(seen).collect()
    }

    pub(crate) fn preconditions(&mut self, guest: &Mover, _: &NodeName) -> Preconditions {
        let resident = self.resident(guest.vmid);
        let thing = |is: bool, name: &str| -> Vec<String> {
            if is {
                vec![name.to_owned()]
            } else {
                Vec::new()
            }
        };
        Preconditions {
            running: resident.status == GuestStatus::Running,
            local_disks: thing(resident.local_disk, "local:disk"),
            local_resources: thing(resident.passthrough, "hostpci0"),
            allowed: None,
            not_allowed: std::collections::BTreeMap::new(),
        }
    }

    /// `later` lets it end some moments after its answer was lost.
    pub(crate) fn migrate(
        &mut self,
        migration: &Migration,
        later: Option<u32>,
    ) -> Result<(), ClusterError> {
        let (target, from) = (migration.target.clone(), migration.guest.node.clone());
        if !self.is_online(&target) || !self.is_online(&from) {
            return Err(refused("no route"));
        }
        let at = later.map(|ticks| self.tick + ticks);
        let resident = self.resident(migration.guest.vmid);
        assert!(!resident.ha, "high availability moves its guests itself");
        if resident.node == target {
            return Ok(());
        }
        assert!(!resident.passthrough, "a guest was moved that cannot be");
        if resident.kind == GuestKind::Lxc {
            assert!(resident.may_be_interrupted, "a container was interrupted");
        }
        if resident.moving.is_some() || resident.fails_to.as_ref() == Some(&target) {
            return Err(refused("migration aborted"));
        }
        match at {
            Some(at) => resident.moving = Some((target, at)),
            None => resident.node = target,
        }
        self.changes += 1;
        Ok(())
    }

    pub(crate) fn set_noout(&mut self, noout: bool) -> Result<(), ClusterError> {
        self.changes += 1;
        let ceph = self.fiction.ceph.as_mut().unwrap();
        assert!(ceph.carries_osds, "noout without OSDs");
        ceph.noout = noout;
        Ok(())
    }

    pub(crate) fn stop(&mut self, vmid: u32) -> Result<(), ClusterError> {
        let resident = self.resident(vmid);
        assert!(resident.may_be_interrupted, "{vmid} was interrupted");
        assert!(!resident.ha && resident.kind == GuestKind::Qemu);
        if resident.refuses {
            return Err(refused("condition 6: the agent does not answer"));
        }
        resident.status = GuestStatus::Stopped;
        self.changes += 1;
        Ok(())
    }

    pub(crate) fn start(&mut self, vmid: u32) -> Result<(), ClusterError> {
        if !self.is_up() {
            return Err(refused("no route"));
        }
        self.resident(vmid).status = GuestStatus::Running;
        Ok(())
    }

    pub(crate) fn maintain(&mut self, what: Maintenance) -> Result<Vec<u8>, String> {
        if !self.is_up() {
            return Err("connection refused".to_owned());
        }
        assert!(self.fiction.ha, "maintenance where nothing manages it");
        self.changes += 1;
        self.maintenance = what == Maintenance::Enable;
        let lag = match what {
            Maintenance::Enable => self.fiction.maintenance_lag,
            Maintenance::Disable => Some(1),
        };
        self.shows_at = lag.map_or(u32::MAX, |lag| self.tick + lag);
        Ok(b"@hospes-patch 1 0\n\n@maintenance 0 0\n\n@end 0 0\n\n".to_vec())
    }

    /// The node goes down, and comes back by itself or not.
    pub(crate) fn go_down(&mut self) {
        let until = self.fiction.reboot.map(|ticks| self.tick + ticks);
        self.down_until = Some(until);
        self.os.reboot();
    }
}
