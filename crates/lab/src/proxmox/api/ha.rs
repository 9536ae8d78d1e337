//! `/cluster/ha`.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{Answer, Call, data};
use crate::proxmox::guest::{Guest, HaSettings};
use crate::proxmox::ha::{sid, word_of};
use crate::proxmox::reply::ApiError;
use crate::proxmox::shared::now;

pub(super) fn answer(call: &Call, path: &str) -> Answer {
    match path {
        "/cluster/ha/resources" => data(json!(resources(call))),
        "/cluster/ha/resources/{sid}" => resource(call),
        "/cluster/ha/status/current" => data(json!(status(call))),
        "/cluster/ha/status/manager_status" => data(manager_status(call)),
        _ => Err(call.not_implemented()),
    }
}

/// Each guest under HA with its settings.
fn managed(call: &Call) -> Vec<(Arc<Guest>, HaSettings)> {
    let guests = call.shared.guests().into_iter();
    let with_ha = guests.filter_map(|guest| {
        let ha = guest.settings().ha.clone()?;
        Some((guest, ha))
    });
    with_ha.collect()
}

fn entry(sid: &str, ha: &HaSettings) -> Value {
    json!({
        "sid": sid, "type": sid.split(':').next(), "state": ha.state,
        "digest": "d1d6a5cd9d1a0bbd1a1b0ba5f9ee45d7a5b0f0b4", "failback": 1,
    })
}

fn resources(call: &Call) -> Vec<Value> {
    let managed = managed(call);
    let each = managed.iter().map(|(guest, ha)| entry(&sid(guest), ha));
    each.collect()
}

fn resource(call: &Call) -> Answer {
    let wanted = call.of_path.get("sid").map_or("", String::as_str);
    let full = if wanted.contains(':') {
        wanted.to_owned()
    } else {
        format!("vm:{wanted}")
    };
    let mut managed = managed(call).into_iter();
    let found = managed.find(|(guest, _)| sid(guest) == full);
    let (_, ha) = found.ok_or_else(|| ApiError::died(format!("no such resource '{wanted}'")))?;
    data(entry(&full, &ha))
}

fn status(call: &Call) -> Vec<Value> {
    let node = call.asked.node.to_string();
    let quorate = call.shared.is_quorate();
    let word = if quorate { "OK" } else { "No quorum on node" };
    let mut entries = vec![json!({
        "id": "quorum", "type": "quorum", "node": node, "quorate": u8::from(quorate), "status": word,
    })];
    let managed = managed(call);
    if managed.is_empty() && call.shared.ha.nodes().is_empty() {
        entries.push(json!({
            "id": "fencing", "type": "fencing", "node": node, "armed-state": "standby",
            "status": "standby (CRM watchdog standby)",
        }));
        return entries;
    }
    entries.push(json!({
        "id": "master", "type": "master", "node": node, "timestamp": now(),
        "status": format!("{node} (active, now)"),
    }));
    entries.extend(
        call.shared
            .layout
            .nodes
            .iter()
            .map(|node| manager_of(call, node)),
    );
    entries.extend(managed.iter().map(|(guest, ha)| service(guest, ha)));
    entries
}

fn manager_of(call: &Call, node: &str) -> Value {
    let mode = match call.shared.ha.has_asked_for_maintenance(node) {
        true => "maintenance mode",
        false => "active",
    };
    json!({
        "id": format!("lrm:{node}"), "type": "lrm", "node": node, "timestamp": now(),
        "status": format!("{node} ({mode}, now)"),
    })
}

fn service(guest: &Guest, ha: &HaSettings) -> Value {
    let (sid, node, word) = (sid(guest), guest.node(), word_of(guest));
    json!({
        "id": format!("service:{sid}"), "type": "service", "sid": sid, "node": node,
        "state": word, "request_state": ha.state, "crm_state": word,
        "status": format!("{sid} ({node}, {word})"), "max_restart": 1, "max_relocate": 1,
    })
}

/// Without a node where the manager has nothing to do.
fn manager_status(call: &Call) -> Value {
    let shared = &call.shared;
    let quorum = json!({
        "node": &*call.asked.node, "quorate": u8::from(shared.is_quorate()).to_string(),
    });
    let states = shared.ha.nodes();
    if states.is_empty() {
        return json!({"manager_status": {}, "lrm_status": {}, "quorum": quorum});
    }
    let services = managed(call).into_iter().map(|(guest, _)| {
        let status = json!({"node": guest.node(), "state": word_of(&guest), "uid": "x"});
        (sid(&guest), status)
    });
    let local = shared.layout.nodes.iter().map(|node| {
        let mode = match shared.ha.has_asked_for_maintenance(node) {
            true => "maintenance",
            false => "active",
        };
        let status = json!({"mode": mode, "state": "active", "timestamp": now(), "results": {}});
        (node.clone(), status)
    });
    let local: Map<String, Value> = local.collect();
    let services: Map<String, Value> = services.collect();
    json!({
        "manager_status": {
            "master_node": &*call.asked.node, "timestamp": now(), "node_status": states,
            "service_status": services,
        },
        "lrm_status": local, "quorum": quorum,
    })
}
