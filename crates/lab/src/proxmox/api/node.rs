//! `/nodes` and what is below one, but for its guests and tasks.

use serde_json::{Value, json};

use super::cluster::version;
use super::containers::audits;
use super::{Answer, Call, data};
use crate::proxmox::layout::Release;
use crate::proxmox::node::Node;

const GIB: u64 = 1 << 30;

pub(super) async fn answer(call: &Call, path: &str) -> Answer {
    match path {
        "/nodes" => data(json!(nodes(call))),
        "/nodes/{node}/qemu" => guests(call).await,
        "/nodes/{node}/status" => data(status(call)),
        "/nodes/{node}/apt/update" => super::apt::answer(call).await,
        "/nodes/{node}/replication" => super::replication::answer(call, path),
        "/nodes/{node}/ceph/status" => super::ceph::answer(call, path),
        "/nodes/{node}/version" => data(version(call.shared.release())),
        "/nodes/{node}/network" => data(json!([{
            "iface": "vmbr0", "type": "bridge", "active": 1, "address": "127.0.0.1", "method": "static",
        }])),
        _ => Err(call.not_implemented()),
    }
}

fn nodes(call: &Call) -> Vec<Value> {
    let shared = &call.shared;
    let each = shared.layout.nodes.iter().map(|node| {
        let mut entry = json!({
            "node": node, "id": format!("node/{node}"), "type": "node", "level": "",
            "ssl_fingerprint": shared.fingerprint(node),
        });
        if shared.is_online(node) {
            entry["status"] = json!("online");
            entry["uptime"] = json!(shared.uptime(node));
            for (key, value) in [("cpu", 0), ("maxcpu", 2), ("mem", GIB), ("maxmem", 8 * GIB)] {
                entry[key] = json!(value);
            }
        } else {
            entry["status"] = json!("offline");
        }
        entry
    });
    each.collect()
}

async fn guests(call: &Call) -> Answer {
    let mut entries = Vec::new();
    for guest in call.shared.guests() {
        let here = guest.is_on(call.node()) && !guest.is_container();
        if here && audits(call, guest.vmid) {
            let look = guest.machine.look().await;
            let release = call.shared.release();
            entries.push(Value::Object(super::guest::status(
                &call.shared,
                &guest,
                &look,
                release,
            )));
        }
    }
    data(Value::Array(entries))
}

fn status(call: &Call) -> Value {
    let version = match call.shared.release() {
        Release::V8_4 => "pve-manager/8.4.1/2a5fa54a8503f96d",
        Release::V9_2 => "pve-manager/9.2.11/5b1e9a4d8a3e5f6c",
    };
    let boot = call.shared.nodes.get(call.node()).map(Node::boot);
    let kernel = boot.map(|boot| boot.kernel).unwrap_or_default();
    let build = "#1 SMP PREEMPT_DYNAMIC";
    json!({
        "uptime": call.shared.uptime(call.node()), "cpu": 0, "wait": 0, "idle": 0,
        "loadavg": ["0.10", "0.10", "0.10"], "kversion": format!("Linux {kernel} {build}"),
        "pveversion": version,
        "current-kernel": {
            "sysname": "Linux", "release": kernel, "version": build, "machine": "x86_64",
        },
        "boot-info": {"mode": "legacy-bios"}, "ksm": {"shared": 0},
        "cpuinfo": {"cpus": 2, "cores": 2, "sockets": 1, "model": "QEMU", "flags": "fpu", "hvm": "1", "mhz": "2000.000", "user_hz": 100},
        "memory": {"total": 8 * GIB, "used": GIB, "free": 7 * GIB, "available": 7 * GIB},
        "swap": {"total": 0, "used": 0, "free": 0},
        "rootfs": {"total": 20 * GIB, "used": 4 * GIB, "free": 16 * GIB, "avail": 15 * GIB},
    })
}
