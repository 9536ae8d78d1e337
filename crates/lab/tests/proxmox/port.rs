//! The product's view of a cluster around a node, and what it does there, against the lab's.

use std::sync::Arc;
use std::time::Duration;

use conditions::NodeName;
use hypervisor_proxmox::{Client, Cluster as ProductCluster, ProxmoxNodes};
use lab::proxmox::{
    Ceph, Fault, GuestSettings, HaSettings, NodeUpdate, ReplicationJob, Simulated, TaskInFlight,
};
use patch::node::facts::{
    Ceph as SeenCeph, GuestKind, GuestStatus, HaNode, Qdevice, Seen, View, Votes,
};
use patch::node::{ClusterError, Migration, Mover, NodeCluster, Transfer};
use pve::{ClusterSettings, Credentials, Endpoint, SecretSource, Trust};

use crate::{BOOT_ID, Cluster};

/// Nothing here takes this long.
const DEADLINE: Duration = Duration::from_secs(30);

const LIVE: Transfer = Transfer::Live {
    with_local_disks: false,
};

/// The product's client of a cluster, with its certificates pinned.
pub(crate) fn product(cluster: &Cluster) -> Arc<ProductCluster> {
    let proxmox = &cluster.proxmox;
    let endpoint = |(_, address): (String, String)| {
        let (host, port) = address.split_once(':').unwrap();
        Endpoint {
            host: host.to_owned(),
            port: port.parse().unwrap(),
        }
    };
    let pin = |node: &String| -> [u8; 32] {
        let shown = proxmox.fingerprint(node);
        let bytes = shown
            .split(':')
            .map(|it| u8::from_str_radix(it, 16).unwrap());
        bytes.collect::<Vec<_>>().try_into().unwrap()
    };
    let settings = ClusterSettings {
        name: "lab".to_owned(),
        endpoints: proxmox.endpoints().into_iter().map(endpoint).collect(),
        trust: Trust::Pinned(proxmox.nodes().iter().map(pin).collect()),
        credentials: Credentials::Token {
            id: proxmox.token_id().to_owned(),
            secret: SecretSource::File(proxmox.token_file()),
        },
        call: Duration::from_secs(20),
    };
    Arc::new(ProductCluster::new(Arc::new(Client::new(settings))))
}

fn nodes(cluster: &Cluster) -> ProxmoxNodes {
    ProxmoxNodes::new(product(cluster))
}

fn node(name: &str) -> NodeName {
    NodeName::new(name)
}

fn migration(vmid: u32, from: &str, to: &str) -> Migration {
    Migration {
        guest: Mover {
            vmid,
            kind: GuestKind::Qemu,
            node: node(from),
        },
        target: node(to),
        transfer: LIVE,
    }
}

async fn three() -> Cluster {
    let cluster = Cluster::of(&["a", "b", "c"]).await;
    cluster.add("a", 100, Simulated::new(BOOT_ID));
    cluster.add("b", 101, Simulated::new(BOOT_ID).powered_off());
    cluster
}

async fn view(cluster: &Cluster) -> View {
    nodes(cluster).view(&node("a")).await.unwrap()
}

#[track_caller]
fn read<T: Clone>(seen: &Seen<T>) -> T {
    match seen {
        Seen::Read(value) => value.clone(),
        Seen::Unread(why) => panic!("unread: {why}"),
    }
}

/// Three nodes with a bit of everything on the first.
async fn busy() -> (Cluster, TaskInFlight) {
    let cluster = three().await;
    let proxmox = &cluster.proxmox;
    proxmox.add_container("a", 200, "proxy").unwrap();
    proxmox.set_ceph(Ceph::healthy().failing("PG_DEGRADED", "HEALTH_WARN", "12 pgs degraded"));
    let ha = |guest: &mut GuestSettings| guest.ha = Some(HaSettings::started());
    proxmox.configure(100, ha).unwrap();
    let mut job = ReplicationJob::new(100, "b");
    job.running = true;
    proxmox.set_replication(job);
    let update = NodeUpdate {
        package: "pve-manager".to_owned(),
        from: "9.2.10".to_owned(),
        to: "9.2.11".to_owned(),
    };
    proxmox.set_updates("a", vec![update]).unwrap();
    let backup = proxmox.put_in_flight("a", "vzdump", 100).unwrap();
    (cluster, backup)
}

#[tokio::test]
async fn the_cluster_around_a_node_is_in_its_view() {
    let (cluster, _backup) = busy().await;
    let seen = view(&cluster).await;
    let members = read(&seen.nodes);
    assert_eq!(members.len(), 3);
    let all_there = members.iter().all(|it| it.online && it.memory.is_some());
    assert!(all_there, "{members:?}");
    let Votes::Cluster {
        voters,
        quorate,
        qdevice,
        ..
    } = read(&seen.votes)
    else {
        panic!("{:?}", seen.votes);
    };
    let all_vote = voters.iter().all(|it| it.online && it.votes == Some(1));
    assert!(voters.len() == 3 && all_vote, "{voters:?}");
    assert_eq!((quorate, qdevice), (Some(true), Qdevice::Absent));
    let SeenCeph::Present {
        checks,
        noout,
        monitors,
        osd_nodes,
    } = read(&seen.ceph)
    else {
        panic!("{:?}", seen.ceph);
    };
    let checks: Vec<_> = checks.iter().map(|it| it.name.as_str()).collect();
    assert_eq!((checks, noout), (vec!["PG_DEGRADED"], false));
    let all_decide = monitors.iter().all(|it| it.in_quorum);
    assert!(monitors.len() == 3 && all_decide, "{monitors:?}");
    assert_eq!(osd_nodes, ["a", "b", "c"].map(node));
    let service = &read(&seen.ha).services[0];
    assert_eq!((&*service.sid, &*service.state), ("vm:100", "started"));
}

#[tokio::test]
async fn what_a_node_does_and_carries_is_in_its_view() {
    let (cluster, backup) = busy().await;
    let seen = view(&cluster).await;
    let tasks = read(&seen.tasks);
    let [task] = &tasks[..] else {
        panic!("{tasks:?}");
    };
    assert_eq!(task.upid, backup.upid());
    assert_eq!((&*task.kind, task.id.as_deref()), ("vzdump", Some("100")));
    let job = &read(&seen.replication)[0];
    assert_eq!((job.source.as_str(), job.target.as_str()), ("a", "b"));
    assert!(job.running && job.last_sync.is_some(), "{job:?}");
    let guests = read(&seen.guests);
    let shown = guests.iter();
    let shown: Vec<_> = shown
        .map(|it| (it.vmid, it.kind, it.node.as_str(), &it.status))
        .collect();
    assert_eq!(
        shown,
        [
            (100, GuestKind::Qemu, "a", &GuestStatus::Running),
            (101, GuestKind::Qemu, "b", &GuestStatus::Stopped),
            (200, GuestKind::Lxc, "a", &GuestStatus::Running),
        ]
    );
    assert_eq!(guests[0].memory, 256 << 20);
    let software = read(&seen.software);
    assert_eq!(software.kernel.as_deref(), Some("6.17.2-1-pve"));
    assert_eq!(software.updates[0].to, "9.2.11");
}

#[tokio::test]
async fn a_node_that_is_down_leaves_its_own_part_unread_and_the_others_answer() {
    let cluster = three().await;
    let nodes = nodes(&cluster);
    nodes.view(&node("a")).await.unwrap();
    cluster.proxmox.shut_node_down("a").unwrap();
    let seen = nodes.view(&node("a")).await.unwrap();
    let away = read(&seen.nodes)
        .into_iter()
        .find(|it| it.name == node("a"))
        .unwrap();
    assert!(!away.online && away.memory.is_none(), "{away:?}");
    for why in [seen.tasks.known().err(), seen.software.known().err()] {
        assert!(why.unwrap().contains("595"), "{why:?}");
    }
    let guests = read(&seen.guests);
    assert_eq!(guests[0].status, GuestStatus::Other("unknown".to_owned()));
    assert!(seen.replication.read().is_some());
    cluster.proxmox.boot_node("a", "6.17.4-1-pve").unwrap();
    let seen = nodes.view(&node("a")).await.unwrap();
    assert_eq!(read(&seen.software).kernel.as_deref(), Some("6.17.4-1-pve"));
}

#[tokio::test]
async fn a_privilege_that_is_missing_is_named_in_the_part_that_lacks_it() {
    let mut cluster = three().await;
    cluster
        .proxmox
        .fault(Fault::TokenWithout("Sys.Modify".to_owned()))
        .unwrap();
    let seen = view(&cluster).await;
    let why = seen.software.known().unwrap_err();
    assert!(
        why.contains("Permission check failed (/nodes/a, Sys.Modify)"),
        "{why}"
    );
    assert!(!why.contains('\n'), "{why}");
    cluster
        .proxmox
        .fault(Fault::TokenWithout("Sys.Audit".to_owned()))
        .unwrap();
    let seen = view(&cluster).await;
    for part in [
        seen.nodes.known().err(),
        seen.votes.known().err(),
        seen.ha.known().err(),
    ] {
        assert!(part.unwrap().contains("(/, Sys.Audit)"), "{part:?}");
    }
}

#[tokio::test]
async fn without_any_node_there_is_no_view() {
    let cluster = three().await;
    let nodes = nodes(&cluster);
    for name in ["a", "b", "c"] {
        cluster.proxmox.shut_node_down(name).unwrap();
    }
    let error = nodes.view(&node("a")).await.unwrap_err();
    assert!(matches!(error, ClusterError::Unreachable(_)), "{error:?}");
}

#[tokio::test]
async fn a_standalone_node_decides_alone() {
    let cluster = Cluster::single().await;
    let seen = nodes(&cluster).view(&node("vm")).await.unwrap();
    assert_eq!(read(&seen.votes), Votes::Standalone);
    assert_eq!(read(&seen.nodes).len(), 1);
    assert_eq!(read(&seen.ceph), SeenCeph::Absent);
    assert!(read(&seen.ha).nodes.is_empty() && read(&seen.ha).services.is_empty());
}

#[tokio::test]
async fn an_arbiter_and_uneven_votes_are_in_the_view() {
    let cluster = Cluster::shaped(&["a", "b"], |it| it.votes("b", 2).qdevice()).await;
    let seen = nodes(&cluster).view(&node("a")).await.unwrap();
    let Votes::Cluster {
        voters, qdevice, ..
    } = read(&seen.votes)
    else {
        panic!("{:?}", seen.votes);
    };
    assert_eq!(
        voters.iter().map(|it| it.votes).collect::<Vec<_>>(),
        [Some(1), Some(2)]
    );
    assert_eq!(
        qdevice,
        Qdevice::Votes {
            votes: 1,
            alive: Some(true)
        }
    );
}

#[tokio::test]
async fn answers_of_a_later_release_are_read() {
    let mut cluster = three().await;
    cluster
        .proxmox
        .set_ceph(Ceph::healthy().failing("TEA_COLD", "HEALTH_LUKEWARM", "x"));
    cluster.proxmox.fault(Fault::UnknownEnum).unwrap();
    let seen = view(&cluster).await;
    assert_eq!(read(&seen.nodes).len(), 3);
    assert_eq!(read(&seen.guests).len(), 2);
    read(&seen.ceph);
    read(&seen.software);
}

#[tokio::test]
async fn a_guest_moves_and_moving_it_again_does_nothing() {
    let cluster = three().await;
    let nodes = nodes(&cluster);
    let told = nodes
        .preconditions(&migration(100, "a", "b").guest, &node("b"))
        .await
        .unwrap();
    assert!(
        told.running && told.local_disks.is_empty() && told.allowed.is_none(),
        "{told:?}"
    );
    nodes
        .migrate(&migration(100, "a", "b"), DEADLINE)
        .await
        .unwrap();
    assert_eq!(cluster.proxmox.node_of(100).as_deref(), Some("b"));
    nodes
        .migrate(&migration(100, "a", "b"), DEADLINE)
        .await
        .unwrap();
    let posts = cluster.proxmox.requests();
    let posts = posts.iter().filter(|it| it.method == "POST").count();
    assert_eq!(posts, 1);
    let error = nodes
        .migrate(&migration(100, "a", "c"), DEADLINE)
        .await
        .unwrap_err();
    assert_eq!(
        error,
        ClusterError::Refused("VM 100 is on b by now, not on a; look again".to_owned())
    );
}

#[tokio::test]
async fn a_container_moves_by_a_restart() {
    let cluster = three().await;
    cluster.proxmox.add_container("a", 200, "proxy").unwrap();
    let mut migration = migration(200, "a", "c");
    migration.guest.kind = GuestKind::Lxc;
    migration.transfer = Transfer::Restart {
        shutdown: Duration::from_secs(30),
    };
    let nodes = nodes(&cluster);
    let told = nodes
        .preconditions(&migration.guest, &node("c"))
        .await
        .unwrap();
    assert!(told.running, "{told:?}");
    nodes.migrate(&migration, DEADLINE).await.unwrap();
    assert_eq!(cluster.proxmox.node_of(200).as_deref(), Some("c"));
}

#[tokio::test]
async fn a_failed_task_is_a_refusal_in_its_own_words() {
    let mut cluster = three().await;
    cluster.proxmox.fault(Fault::MigrationFails(100)).unwrap();
    let nodes = nodes(&cluster);
    let error = nodes
        .migrate(&migration(100, "a", "b"), DEADLINE)
        .await
        .unwrap_err();
    let ClusterError::Refused(words) = &error else {
        panic!("{error:?}");
    };
    assert!(
        words.starts_with("VM 100 did not move to b: migration aborted ("),
        "{words}"
    );
    assert!(
        words.contains("online migrate failure") && words.contains("UPID:a:"),
        "{words}"
    );
    cluster
        .proxmox
        .fault(Fault::ConfigLock(100, "backup".to_owned()))
        .unwrap();
    let error = nodes
        .migrate(&migration(100, "a", "b"), DEADLINE)
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("VM is locked (backup)"),
        "{error}"
    );
    cluster
        .proxmox
        .configure(100, |it| it.local_resources = vec!["usb0".to_owned()])
        .unwrap();
    let told = nodes
        .preconditions(&migration(100, "a", "b").guest, &node("b"))
        .await
        .unwrap();
    assert_eq!(told.local_resources, ["usb0"]);
}

#[tokio::test]
async fn a_killed_task_and_one_that_goes_on_leave_the_move_unknown() {
    let mut cluster = Cluster::shaped(&["a", "b"], |it| it.migration(DEADLINE)).await;
    cluster.add("a", 100, Simulated::new(BOOT_ID));
    let nodes = nodes(&cluster);
    let moving = migration(100, "a", "b");
    let error = nodes
        .migrate(&moving, Duration::from_secs(2))
        .await
        .unwrap_err();
    assert!(
        matches!(&error, ClusterError::Unknown(words) if words.contains("it goes on")),
        "{error:?}"
    );
    // The next one finds the task of the first, which is killed under it.
    let (again, ()) = tokio::join!(nodes.migrate(&moving, DEADLINE), async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        cluster.proxmox.fault(Fault::KillTask(100)).unwrap();
    });
    let error = again.unwrap_err();
    assert!(
        error.to_string().contains("VM is locked (migrate)"),
        "{error}"
    );
    let posts = cluster.proxmox.requests();
    let posts: Vec<_> = posts.iter().filter(|it| it.method == "POST").collect();
    assert_eq!(posts.len(), 2, "{posts:?}");
}

#[tokio::test]
async fn a_managed_guest_has_moved_when_it_is_there_and_not_when_its_task_has_ended() {
    let cluster = three().await;
    let only = HaSettings::started().only_on(&["a", "b"]);
    cluster
        .proxmox
        .configure(100, |guest| guest.ha = Some(only))
        .unwrap();
    let nodes = nodes(&cluster);
    nodes
        .migrate(&migration(100, "a", "b"), DEADLINE)
        .await
        .unwrap();
    assert_eq!(cluster.proxmox.node_of(100).as_deref(), Some("b"));
    let error = nodes
        .migrate(&migration(100, "b", "c"), Duration::from_secs(4))
        .await
        .unwrap_err();
    let words = error.to_string();
    assert!(matches!(error, ClusterError::Unknown(_)), "{words}");
    assert!(
        words.contains("it ended well, and the guest is on b"),
        "{words}"
    );
}

#[tokio::test]
async fn maintenance_is_seen_while_guests_leave() {
    let cluster = three().await;
    cluster
        .proxmox
        .configure(100, |guest| guest.ha = Some(HaSettings::started()))
        .unwrap();
    cluster.proxmox.set_maintenance("a", true).unwrap();
    let nodes = nodes(&cluster);
    loop {
        let ha = read(&nodes.view(&node("a")).await.unwrap().ha);
        if ha.nodes.get(&node("a")) == Some(&HaNode::Maintenance)
            && ha.services[0].node != node("a")
        {
            return;
        }
    }
}

#[tokio::test]
async fn noout_is_as_asked_when_the_call_returns_and_asked_for_once() {
    let mut cluster = three().await;
    let nodes = nodes(&cluster);
    let error = nodes.set_noout(true).await.unwrap_err();
    assert!(matches!(error, ClusterError::Refused(_)), "{error:?}");
    cluster.proxmox.set_ceph(Ceph::healthy());
    for wanted in [true, true, false] {
        nodes.set_noout(wanted).await.unwrap();
        assert_eq!(cluster.proxmox.ceph().unwrap().noout, wanted);
    }
    let puts = cluster.proxmox.requests();
    assert_eq!(puts.iter().filter(|it| it.method == "PUT").count(), 2);
    cluster
        .proxmox
        .fault(Fault::TokenWithout("Sys.Modify".to_owned()))
        .unwrap();
    let error = nodes.set_noout(true).await.unwrap_err();
    assert!(
        matches!(&error, ClusterError::Refused(words) if words.contains("Sys.Modify")),
        "{error:?}"
    );
}
