//! What is known of a move and of `noout` when answers are lost.

use conditions::NodeName;
use hypervisor_proxmox::ProxmoxNodes;
use patch::node::facts::GuestKind;
use patch::node::{ClusterError, Migration, Mover, NodeCluster, Transfer};

use super::*;

const MIGRATE: &str = "POST /nodes/node1/qemu/101/migrate";
const TASKS: &str = "GET /nodes/node1/tasks";
const NOOUT: &str = "/cluster/ceph/flags/noout";
const UPID: &str = "UPID:node1:000039E7:0003E78F:6B01F564:qmigrate:101:root@pam!t1:";

async fn nodes() -> (Server, ProxmoxNodes) {
    let server = Server::new().await;
    server.on(
        "GET /cluster/resources",
        [Reply::Data(row("qemu", "node1"))],
    );
    server.on(TASKS, [Reply::Data(json!([]))]);
    let cluster = Cluster::new(Arc::new(Client::new(server.settings())));
    (server, ProxmoxNodes::new(Arc::new(cluster)))
}

fn migration() -> Migration {
    Migration {
        guest: Mover {
            vmid: 101,
            kind: GuestKind::Qemu,
            node: NodeName::new("node1"),
        },
        target: NodeName::new("node2"),
        transfer: Transfer::Live {
            with_local_disks: true,
        },
    }
}

fn ends(server: &Server, exit: &str) {
    let status = json!({"status": "stopped", "exitstatus": exit});
    let path = format!("/nodes/node1/tasks/{UPID}");
    let encoded = path
        .replace(':', "%3A")
        .replace('@', "%40")
        .replace('!', "%21");
    for path in [path, encoded] {
        server.on(&format!("GET {path}/status"), [Reply::Data(status.clone())]);
        server.on(&format!("GET {path}/log"), [Reply::Data(json!([]))]);
    }
}

fn places<const N: usize>(server: &Server, nodes: [&str; N]) {
    let rows = nodes.map(|node| Reply::Data(row("qemu", node)));
    server.on("GET /cluster/resources", rows);
}

async fn moved(server: &Server, nodes: &ProxmoxNodes) -> Result<(), ClusterError> {
    let moved = nodes.migrate(&migration(), DEADLINE).await;
    assert_eq!(server.asked(MIGRATE).len(), 1, "it is asked for once");
    moved
}

#[tokio::test]
async fn a_move_is_asked_for_with_its_target_and_its_disks() {
    let (server, nodes) = nodes().await;
    server.on(MIGRATE, [Reply::Data(json!(UPID))]);
    ends(&server, "OK");
    places(&server, ["node1", "node1", "node2"]);
    moved(&server, &nodes).await.expect("a move");
    let asked = server.asked(MIGRATE).concat();
    for parameter in ["target=node2", "online=1", "with-local-disks=1"] {
        assert!(asked.contains(parameter), "{asked}");
    }
    assert!(!asked.contains("force"), "{asked}");
}

#[tokio::test]
async fn a_task_whose_id_was_lost_is_found_and_followed() {
    let (server, nodes) = nodes().await;
    server.on(MIGRATE, [Reply::Hangup]);
    let task = json!([{"upid": UPID, "type": "qmigrate", "id": "101", "user": "root@pam", "starttime": 1}]);
    server.on(TASKS, [Reply::Data(json!([])), Reply::Data(task)]);
    ends(&server, "OK");
    places(&server, ["node1", "node2"]);
    moved(&server, &nodes).await.expect("a move");
}

#[tokio::test]
async fn a_move_whose_answer_was_lost_is_known_by_where_the_guest_is() {
    let (server, nodes) = nodes().await;
    server.on(MIGRATE, [Reply::Hangup]);
    places(&server, ["node1", "node2"]);
    moved(&server, &nodes).await.expect("a move");
}

#[tokio::test]
async fn a_move_that_leaves_no_trace_is_unknown() {
    let (server, nodes) = nodes().await;
    for reply in [Reply::Hangup, Reply::Failure(596, "Broken pipe")] {
        let before = server.asked(MIGRATE).len();
        server.on(MIGRATE, [reply]);
        let error = nodes
            .migrate(&migration(), DEADLINE)
            .await
            .expect_err("a loss");
        assert!(
            matches!(&error, ClusterError::Unknown(words) if words.contains("VM 101 to node2")),
            "{error:?}"
        );
        assert_eq!(server.asked(MIGRATE).len(), before + 1);
    }
}

#[tokio::test]
async fn a_node_that_was_not_reached_was_not_asked() {
    let (server, nodes) = nodes().await;
    server.on(MIGRATE, [Reply::Failure(595, "No route to host")]);
    let error = moved(&server, &nodes).await.expect_err("no node");
    assert!(matches!(error, ClusterError::Unreachable(_)), "{error:?}");
    server.on(
        MIGRATE,
        [Reply::Failure(
            403,
            "Permission check failed (/vms/101, VM.Migrate)",
        )],
    );
    let error = nodes
        .migrate(&migration(), DEADLINE)
        .await
        .expect_err("a refusal");
    assert!(matches!(error, ClusterError::Refused(_)), "{error:?}");
}

#[tokio::test]
async fn a_failed_task_with_the_guest_at_the_target_is_unknown() {
    let (server, nodes) = nodes().await;
    server.on(MIGRATE, [Reply::Data(json!(UPID))]);
    ends(&server, "migration problems");
    places(&server, ["node1", "node2"]);
    let error = moved(&server, &nodes).await.expect_err("problems");
    let words = error.to_string();
    assert!(matches!(error, ClusterError::Unknown(_)), "{words}");
    assert!(
        words.contains("it failed (migration problems), and the guest is on node2"),
        "{words}"
    );
    assert!(words.contains("`qm status 101`"), "{words}");
}

#[tokio::test]
async fn a_guest_that_is_not_there_is_not_asked_to_move() {
    let (server, nodes) = nodes().await;
    server.on("GET /cluster/resources", [Reply::Data(json!([]))]);
    let error = nodes
        .migrate(&migration(), DEADLINE)
        .await
        .expect_err("no guest");
    assert!(matches!(error, ClusterError::Refused(_)), "{error:?}");
    assert!(server.asked(MIGRATE).is_empty());
}

#[tokio::test]
async fn a_flag_whose_answer_was_lost_is_looked_at() {
    for (after, is_known) in [(1, true), (0, false)] {
        let (server, nodes) = nodes().await;
        server.on(&format!("PUT {NOOUT}"), [Reply::Hangup]);
        let looks = [Reply::Data(json!(0)), Reply::Data(json!(after))];
        server.on(&format!("GET {NOOUT}"), looks);
        let set = nodes.set_noout(true).await;
        assert_eq!(set.is_ok(), is_known, "{set:?}");
        assert!(
            is_known || matches!(set, Err(ClusterError::Unknown(_))),
            "{set:?}"
        );
        assert_eq!(server.asked("PUT").len(), 1);
    }
}
