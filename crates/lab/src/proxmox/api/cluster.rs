//! `/version`, `/cluster` and `/pools`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::containers::audits;
use super::guest::memory;
use super::{Answer, Call, data};
use crate::proxmox::guest::Guest;
use crate::proxmox::layout::{NAME, Release};
use crate::proxmox::permission::{Wanted, holds};
use crate::proxmox::reply::ApiError;

pub(super) async fn answer(call: &Call, path: &str) -> Answer {
    match path {
        "/version" => data(version(call.shared.release())),
        "/cluster/status" => data(json!(status(call))),
        "/cluster/resources" => data(json!(resources(call).await)),
        "/cluster/config/nodes" => data(json!(config_nodes(call))),
        "/cluster/config/qdevice" => data(qdevice(call)),
        "/cluster/replication" => super::replication::answer(call, path),
        "/cluster/nextid" => next_id(call),
        "/pools" => data(json!(pools(call))),
        "/pools/{poolid}" => pool(call),
        _ => Err(call.not_implemented()),
    }
}

pub(super) fn version(release: Release) -> Value {
    match release {
        Release::V8_4 => {
            json!({"version": "8.4.1", "release": "8.4", "repoid": "2a5fa54a8503f96d"})
        }
        Release::V9_2 => {
            json!({"version": "9.2.11", "release": "9.2", "repoid": "5b1e9a4d8a3e5f6c"})
        }
    }
}

/// A standalone node has no row of a cluster.
fn status(call: &Call) -> Vec<Value> {
    let (shared, asked) = (&call.shared, &*call.asked.node);
    let mut rows = Vec::new();
    if !shared.is_standalone() {
        rows.push(json!({
            "id": "cluster", "type": "cluster", "name": NAME, "version": 3,
            "nodes": shared.layout.nodes.len(), "quorate": u8::from(shared.is_quorate()),
        }));
    }
    for (index, node) in shared.layout.nodes.iter().enumerate() {
        let mut row = json!({
            "id": format!("node/{node}"), "type": "node", "name": node, "ip": "127.0.0.1",
            "online": u8::from(shared.is_online(node)), "local": u8::from(node == asked), "level": "",
            "nodeid": index + 1,
        });
        if shared.is_standalone() {
            row["nodeid"] = json!(0);
        }
        rows.push(row);
    }
    rows
}

/// The votes as corosync is configured; numbers are texts there.
fn config_nodes(call: &Call) -> Vec<Value> {
    if call.shared.is_standalone() {
        return Vec::new();
    }
    let nodes = call.shared.layout.nodes.iter().enumerate();
    let rows = nodes.map(|(index, name)| {
        let votes = call.shared.nodes.get(name).map_or(1, |node| node.votes);
        json!({
            "node": name, "name": name, "nodeid": (index + 1).to_string(),
            "quorum_votes": votes.to_string(), "ring0_addr": "127.0.0.1",
        })
    });
    rows.collect()
}

/// Nothing where there is none.
fn qdevice(call: &Call) -> Value {
    match call.shared.layout.qdevice {
        true => json!({
            "Algorithm": "Fifty-Fifty split", "Model": "Net", "QNetd host": "127.0.0.1:5403",
            "State": "Connected", "Tie-breaker": "Node with lowest node ID",
        }),
        false => json!({}),
    }
}

async fn resources(call: &Call) -> Vec<Value> {
    let wanted = call.parameter("type");
    let of_kind = |kind: &str| wanted.is_none_or(|wanted| wanted == kind);
    let mut rows = Vec::new();
    if of_kind("vm") {
        for guest in call.shared.guests() {
            if audits(call, guest.vmid) {
                rows.push(guest_row(call, &guest).await);
            }
        }
    }
    if of_kind("node") {
        rows.extend(
            call.shared
                .layout
                .nodes
                .iter()
                .map(|node| node_row(call, node)),
        );
    }
    if wanted.is_none() {
        let pools = pools(call).into_iter();
        rows.extend(pools.map(|pool| {
            let name = &pool["poolid"];
            json!({"id": format!("/pool/{}", name.as_str().unwrap_or_default()), "type": "pool", "pool": name})
        }));
    }
    rows
}

async fn guest_row(call: &Call, guest: &Guest) -> Value {
    let kind = if guest.is_container() { "lxc" } else { "qemu" };
    let mut row = json!({
        "id": format!("{kind}/{}", guest.vmid), "type": kind, "vmid": guest.vmid,
        "node": guest.node(), "name": guest.name,
    });
    {
        let settings = guest.settings();
        row["template"] = json!(u8::from(settings.template));
        row["maxmem"] = json!(memory(&settings));
        if !settings.tags.is_empty() {
            row["tags"] = json!(settings.tags.join(";"));
        }
        if let Some(pool) = &settings.pool {
            row["pool"] = json!(pool);
        }
        if let Some(ha) = &settings.ha {
            row["hastate"] = json!(ha.state);
        }
    }
    if let Some(lock) = call.shared.config_lock(guest) {
        row["lock"] = json!(lock);
    }
    if !call.shared.is_online(&guest.node()) {
        row["status"] = json!("unknown");
        return row;
    }
    // The daemon that collects these sees whether it runs, not what QEMU says.
    let running = guest.machine.is_running();
    row["status"] = json!(if running { "running" } else { "stopped" });
    row["maxcpu"] = json!(1);
    for key in [
        "cpu",
        "mem",
        "disk",
        "maxdisk",
        "diskread",
        "diskwrite",
        "netin",
        "netout",
        "uptime",
    ] {
        row[key] = json!(0);
    }
    if running {
        row["uptime"] = json!(guest.machine.look().await.uptime.as_secs());
    }
    row
}

fn node_row(call: &Call, node: &str) -> Value {
    let online = call.shared.is_online(node);
    let mut row = json!({
        "id": format!("node/{node}"), "type": "node", "node": node,
        "status": if online { "online" } else { "offline" },
    });
    if online {
        row["level"] = json!("");
        row["uptime"] = json!(call.shared.uptime(node));
        row["cgroup-mode"] = json!(2);
        for (key, value) in [
            ("cpu", 0_u64),
            ("maxcpu", 2),
            ("mem", 1 << 30),
            ("maxmem", 8 << 30),
        ] {
            row[key] = json!(value);
        }
    }
    row
}

fn next_id(call: &Call) -> Answer {
    let free = (100..).find(|vmid| call.shared.guest(*vmid).is_none());
    data(json!(free.unwrap_or(100).to_string()))
}

/// Pools and their guests.
fn members(call: &Call) -> BTreeMap<String, Vec<Value>> {
    let mut pools: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for guest in call.shared.guests() {
        if let Some(pool) = guest.settings().pool.clone() {
            let kind = if guest.is_container() { "lxc" } else { "qemu" };
            pools.entry(pool).or_default().push(json!({
                "id": format!("{kind}/{}", guest.vmid), "type": kind, "vmid": guest.vmid,
                "node": guest.node(), "name": guest.name,
            }));
        }
    }
    pools
}

fn pools(call: &Call) -> Vec<Value> {
    let audits = |pool: &&String| {
        let path = format!("/pool/{pool}");
        holds(&call.shared, &path, &["Pool.Audit".to_owned()], Wanted::All)
    };
    let pools = members(call);
    pools
        .keys()
        .filter(audits)
        .map(|pool| json!({"poolid": pool}))
        .collect()
}

fn pool(call: &Call) -> Answer {
    let name = call.of_path.get("poolid").map_or("", String::as_str);
    let members = members(call).remove(name);
    let members = members.ok_or_else(|| ApiError::died(format!("pool '{name}' does not exist")))?;
    data(json!({"members": members}))
}
