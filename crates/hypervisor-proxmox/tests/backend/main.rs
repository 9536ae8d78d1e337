//! The backend against answers over real HTTPS.

#[allow(dead_code, reason = "its other users need more of it")]
#[path = "../../../lifecycle/tests/fixture/guest.rs"]
mod fixture;
mod nodes;
mod observing;
mod power;
mod server;
mod snapshots;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use conditions::{NodeName, Timestamp};
use hypervisor_proxmox::{Client, Cluster, Place, ProxmoxHypervisor};
use serde_json::{Value, json};
use server::{Reply, Server};

/// Nothing here takes this long.
const DEADLINE: Duration = Duration::from_secs(30);

/// Where the guest is.
const VM: &str = "/nodes/node1/qemu/101";

/// A server with one healthy running guest, 101 on node1, and the backend that asks it.
async fn home() -> (Server, ProxmoxHypervisor) {
    let server = Server::new().await;
    server.on(
        &format!("GET {VM}/status/current"),
        [Reply::Data(running())],
    );
    server.on(
        &format!("GET {VM}/config"),
        [Reply::Data(json!({"agent": "1"}))],
    );
    let pending = json!([{"key": "agent", "value": "1"}, {"key": "memory", "pending": "512"}]);
    server.on(&format!("GET {VM}/pending"), [Reply::Data(pending)]);
    server.on(
        &format!("POST {VM}/agent/ping"),
        [Reply::Data(json!({"result": {}}))],
    );
    let cluster = json!([{"type": "cluster", "quorate": 1}, {"type": "node", "name": "node1"}]);
    server.on("GET /cluster/status", [Reply::Data(cluster)]);
    server.on(
        "GET /cluster/resources",
        [Reply::Data(row("qemu", "node1"))],
    );
    let backend = backend(&server);
    (server, backend)
}

fn backend(server: &Server) -> ProxmoxHypervisor {
    let cluster = Cluster::new(Arc::new(Client::new(server.settings())));
    let place = Place {
        vmid: 101,
        node: NodeName::new("node1"),
    };
    ProxmoxHypervisor::new(
        Arc::new(cluster),
        BTreeMap::from([(fixture::guest(), place)]),
    )
}

fn running() -> Value {
    json!({"status": "running", "qmpstatus": "running", "agent": 1, "ha": {"managed": 0}})
}

fn stopped() -> Value {
    json!({"status": "stopped", "qmpstatus": "stopped", "agent": 1, "ha": {"managed": 0}})
}

fn row(kind: &str, node: &str) -> Value {
    json!([{"type": kind, "vmid": 101, "node": node, "name": "web", "status": "running"}])
}

fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("a clock");
    Timestamp::from_millis(u64::try_from(since.as_millis()).expect("milliseconds"))
}
