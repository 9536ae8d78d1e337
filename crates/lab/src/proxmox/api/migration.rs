//! `migrate` of machines and containers.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{Answer, Call, data};
use crate::proxmox::guest::Guest;
use crate::proxmox::migration::{self, Transfer};
use crate::proxmox::reply::ApiError;

/// What ties a machine to its node.
pub(super) fn preconditions(call: &Call) -> Answer {
    let guest = call.guest()?;
    let running = guest.machine.is_running();
    let settings = guest.settings();
    let disks = settings.local_disks.iter();
    let disks =
        disks.map(|disk| json!({"volid": disk, "size": 1 << 30, "cdrom": 0, "is_unused": 0}));
    let mut answer = json!({
        "running": u8::from(running), "local_disks": disks.collect::<Vec<_>>(),
        "local_resources": settings.local_resources, "mapped-resources": [],
        "mapped-resource-info": {}, "has-dbus-vmstate": 1, "dependent-ha-resources": [],
    });
    if !running {
        let others = call.shared.layout.nodes.iter();
        let others: Vec<_> = others.filter(|node| *node != call.node()).collect();
        answer["allowed_nodes"] = json!(others);
        answer["not_allowed_nodes"] = Value::Object(Map::new());
    }
    data(answer)
}

/// `POST migrate`. Under high availability the move is only asked for.
pub(super) fn begin(call: &Call, guest: &Arc<Guest>) -> Answer {
    let target = target(call)?;
    let how = transfer(call, guest)?;
    let is_managed = guest
        .settings()
        .ha
        .as_ref()
        .is_some_and(|ha| ha.is_managed());
    if !is_managed {
        let task = migration::begin(&call.shared, guest, &call.who, target, how);
        return data(json!(task.upid));
    }
    let (shared, vmid, target) = (Arc::clone(&call.shared), guest.vmid, target.to_owned());
    let task = call.shared.tasks.start(
        &guest.node(),
        "hamigrate",
        vmid,
        &call.who,
        |task| async move {
            task.says(&format!(
                "Requesting HA migration for VM {vmid} to node {target}"
            ));
            shared.ha.ask_for_move(vmid, &target);
            Ok(())
        },
    );
    data(json!(task.upid))
}

fn target(call: &Call) -> Result<&str, ApiError> {
    let target = call.parameter("target").unwrap_or_default();
    if target == call.node() {
        return Err(ApiError::parameter("target", "target is local node."));
    }
    if !call.shared.layout.nodes.iter().any(|node| node == target) {
        return Err(ApiError::died(format!("no such cluster node '{target}'")));
    }
    match call.shared.is_quorate() {
        true => Ok(target),
        false => Err(ApiError::died("cluster not ready - no quorum?")),
    }
}

fn transfer(call: &Call, guest: &Guest) -> Result<Transfer, ApiError> {
    if !guest.machine.is_running() {
        return Ok(Transfer::Offline);
    }
    if guest.is_container() {
        let words = "can't migrate running container without --online or --restart";
        return match call.flag("restart") {
            true => Ok(Transfer::Restart),
            false => Err(ApiError::died(words)),
        };
    }
    match call.flag("online") {
        true => Ok(Transfer::Live {
            with_local_disks: call.flag("with-local-disks"),
        }),
        false => Err(ApiError::died("can't migrate running VM without --online")),
    }
}
