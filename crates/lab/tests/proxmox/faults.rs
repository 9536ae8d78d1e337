//! What is made to go wrong, as a client sees it.

use std::time::Duration;

use lab::proxmox::{Fault, Simulated};
use serde_json::Value;

use crate::{BOOT_ID, Cluster};

async fn three() -> Cluster {
    let cluster = Cluster::of(&["a", "b", "c"]).await;
    for (node, vmid) in [("a", 100), ("b", 101)] {
        cluster.add(node, vmid, Simulated::new(BOOT_ID));
    }
    cluster
}

fn status_of<'a>(rows: &'a Value, id: &str) -> &'a str {
    let mut rows = rows.as_array().unwrap().iter();
    rows.find(|row| row["id"] == id).unwrap()["status"]
        .as_str()
        .unwrap()
}

#[tokio::test]
async fn an_unreachable_node_refuses_and_others_say_so_until_it_is_back() {
    let mut cluster = three().await;
    let (a, b) = (cluster.client("a"), cluster.client("b"));
    let port_before = cluster.proxmox.endpoints();
    assert_eq!(b.get("/version").await.status, 200);
    cluster
        .proxmox
        .fault(Fault::NodeUnreachable("b".to_owned()))
        .unwrap();
    let refused = b.try_ask("GET", "/version", "").await.unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    let proxied = a.get("/nodes/b/qemu/101/status/current").await;
    assert_eq!(
        (proxied.status, proxied.reason.as_str()),
        (595, "No route to host")
    );
    let rows = a.get("/cluster/resources").await.data();
    assert_eq!(status_of(&rows, "node/b"), "offline");
    assert_eq!(status_of(&rows, "qemu/101"), "unknown");
    assert_eq!(status_of(&rows, "qemu/100"), "running");
    cluster.proxmox.clear().unwrap();
    assert_eq!(cluster.proxmox.endpoints(), port_before);
    assert_eq!(b.get("/version").await.status, 200);
}

#[tokio::test]
async fn without_quorum_nothing_starts_whether_told_so_or_lost_with_nodes() {
    for faults in [
        vec![Fault::NoQuorum],
        vec![
            Fault::NodeUnreachable("b".to_owned()),
            Fault::NodeUnreachable("c".to_owned()),
        ],
    ] {
        let mut cluster = three().await;
        for fault in faults {
            cluster.proxmox.fault(fault).unwrap();
        }
        let client = cluster.client("a");
        let rows = client.get("/cluster/status").await.data();
        assert_eq!(
            (&rows[0]["type"], &rows[0]["quorate"]),
            (&"cluster".into(), &0.into())
        );
        let refused = client.post("/nodes/a/qemu/100/status/start", "").await;
        assert_eq!(
            (refused.status, refused.reason.as_str()),
            (500, "cluster not ready - no quorum?")
        );
    }
}

#[tokio::test]
async fn a_rotated_certificate_is_another_one_and_ends_connections() {
    let mut cluster = three().await;
    let (before, client) = (cluster.proxmox.fingerprint("a"), cluster.client("a"));
    assert!(cluster.proxmox.toml().contains(&before));
    cluster
        .proxmox
        .fault(Fault::RotateCertificate("a".to_owned()))
        .unwrap();
    assert!(client.try_ask("GET", "/version", "").await.is_err());
    assert_eq!(cluster.client("a").get("/version").await.status, 200);
    let after = cluster.proxmox.fingerprint("a");
    assert_ne!(before, after);
    let nodes = cluster.client("b").get("/nodes").await.data();
    assert_eq!(nodes[0]["ssl_fingerprint"], after);
}

#[tokio::test]
async fn a_slow_worker_delays_the_calls_of_its_node_only() {
    let mut cluster = three().await;
    let delay = Duration::from_secs(5);
    cluster
        .proxmox
        .fault(Fault::SlowWorker("b".to_owned(), delay))
        .unwrap();
    let client = cluster.client("a");
    assert!(client.get("/nodes/b/qemu/101/status/current").await.took >= delay);
    assert!(client.get("/nodes/a/qemu/100/status/current").await.took < delay);
}

#[tokio::test]
async fn a_held_operation_lock_is_waited_for() {
    let mut cluster = three().await;
    let held = Duration::from_secs(5);
    cluster
        .proxmox
        .fault(Fault::OperationLock(100, held))
        .unwrap();
    let client = cluster.client("a");
    let upid = client
        .post("/nodes/a/qemu/100/status/shutdown", "")
        .await
        .upid();
    let (status, lines) = client.end_of("a", &upid).await;
    assert_eq!(status, "OK");
    assert_eq!(lines, ["trying to acquire lock...", " OK", "TASK OK"]);
}

#[tokio::test]
async fn a_killed_task_ends_unexpectedly_and_the_guest_powers_off_all_the_same() {
    let mut cluster = Cluster::of(&["a"]).await;
    cluster.add(
        "a",
        100,
        Simulated::new(BOOT_ID).shuts_down_in(Duration::from_secs(6)),
    );
    cluster.proxmox.fault(Fault::KillTask(100)).unwrap();
    let client = cluster.client("a");
    let upid = client
        .post("/nodes/a/qemu/100/status/shutdown", "")
        .await
        .upid();
    assert_eq!(client.end_of("a", &upid).await.0, "unexpected status");
    assert!(cluster.proxmox.is_running(100));
    cluster.until_running(100, false).await;
}

#[tokio::test]
async fn answers_of_8_4_have_no_message_and_another_privilege() {
    let mut cluster = three().await;
    cluster.proxmox.fault(Fault::Answers84).unwrap();
    let client = cluster.client("a");
    assert_eq!(client.get("/version").await.data()["release"], "8.4");
    let failed = client.get("/nodes/a/qemu/999/config").await;
    let words = "Configuration file 'nodes/a/qemu-server/999.conf' does not exist";
    assert_eq!((failed.status, failed.reason.as_str()), (500, words));
    assert_eq!(failed.body, r#"{"data":null}"#);
    cluster
        .proxmox
        .fault(Fault::TokenWithout("VM.Monitor".to_owned()))
        .unwrap();
    let refused = client.post("/nodes/a/qemu/100/agent/ping", "").await;
    assert_eq!(
        refused.reason,
        "Permission check failed (/vms/100, VM.Monitor)"
    );
    let held = client.get("/access/permissions?path=/vms/100").await.data();
    assert!(
        held["/vms/100"].get("VM.GuestAgent.Audit").is_none(),
        "{held}"
    );
}

#[tokio::test]
async fn answers_of_a_later_release_have_unknown_kinds_and_fields() {
    let mut cluster = three().await;
    cluster.proxmox.fault(Fault::UnknownEnum).unwrap();
    let client = cluster.client("a");
    let rows = client.get("/cluster/resources").await.data();
    assert!(
        rows.as_array()
            .unwrap()
            .iter()
            .any(|row| row["type"] == "teapot")
    );
    let status = client.get("/nodes/a/qemu/100/status/current").await.data();
    assert_eq!(status["status"], "running");
    assert!(status.get("introduced-in-10").is_some());
}
