//! What a seed makes up: a small cluster, its guests, and what goes wrong.

use conditions::NodeName;
use patch::node::facts::{GuestKind, GuestStatus};

use crate::guest::Script;
use crate::random::Random;

/// The node that is patched.
pub(crate) const HOME: &str = "pve1";

/// The GiB that a node has.
const ROOM: u64 = 64;

#[derive(Debug, Clone)]
pub(crate) struct Peer {
    pub name: NodeName,
    pub votes: u32,
    pub online: bool,
    /// It goes away at this tick, and comes back at that one.
    pub outage: Option<(u32, u32)>,
    pub room: u64,
}

#[derive(Debug, Clone)]
pub(crate) struct Resident {
    pub vmid: u32,
    pub kind: GuestKind,
    pub node: NodeName,
    pub status: GuestStatus,
    pub template: bool,
    pub ha: bool,
    pub memory: u64,
    pub local_disk: bool,
    pub passthrough: bool,
    pub may_be_interrupted: bool,
    /// Its migrations to this node fail.
    pub fails_to: Option<NodeName>,
    /// The gate refuses its shutdown.
    pub refuses: bool,
    /// A move whose answer was lost: where to, and at which tick it ends.
    pub moving: Option<(NodeName, u32)>,
}

#[derive(Debug, Clone)]
pub(crate) struct Ceph {
    pub noout: bool,
    pub carries_osds: bool,
    pub check: Option<(&'static str, bool)>,
    /// How many ticks it takes to be healthy after the reboot.
    pub recovery: u32,
}

#[derive(Debug, Clone)]
pub(crate) struct Fiction {
    pub peers: Vec<Peer>,
    pub residents: Vec<Resident>,
    pub ceph: Option<Ceph>,
    /// High availability is used.
    pub ha: bool,
    /// Ticks until maintenance shows; never for none.
    pub maintenance_lag: Option<u32>,
    /// High availability brings its guests back.
    pub failback: bool,
    pub qdevice: Option<bool>,
    /// The packages of the node.
    pub os: Script,
    /// A backup runs until this tick.
    pub backup_until: u32,
    /// Ticks that the reboot takes; none for a node that does not come back by itself.
    pub reboot: Option<u32>,
    /// Somebody starts a guest on the node at this tick.
    pub intruder: Option<u32>,
    /// Per cent of answers that are lost.
    pub lost: u64,
    /// Per cent of effects at which the controller dies.
    pub crash: u64,
}

fn node(number: u64) -> NodeName {
    NodeName::new(format!("pve{number}"))
}

impl Fiction {
    /// Nothing goes wrong: three nodes, a guest of each kind, Ceph, high availability, a new kernel.
    pub(crate) fn plain() -> Self {
        let peer = |number| Peer {
            name: node(number),
            votes: 1,
            online: true,
            outage: None,
            room: ROOM,
        };
        let resident = |vmid, kind, ha| Resident {
            vmid,
            kind,
            node: node(1),
            status: GuestStatus::Running,
            template: false,
            ha,
            memory: 4,
            local_disk: false,
            passthrough: false,
            may_be_interrupted: true,
            fails_to: None,
            refuses: false,
            moving: None,
        };
        let mut tied = resident(103, GuestKind::Qemu, false);
        tied.passthrough = true;
        Self {
            peers: (1..=3).map(peer).collect(),
            residents: vec![
                resident(101, GuestKind::Qemu, false),
                resident(102, GuestKind::Qemu, true),
                tied,
                resident(104, GuestKind::Lxc, false),
            ],
            ceph: Some(Ceph {
                noout: false,
                carries_osds: true,
                check: None,
                recovery: 2,
            }),
            ha: true,
            maintenance_lag: Some(1),
            failback: true,
            qdevice: None,
            os: Script {
                kernel: true,
                ..Script::default()
            },
            backup_until: 0,
            reboot: Some(6),
            intruder: None,
            lost: 0,
            crash: 0,
        }
    }

    pub(crate) fn of(dice: &mut Random) -> Self {
        let mut world = Self::plain();
        let peers = dice.between(1, 5);
        let template = world.peers[0].clone();
        world.peers = (1..=peers)
            .map(|number| peer(number, &template, dice))
            .collect();
        let template = world.residents[0].clone();
        let guests = dice.between(0, 5);
        world.ha = dice.chance(60);
        world.residents = (0..guests)
            .map(|at| {
                resident(
                    101 + u32::try_from(at).unwrap(),
                    &template,
                    world.ha,
                    peers,
                    dice,
                )
            })
            .collect();
        world.ceph = dice.chance(50).then(|| Ceph {
            noout: dice.chance(15),
            carries_osds: dice.chance(80),
            check: ceph_check(dice),
            recovery: small(dice, 8),
        });
        world.maintenance_lag = (!dice.chance(5)).then(|| small(dice, 5));
        world.failback = !dice.chance(20);
        world.qdevice = dice.chance(20).then(|| dice.chance(80));
        world.os = os(dice);
        world.backup_until = if dice.chance(20) { small(dice, 60) } else { 0 };
        world.reboot = (!dice.chance(8)).then(|| 2 + small(dice, 10));
        world.intruder = dice.chance(6).then(|| small(dice, 60));
        world.lost = if dice.chance(40) {
            dice.between(1, 12)
        } else {
            0
        };
        world.crash = if dice.chance(60) {
            dice.between(1, 15)
        } else {
            0
        };
        world
    }
}

fn small(dice: &mut Random, most: u64) -> u32 {
    u32::try_from(dice.between(0, most)).unwrap()
}

fn peer(number: u64, template: &Peer, dice: &mut Random) -> Peer {
    let is_home = number == 1;
    let outage = (!is_home && dice.chance(8)).then(|| {
        let from = small(dice, 60);
        (from, from + 1 + small(dice, 60))
    });
    Peer {
        name: node(number),
        votes: if dice.chance(10) { 2 } else { 1 },
        online: is_home || !dice.chance(6),
        outage,
        room: if dice.chance(15) { 2 } else { template.room },
    }
}

fn resident(vmid: u32, template: &Resident, ha: bool, peers: u64, dice: &mut Random) -> Resident {
    let is_container = dice.chance(25);
    let at_home = dice.chance(85);
    Resident {
        vmid,
        kind: if is_container {
            GuestKind::Lxc
        } else {
            GuestKind::Qemu
        },
        node: node(if at_home { 1 } else { dice.between(1, peers) }),
        status: if dice.chance(85) {
            GuestStatus::Running
        } else {
            GuestStatus::Stopped
        },
        template: dice.chance(5),
        ha: ha && dice.chance(35),
        memory: dice.between(1, 8),
        local_disk: dice.chance(8),
        passthrough: dice.chance(8),
        may_be_interrupted: dice.chance(75),
        fails_to: dice.chance(20).then(|| node(dice.between(1, peers))),
        refuses: dice.chance(10),
        ..template.clone()
    }
}

fn ceph_check(dice: &mut Random) -> Option<(&'static str, bool)> {
    match dice.between(0, 9) {
        0 => Some(("RECENT_CRASH", false)),
        1 => Some(("OSD_DOWN", false)),
        2 => Some(("RECENT_CRASH", true)),
        _ => None,
    }
}

fn os(dice: &mut Random) -> Script {
    Script {
        upgradable: !dice.chance(10),
        kernel: dice.chance(70),
        status: if dice.chance(6) { 100 } else { 0 },
        looks: 1 + small(dice, 6),
        locked: if dice.chance(10) { small(dice, 4) } else { 0 },
        power_cut: dice.chance(3),
        fails_unit: dice.chance(4),
        kernel_stays: dice.chance(8),
        ..Script::default()
    }
}
