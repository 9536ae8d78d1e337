//! `/nodes/NODE/lxc`: containers are listed and moved, and that is all.

use serde_json::{Value, json};

use super::{Answer, Call, data, migration};
use crate::proxmox::guest::Guest;
use crate::proxmox::permission::{Wanted, holds};
use crate::proxmox::reply::ApiError;

pub(super) fn answer(call: &Call, path: &str) -> Answer {
    let rest = path.trim_start_matches("/nodes/{node}/lxc");
    if rest.is_empty() {
        let guests = call.shared.guests();
        let here = guests.iter().filter(|guest| is_here(call, guest));
        let visible = here.filter(|guest| audits(call, guest.vmid));
        let entries: Vec<Value> = visible.map(|guest| entry(guest)).collect();
        return data(json!(entries));
    }
    let guest = call
        .shared
        .guest(call.vmid())
        .filter(|guest| is_here(call, guest));
    let guest = guest.ok_or_else(|| {
        let (node, vmid) = (call.node(), call.vmid());
        ApiError::died(format!(
            "Configuration file 'nodes/{node}/lxc/{vmid}.conf' does not exist"
        ))
    })?;
    match rest {
        "/{vmid}/migrate" => migration::begin(call, &guest),
        "/{vmid}/status/current" => data(entry(&guest)),
        "/{vmid}/config" => data(json!({"hostname": guest.name, "arch": "amd64", "memory": 256})),
        "/{vmid}/snapshot" => data(json!([{"name": "current"}])),
        _ => Err(call.not_implemented()),
    }
}

fn is_here(call: &Call, guest: &Guest) -> bool {
    guest.is_container() && guest.is_on(call.node())
}

pub(super) fn audits(call: &Call, vmid: u32) -> bool {
    let path = format!("/vms/{vmid}");
    holds(&call.shared, &path, &["VM.Audit".to_owned()], Wanted::All)
}

fn entry(guest: &Guest) -> Value {
    json!({
        "vmid": guest.vmid, "name": guest.name, "status": "running", "type": "lxc", "uptime": 60,
        "cpus": 1, "maxmem": 256_u64 << 20, "mem": 0, "cpu": 0, "disk": 0, "maxdisk": 0,
    })
}
