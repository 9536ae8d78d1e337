use std::collections::BTreeMap;
use std::time::Duration;

use conditions::{NodeName, Timestamp};

use super::ceph::CephConcern;
use super::departure::{self, Departure, Objection, Way};
use super::facts::{
    Ceph, Guest, GuestKind, GuestStatus, Ha, HaNode, HaService, HealthCheck, Member, Memory,
    Monitor, Preconditions, Qdevice, ReplicationJob, Seen, Severity, Software, Task, View,
};
use super::maintenance::{self, Maintenance};
use super::quorum::tests::{node, votes};
use super::*;

const GIB: u64 = 1 << 30;

fn check(name: &str, severity: Severity) -> HealthCheck {
    HealthCheck {
        name: name.to_owned(),
        severity,
        summary: "1 of it".to_owned(),
    }
}

fn ceph(checks: Vec<HealthCheck>, monitors: &str) -> Ceph {
    let monitors = monitors.split_whitespace().enumerate();
    Ceph::Present {
        checks,
        noout: false,
        monitors: monitors
            .map(|(at, word)| Monitor {
                node: node(at + 1),
                in_quorum: word == "in",
            })
            .collect(),
        osd_nodes: vec![node(1)],
    }
}

#[test]
fn ceph_is_judged_by_the_names_of_its_checks() {
    let warns = |name: &str| vec![check(name, Severity::Warning)];
    for (checks, monitors, wanted) in [
        (vec![], "in in in", ""),
        (warns("OSDMAP_FLAGS"), "in in in", ""),
        (warns("RECENT_CRASH"), "in in in", ""),
        (warns("DAEMON_OLD_VERSION"), "in in in", ""),
        (
            vec![check("RECENT_CRASH", Severity::Error)],
            "in in in",
            "RECENT_CRASH",
        ),
        (
            vec![check("TOO_FEW_PGS", Severity::Other("bad".into()))],
            "in",
            "TOO_FEW_PGS monitors",
        ),
        (warns("OSD_DOWN"), "in in in", "OSD_DOWN"),
        (warns("PG_DEGRADED"), "in in in", "PG_DEGRADED"),
        (
            warns("A_NAME_OF_A_LATER_RELEASE"),
            "in in in",
            "A_NAME_OF_A_LATER_RELEASE",
        ),
        (vec![], "in in", "monitors"),
        (vec![], "in in out", "monitors"),
        (vec![], "in in in in out", ""),
        (vec![], "", ""),
    ] {
        let concerns = ceph(checks, monitors).concerns(&node(1));
        let names = concerns.iter().map(|it| match it {
            CephConcern::Check { check } => check.name.as_str(),
            CephConcern::Monitors { .. } => "monitors",
        });
        assert_eq!(names.collect::<Vec<_>>().join(" "), wanted, "{monitors}");
    }
    let elsewhere = ceph(Vec::new(), "in in");
    assert!(
        elsewhere.concerns(&node(3)).is_empty(),
        "its monitors are not on this node"
    );
    assert!(elsewhere.needs_noout(&node(1)) && !elsewhere.needs_noout(&node(2)));
    assert!(Ceph::Absent.concerns(&node(1)).is_empty() && !Ceph::Absent.needs_noout(&node(1)));
}

fn guest(vmid: u32, memory: u64) -> Guest {
    Guest {
        vmid,
        kind: GuestKind::Qemu,
        name: Some(format!("web{vmid}")),
        node: node(1),
        status: GuestStatus::Running,
        lock: None,
        ha: None,
        template: false,
        tags: Vec::new(),
        memory: memory * GIB,
    }
}

/// Three nodes with 8, 16 and 32 GiB free, nothing in flight.
fn view() -> View {
    let member = |number: usize, free: u64| Member {
        name: node(number),
        online: true,
        memory: Some(Memory {
            total: 64 * GIB,
            used: (64 - free) * GIB,
        }),
    };
    View {
        node: node(1),
        nodes: Seen::Read(vec![member(1, 8), member(2, 16), member(3, 32)]),
        votes: Seen::Read(votes("1 1 1", None, Qdevice::Absent)),
        ceph: Seen::Read(Ceph::Absent),
        ha: Seen::Read(Ha::default()),
        tasks: Seen::Read(Vec::new()),
        replication: Seen::Read(Vec::new()),
        guests: Seen::Read(vec![guest(101, 4)]),
        software: Seen::Read(Software::default()),
    }
}

fn moved(vmid: u32, memory: u64, target: NodeName) -> Departure {
    let transfer = Transfer::Live {
        with_local_disks: false,
    };
    Departure::new(&guest(vmid, memory), Way::Migrate { target, transfer })
}

#[test]
fn a_guest_goes_where_most_memory_is_left_for_it() {
    let choose = |view: &View, memory: u64, promised: &[Departure]| {
        let names = departure::candidates(view, memory * GIB, promised);
        let names: Vec<&str> = names.iter().map(NodeName::as_str).collect();
        names.join(" ")
    };
    assert_eq!(choose(&view(), 4, &[]), "pve3 pve2");
    assert_eq!(choose(&view(), 20, &[]), "pve3", "only where there is room");
    assert_eq!(choose(&view(), 40, &[]), "");
    let promised = [moved(7, 20, node(3))];
    assert_eq!(
        choose(&view(), 4, &promised),
        "pve2 pve3",
        "places are promised"
    );
    assert_eq!(choose(&view(), 14, &promised), "pve2");
    let mut arrived = promised;
    arrived[0].away = Some(node(3));
    assert_eq!(
        choose(&view(), 4, &arrived),
        "pve3 pve2",
        "counted by the node by now"
    );
    let mut tie = view();
    let Seen::Read(nodes) = &mut tie.nodes else {
        panic!()
    };
    nodes[1].memory = nodes[2].memory;
    assert_eq!(
        choose(&tie, 4, &[]),
        "pve2 pve3",
        "by name where they are equal"
    );
    let Seen::Read(nodes) = &mut tie.nodes else {
        panic!()
    };
    nodes[1].online = false;
    assert_eq!(choose(&tie, 4, &[]), "pve3");
    let Seen::Read(ha) = &mut tie.ha else {
        panic!()
    };
    ha.nodes.insert(node(3), HaNode::Maintenance);
    assert_eq!(choose(&tie, 4, &[]), "", "nor a node in maintenance");
}

#[test]
fn what_its_node_says_keeps_a_guest_from_a_target_or_from_all() {
    let own = |disks: &[&str], devices: &[&str]| Preconditions {
        running: true,
        local_disks: disks.iter().map(|it| (*it).to_owned()).collect(),
        local_resources: devices.iter().map(|it| (*it).to_owned()).collect(),
        ..Preconditions::default()
    };
    let mut not_there = own(&[], &[]);
    not_there.not_allowed = BTreeMap::from([(node(2), "lacks storage fast".to_owned())]);
    let mut only_third = own(&[], &[]);
    only_third.allowed = Some(vec![node(3)]);
    let (strict, copies) = (
        Allowance::default(),
        Allowance {
            local_disks: true,
            interruption: false,
        },
    );
    for (said, allowance, wanted) in [
        (own(&[], &[]), strict, "goes"),
        (own(&["local:1"], &[]), strict, "guest"),
        (own(&["local:1"], &[]), copies, "goes"),
        (own(&[], &["hostpci0"]), copies, "guest"),
        (not_there, strict, "target"),
        (only_third, strict, "target"),
    ] {
        let said = match departure::objection(&said, &node(2), allowance) {
            None => "goes",
            Some(Objection::Guest(_)) => "guest",
            Some(Objection::Target(_)) => "target",
        };
        assert_eq!(said, wanted, "{allowance:?}");
    }
}

const BEGIN: Moment = Moment::Begin {
    adopt_maintenance: false,
};

fn said(view: &View, moment: Moment) -> String {
    let limits = Limits::default();
    let each = refusals(view, moment).into_iter().map(|it| {
        let waits = if it.patience(&limits).is_zero() {
            ""
        } else {
            " [waits]"
        };
        format!("{it}{waits}")
    });
    each.collect::<Vec<_>>().join("\n")
}

type Change = fn(&mut View);

fn task(kind: &str) -> Task {
    Task {
        upid: String::new(),
        kind: kind.to_owned(),
        id: Some("101".to_owned()),
        user: "root@pam".to_owned(),
        since: Timestamp::from_millis(0),
    }
}

fn job(running: bool, failures: u32) -> ReplicationJob {
    ReplicationJob {
        id: "101-0".to_owned(),
        vmid: 101,
        source: node(1),
        target: node(2),
        running,
        last_sync: None,
        failures,
        error: (failures > 0).then(|| "no space".to_owned()),
    }
}

fn service(state: &str) -> HaService {
    HaService {
        sid: "vm:101".to_owned(),
        node: node(1),
        state: state.to_owned(),
        request: None,
    }
}

fn with_ha(view: &mut View, node: NodeName, state: HaNode) {
    let ha = Ha {
        nodes: BTreeMap::from([(node, state)]),
        services: Vec::new(),
    };
    view.ha = Seen::Read(ha);
}

#[test]
fn what_speaks_against_a_node_is_told_with_what_to_do() {
    let changes: [(&str, Change); 16] = [
        ("nothing", |_| ()),
        ("console", |it| {
            it.tasks = Seen::Read(vec![task("vncproxy")])
        }),
        ("backup", |it| it.tasks = Seen::Read(vec![task("vzdump")])),
        ("later task", |it| {
            it.tasks = Seen::Read(vec![task("hibernate")])
        }),
        ("tasks unread", |it| it.tasks = Seen::Unread("403".into())),
        ("copies", |it| {
            it.replication = Seen::Read(vec![job(true, 0)])
        }),
        ("copy fails", |it| {
            it.replication = Seen::Read(vec![job(false, 3)])
        }),
        ("offline", |it| {
            let Seen::Read(nodes) = &mut it.nodes else {
                panic!()
            };
            nodes[0].online = false;
        }),
        ("no quorum", |it| {
            it.votes = Seen::Read(votes("1 1 1o", None, Qdevice::Absent))
        }),
        ("in maintenance", |it| {
            with_ha(it, node(1), HaNode::Maintenance)
        }),
        ("just booted", |it| with_ha(it, node(1), HaNode::Unknown)),
        ("another in maintenance", |it| {
            with_ha(it, node(2), HaNode::Maintenance)
        }),
        ("another away", |it| with_ha(it, node(2), HaNode::Unknown)),
        ("later state", |it| {
            with_ha(it, node(2), HaNode::from_word("dreaming"))
        }),
        ("service in error", |it| {
            let services = vec![service("error"), service("migrate")];
            it.ha = Seen::Read(Ha {
                services,
                ..Ha::default()
            });
        }),
        ("locked and unclear", |it| {
            let mut paused = guest(102, 1);
            paused.status = GuestStatus::from_word("suspended");
            let mut locked = guest(101, 1);
            locked.lock = Some("backup".to_owned());
            it.guests = Seen::Read(vec![locked, paused]);
        }),
    ];
    let told = changes.map(|(name, change)| {
        let mut view = view();
        change(&mut view);
        format!("# {name}\n{}", said(&view, BEGIN))
    });
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn before_the_upgrade_and_the_reboot_the_node_is_empty_and_kept_out() {
    let emptied = |in_maintenance| Moment::Emptied { in_maintenance };
    let mut view = view();
    assert!(said(&view, emptied(false)).contains("still running on the node: web101 (101)"));
    view.guests = Seen::Read(Vec::new());
    assert_eq!(said(&view, emptied(false)), "");
    with_ha(&mut view, node(1), HaNode::Maintenance);
    assert_eq!(said(&view, emptied(true)), "");
    with_ha(&mut view, node(1), HaNode::Online);
    assert!(said(&view, emptied(true)).contains("taken out of maintenance by somebody else"));
}

#[test]
fn maintenance_is_asked_for_in_a_script_of_its_own() {
    let quoted = NodeName::new("pve'1");
    let minute = Duration::from_secs(60);
    let script = maintenance::script(&quoted, Maintenance::Enable, minute).text;
    let line = script
        .lines()
        .find(|line| line.starts_with("r maintenance"));
    insta::assert_snapshot!(line.unwrap(), @r"r maintenance 55 ha-manager crm-command node-maintenance enable 'pve'\''1'");
    let off = maintenance::command(&node(1), Maintenance::Disable);
    insta::assert_snapshot!(off, @"ha-manager crm-command node-maintenance disable 'pve1'");
    for (answer, wanted) in [
        ("@maintenance 0 0\n\n@end 0 0\n\n", "Ok(Ok(()))"),
        (
            "@maintenance 127 9\nnot found\n@end 0 0\n\n",
            "Ok(Err(\"ha-manager ended with status 127: not found\"))",
        ),
        ("@end 0 0\n\n", "Err(Lacks(\"maintenance\"))"),
    ] {
        let answer = format!("@hospes-patch 1 0\n\n{answer}");
        assert_eq!(
            format!("{:?}", maintenance::parse(answer.as_bytes())),
            wanted
        );
    }
}

#[test]
fn what_is_left_is_told_in_one_line() {
    let left = Left {
        maintenance: true,
        noout: true,
        away: vec![(101, node(2)), (104, node(3))],
        stopped: vec![103],
    };
    insta::assert_snapshot!(left, @"in maintenance, noout set, away: 101 (pve2), 104 (pve3), shut down: 103");
    assert!(Left::default().is_nothing() && !left.is_nothing());
}

#[test]
fn refusals_are_stored_and_read_again() {
    let mut view = view();
    view.votes = Seen::Read(votes("1 1 1o", None, Qdevice::Absent));
    view.ceph = Seen::Read(ceph(vec![check("OSD_DOWN", Severity::Error)], "in in"));
    view.tasks = Seen::Read(vec![task("vzdump")]);
    let refusals = refusals(&view, BEGIN);
    assert_eq!(refusals.len(), 4);
    let text = serde_json::to_string(&refusals).unwrap();
    let read: Vec<Refusal> = serde_json::from_str(&text).unwrap();
    assert_eq!(read, refusals);
}
