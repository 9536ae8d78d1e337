//! What is seen of a guest, and where.

use conditions::{ChannelDevice, RunState};
use hypervisor_proxmox::{Client, ClientError, Cluster, GuestKind};
use lifecycle::ports::{Hypervisor, HypervisorError};

use super::*;
use crate::fixture::guest;

const GONE: Reply = Reply::Failure(
    500,
    "Configuration file 'nodes/node1/qemu-server/101.conf' does not exist",
);

#[tokio::test]
async fn a_running_guest_is_seen_with_all_that_was_asked() {
    let (server, backend) = home().await;
    let seen = backend.observe(&guest()).await.unwrap();
    assert_eq!(
        (seen.node.as_str(), &seen.run_state),
        ("node1", &RunState::Running)
    );
    let present = ChannelDevice::Present {
        opened_by_guest: None,
    };
    assert_eq!((seen.lock, seen.channel_device), (None, present));
    let cluster = seen.cluster.unwrap();
    assert_eq!(
        (cluster.quorate, cluster.template, cluster.ha),
        (Some(true), false, None)
    );
    assert_eq!(
        seen.evidence,
        "status/current: running, agent 1; config current: agent=1; no pending change; \
         cluster/status: quorate"
    );
    assert_eq!(
        server.asked(&format!("GET {VM}/config")),
        [format!("GET {VM}/config current=1")]
    );
    assert!(
        server.asked("GET /cluster/ha").is_empty(),
        "asked only for managed guests"
    );
    assert!(server.asked("POST").is_empty());
}

#[tokio::test]
async fn what_keeps_a_guest_from_being_touched_is_seen() {
    let (server, backend) = home().await;
    let mut status = running();
    status["lock"] = json!("backup");
    status["qmpstatus"] = json!("paused");
    status["ha"] = json!({"managed": 1, "state": "started"});
    server.on(&format!("GET {VM}/status/current"), [Reply::Data(status)]);
    server.on(
        "GET /cluster/ha/resources/vm%3A101",
        [Reply::Data(json!({"state": "started"}))],
    );
    server.on(
        "GET /cluster/status",
        [Reply::Data(json!([{"type": "cluster", "quorate": 0}]))],
    );
    server.on(
        &format!("GET {VM}/config"),
        [Reply::Data(json!({"agent": "1", "template": 1}))],
    );
    let pending = json!([{"key": "agent", "value": "1", "pending": "0"}]);
    server.on(&format!("GET {VM}/pending"), [Reply::Data(pending)]);
    let seen = backend.observe(&guest()).await.unwrap();
    assert_eq!(seen.run_state, RunState::Other("paused".to_owned()));
    assert_eq!(seen.lock.as_deref(), Some("backup"));
    assert_eq!(
        seen.channel_device,
        ChannelDevice::Changing("agent becomes 0".to_owned())
    );
    let cluster = seen.cluster.unwrap();
    assert_eq!((cluster.quorate, cluster.template), (Some(false), true));
    assert_eq!(cluster.ha.unwrap().sid, "vm:101");
    assert_eq!(
        seen.evidence,
        "status/current: paused, agent 1; lock backup; a template; config current: agent=1; \
         pending: agent becomes 0; cluster/status: no quorum; ha: vm:101 started"
    );
}

#[tokio::test]
async fn a_resource_that_high_availability_ignores_is_not_managed() {
    let managed = json!({"status": "running", "ha": {"managed": 1, "state": "started"}});
    for (resource, expected) in [
        (Reply::Data(json!({"state": "ignored"})), None),
        (Reply::Failure(500, "no such resource 'vm:101'"), None),
        (Reply::Data(json!({"state": "disabled"})), Some("disabled")),
        (
            Reply::Failure(403, "Permission check failed (/, Sys.Audit)"),
            Some("started"),
        ),
    ] {
        let (server, backend) = home().await;
        server.on(
            &format!("GET {VM}/status/current"),
            [Reply::Data(managed.clone())],
        );
        server.on("GET /cluster/ha/resources/vm%3A101", [resource]);
        let seen = backend.observe(&guest()).await.unwrap().cluster.unwrap();
        assert_eq!(seen.ha.map(|it| it.state).as_deref(), expected);
    }
}

#[tokio::test]
async fn what_may_not_be_read_is_unknown_and_the_rest_is_seen() {
    let (server, backend) = home().await;
    let forbidden = || {
        [Reply::Failure(
            403,
            "Permission check failed (/, Sys.Audit)",
        )]
    };
    server.on("GET /cluster/status", forbidden());
    server.on(&format!("GET {VM}/pending"), forbidden());
    let seen = backend.observe(&guest()).await.unwrap();
    assert_eq!(seen.run_state, RunState::Running);
    assert_eq!(seen.cluster.unwrap().quorate, None);
    assert!(matches!(seen.channel_device, ChannelDevice::Unknown(_)));
    assert!(
        seen.evidence
            .contains("cluster/status: Permission check failed (/, Sys.Audit)")
    );
}

#[tokio::test]
async fn a_guest_that_has_moved_is_found_once_and_remembered() {
    let (server, backend) = home().await;
    for what in ["status/current", "config", "pending"] {
        server.on(&format!("GET {VM}/{what}"), [GONE]);
    }
    server.on(
        "GET /cluster/resources",
        [Reply::Data(row("qemu", "node2"))],
    );
    let there = "GET /nodes/node2/qemu/101";
    server.on(&format!("{there}/status/current"), [Reply::Data(running())]);
    server.on(
        &format!("{there}/config"),
        [Reply::Data(json!({"agent": "1"}))],
    );
    server.on(&format!("{there}/pending"), [Reply::Data(json!([]))]);
    for _ in 0..2 {
        let seen = backend.observe(&guest()).await.unwrap();
        assert_eq!(
            (seen.node.as_str(), seen.run_state),
            ("node2", RunState::Running)
        );
    }
    assert_eq!(server.asked("GET /cluster/resources").len(), 1);
    assert_eq!(server.asked(&format!("GET {VM}/status/current")).len(), 1);
}

#[tokio::test]
async fn a_guest_that_is_nowhere_is_unknown_and_a_container_is_left_alone() {
    for (resources, is_container) in [(json!([]), false), (row("lxc", "node1"), true)] {
        let (server, backend) = home().await;
        server.on(&format!("GET {VM}/status/current"), [GONE]);
        server.on("GET /cluster/resources", [Reply::Data(resources)]);
        match backend.observe(&guest()).await.unwrap_err() {
            HypervisorError::UnknownGuest(id) => assert!(!is_container && id == guest()),
            HypervisorError::Refused(why) => {
                assert!(is_container, "{why}");
                assert_eq!(
                    why,
                    "web1 (101) is a container: containers are listed and never touched"
                );
            }
            other => panic!("{other:?}"),
        }
        let touched = server
            .asked("POST")
            .into_iter()
            .chain(server.asked("GET /nodes/node1/lxc"));
        assert_eq!(touched.count(), 0);
    }
}

#[tokio::test]
async fn a_node_that_is_away_is_unreachable_and_its_guest_stays_there() {
    let (server, backend) = home().await;
    server.on(
        &format!("GET {VM}/status/current"),
        [Reply::Failure(595, "No route to host")],
    );
    let error = backend.observe(&guest()).await.unwrap_err();
    assert_eq!(
        error,
        HypervisorError::Unreachable(
            "home, node node1: the node cannot be reached (595): No route to host".to_owned()
        )
    );
}

#[tokio::test]
async fn a_refused_login_is_told_with_what_to_do() {
    let (server, backend) = home().await;
    server.on(
        &format!("GET {VM}/status/current"),
        [Reply::Failure(401, "No ticket")],
    );
    let error = backend.observe(&guest()).await.unwrap_err();
    let HypervisorError::Refused(words) = error else {
        panic!("{error:?}");
    };
    assert!(
        words.contains("No ticket") && words.contains("check the token"),
        "{words}"
    );
    assert!(!words.contains("a-secret"));
}

#[tokio::test]
async fn guests_that_are_looked_at_together_share_what_the_cluster_says() {
    let (server, backend) = home().await;
    let name = guest();
    let looks = (
        backend.observe(&name),
        backend.observe(&name),
        backend.observe(&name),
    );
    let (one, two, three) = tokio::join!(looks.0, looks.1, looks.2);
    assert!(one.is_ok() && two.is_ok() && three.is_ok());
    assert_eq!(server.asked("GET /cluster/status").len(), 1);
    assert_eq!(server.asked(&format!("GET {VM}/status/current")).len(), 3);
}

#[tokio::test]
async fn a_cluster_names_its_guests_and_containers() {
    let server = Server::new().await;
    let rows = json!([
        {"type": "lxc", "vmid": 103, "node": "node2", "status": "running"},
        {"type": "qemu", "vmid": 101, "node": "node1", "name": "web", "tags": "a;b"},
        {"type": "node", "node": "node1"},
    ]);
    let refused = Reply::Failure(403, "Permission check failed");
    server.on("GET /cluster/resources", [Reply::Data(rows), refused]);
    let cluster = Cluster::new(Arc::new(Client::new(server.settings())));
    let found = cluster.discover().await.unwrap();
    let kinds: Vec<_> = found.iter().map(|it| (it.vmid, it.kind)).collect();
    assert_eq!(kinds, [(101, GuestKind::Qemu), (103, GuestKind::Lxc)]);
    assert_eq!(server.asked("GET"), ["GET /cluster/resources type=vm"]);
    assert!(matches!(cluster.discover().await, Err(ClientError::Api(_))));
}
