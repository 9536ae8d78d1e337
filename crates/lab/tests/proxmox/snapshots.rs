//! Snapshots as the API has them, and as the product does them.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use conditions::{GuestId, NodeName, Timestamp};
use hypervisor_proxmox::{Place, ProxmoxHypervisor};
use lab::proxmox::{AgentState, Fault, Simulated};
use lifecycle::gate::RollbackOrder;
use lifecycle::ports::{Hypervisor, HypervisorError, SnapshotName, Snapshots};

use crate::port::product;
use crate::{BOOT_ID, Cluster};

const SNAPSHOT: &str = "/nodes/vm/qemu/100/snapshot";
const DEADLINE: Duration = Duration::from_secs(30);

fn guest() -> GuestId {
    "web1".parse().unwrap()
}

fn name() -> SnapshotName {
    "hospes-7".parse().unwrap()
}

/// The product's backend for guest 100, which it thinks is on this node.
fn backend(cluster: &Cluster, node: &str) -> ProxmoxHypervisor {
    let place = Place {
        vmid: 100,
        node: NodeName::new(node),
    };
    ProxmoxHypervisor::new(product(cluster), BTreeMap::from([(guest(), place)]))
}

async fn order(backend: &ProxmoxHypervisor) -> RollbackOrder {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let seen = backend.observe(&guest()).await.unwrap();
    let now = Timestamp::from_millis(now.as_millis().try_into().unwrap());
    RollbackOrder::for_stopped(&seen, name(), now).unwrap()
}

#[tokio::test]
async fn the_product_takes_lists_goes_back_and_deletes_and_cuts_no_power() {
    let cluster = Cluster::single().await;
    let backend = backend(&cluster, "vm");
    let taken = backend
        .take(&guest(), &name(), "before", DEADLINE)
        .await
        .unwrap();
    assert!(!taken.was_there && taken.at.is_some(), "{taken:?}");
    let again = backend
        .take(&guest(), &name(), "before", DEADLINE)
        .await
        .unwrap();
    assert!(again.was_there && again.at == taken.at, "{again:?}");
    let listed = backend.list(&guest(), DEADLINE).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert!(listed[0].own() == Some(name()) && listed[0].is_whole);
    let rows = cluster.client("vm").get(SNAPSHOT).await.data();
    assert_eq!(rows[0]["description"], "before");
    assert_eq!(
        (&rows[1]["name"], &rows[1]["parent"]),
        (&"current".into(), &"hospes-7".into())
    );

    let client = cluster.client("vm");
    let off = client
        .post("/nodes/vm/qemu/100/status/shutdown", "timeout=10")
        .await;
    assert_eq!(client.end_of("vm", &off.upid()).await.0, "OK");
    backend
        .rollback(order(&backend).await, DEADLINE)
        .await
        .unwrap();
    assert!(!cluster.proxmox.is_running(100));
    for _ in 0..2 {
        backend.delete(&guest(), &name(), DEADLINE).await.unwrap();
    }
    assert!(backend.list(&guest(), DEADLINE).await.unwrap().is_empty());
    let refused = backend.rollback(order(&backend).await, DEADLINE).await;
    assert!(
        matches!(refused, Err(HypervisorError::Refused(_))),
        "{refused:?}"
    );
    assert_eq!(cluster.proxmox.power_cuts(), 0);
    let asked = cluster.proxmox.requests().into_iter();
    let sent: Vec<_> = asked
        .filter(|it| it.path.contains("/snapshot") && it.method != "GET")
        .flat_map(|it| it.parameters)
        .map(|(key, _)| key)
        .collect();
    assert_eq!(sent, ["snapname", "description"]);
}

#[tokio::test]
async fn a_guest_that_moved_is_found_where_it_is() {
    let cluster = Cluster::of(&["a", "b"]).await;
    cluster.add("b", 100, Simulated::new(BOOT_ID));
    let backend = backend(&cluster, "a");
    assert!(backend.take(&guest(), &name(), "", DEADLINE).await.is_ok());
}

#[tokio::test]
async fn the_product_tells_locks_lost_tasks_and_missing_privileges() {
    let mut cluster = Cluster::single().await;
    let backend = backend(&cluster, "vm");
    let proxmox = &mut cluster.proxmox;
    proxmox
        .fault(Fault::ConfigLock(100, "backup".to_owned()))
        .unwrap();
    let error = backend
        .take(&guest(), &name(), "", DEADLINE)
        .await
        .unwrap_err();
    let HypervisorError::Refused(words) = error else {
        panic!("{error:?}")
    };
    assert!(words.contains("VM is locked (backup); wait"), "{words}");
    proxmox.clear().unwrap();

    proxmox
        .fault(Fault::TokenWithout("VM.Snapshot".to_owned()))
        .unwrap();
    let error = backend
        .take(&guest(), &name(), "", DEADLINE)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("VM.Snapshot"), "{error}");
    proxmox.clear().unwrap();

    proxmox.fault(Fault::KillTask(100)).unwrap();
    let error = backend
        .take(&guest(), &name(), "", DEADLINE)
        .await
        .unwrap_err();
    assert!(matches!(error, HypervisorError::TimedOut(_)), "{error:?}");
    let listed = backend.list(&guest(), DEADLINE).await.unwrap();
    assert!(!listed[0].is_whole, "{listed:?}");
}

#[tokio::test]
async fn the_words_for_names_that_are_taken_reserved_or_none() {
    let cluster = Cluster::single().await;
    let client = cluster.client("vm");
    let first = client.post(SNAPSHOT, "snapname=ab").await.upid();
    assert!(first.contains("qmsnapshot"), "{first}");
    assert_eq!(client.end_of("vm", &first).await.0, "OK");
    let again = client.post(SNAPSHOT, "snapname=ab").await.upid();
    assert_eq!(
        client.end_of("vm", &again).await.0,
        "snapshot name 'ab' already used"
    );
    let reserved = client.post(SNAPSHOT, "snapname=current").await;
    assert_eq!(
        reserved.reason,
        "unable to use snapshot name 'current' (reserved name)"
    );
    for wrong in ["a%20b", "1a", "a", &"a".repeat(41)] {
        let reply = client.post(SNAPSHOT, &format!("snapname={wrong}")).await;
        assert_eq!(reply.status, 400, "{reply:?}");
    }
    for (method, path) in [("DELETE", "/no"), ("POST", "/no/rollback")] {
        let upid = client
            .ask(method, &format!("{SNAPSHOT}{path}"), "")
            .await
            .upid();
        assert_eq!(
            client.end_of("vm", &upid).await.0,
            "snapshot 'no' does not exist"
        );
    }
}

#[tokio::test]
async fn going_back_under_a_running_guest_is_a_power_cut() {
    let cluster = Cluster::single().await;
    let client = cluster.client("vm");
    let upid = client.post(SNAPSHOT, "snapname=ab").await.upid();
    client.end_of("vm", &upid).await;
    let back = format!("{SNAPSHOT}/ab/rollback");
    let upid = client.post(&back, "").await.upid();
    assert!(upid.contains("qmrollback"), "{upid}");
    assert_eq!(client.end_of("vm", &upid).await.0, "OK");
    assert_eq!(
        (
            cluster.proxmox.power_cuts(),
            cluster.proxmox.is_running(100)
        ),
        (1, false)
    );
    let upid = client.post(&back, "start=1").await.upid();
    assert_eq!(client.end_of("vm", &upid).await.0, "OK");
    cluster.until_running(100, true).await;
}

#[tokio::test]
async fn file_systems_are_frozen_only_where_an_agent_answers() {
    let cluster = Cluster::single().await;
    let client = cluster.client("vm");
    let upid = client.post(SNAPSHOT, "snapname=ab").await.upid();
    let (_, lines) = client.end_of("vm", &upid).await;
    assert!(
        lines[0].starts_with("guest-fsfreeze-freeze problems"),
        "{lines:?}"
    );
    cluster.proxmox.set_agent(100, AgentState::Dead).unwrap();
    let upid = client.post(SNAPSHOT, "snapname=cd").await.upid();
    assert_eq!(client.end_of("vm", &upid).await.1, ["TASK OK"]);
}
