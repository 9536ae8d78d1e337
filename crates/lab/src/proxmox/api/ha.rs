//! `/cluster/ha`.

use serde_json::{Value, json};

use super::{Answer, Call, data};
use crate::proxmox::guest::HaSettings;
use crate::proxmox::reply::ApiError;
use crate::proxmox::shared::now;

pub(super) fn answer(call: &Call, path: &str) -> Answer {
    match path {
        "/cluster/ha/resources" => data(json!(resources(call))),
        "/cluster/ha/resources/{sid}" => resource(call),
        "/cluster/ha/status/current" => data(json!(status(call))),
        _ => Err(call.not_implemented()),
    }
}

/// Service id, node and settings of each guest under HA.
fn managed(call: &Call) -> Vec<(String, String, HaSettings)> {
    let guests = call.shared.guests().into_iter();
    let with_ha = guests.filter_map(|guest| {
        let ha = guest.settings().ha.clone()?;
        let kind = if guest.is_container() { "ct" } else { "vm" };
        Some((format!("{kind}:{}", guest.vmid), guest.node.clone(), ha))
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
    managed(call)
        .iter()
        .map(|(sid, _, ha)| entry(sid, ha))
        .collect()
}

fn resource(call: &Call) -> Answer {
    let sid = call.of_path.get("sid").map_or("", String::as_str);
    let full = if sid.contains(':') {
        sid.to_owned()
    } else {
        format!("vm:{sid}")
    };
    let found = managed(call).into_iter().find(|(known, ..)| *known == full);
    let (sid, _, ha) = found.ok_or_else(|| ApiError::died(format!("no such resource '{sid}'")))?;
    data(entry(&sid, &ha))
}

fn status(call: &Call) -> Vec<Value> {
    let node = call.asked.node.to_string();
    let quorate = call.shared.is_quorate();
    let word = if quorate { "OK" } else { "No quorum on node" };
    let mut entries = vec![json!({
        "id": "quorum", "type": "quorum", "node": node, "quorate": u8::from(quorate), "status": word,
    })];
    let managed = managed(call);
    if managed.is_empty() {
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
    for node in &call.shared.layout.nodes {
        entries.push(json!({
            "id": format!("lrm:{node}"), "type": "lrm", "node": node, "timestamp": now(),
            "status": format!("{node} (active, now)"),
        }));
    }
    for (sid, node, ha) in managed {
        entries.push(json!({
            "id": format!("service:{sid}"), "type": "service", "sid": sid, "node": node,
            "state": ha.state, "request_state": ha.state, "crm_state": ha.state,
            "status": format!("{sid} ({node}, {})", ha.state), "max_restart": 1, "max_relocate": 1,
        }));
    }
    entries
}
