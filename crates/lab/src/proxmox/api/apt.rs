//! `/nodes/NODE/apt`.

use serde_json::{Value, json};

use super::{Answer, Call, data};
use crate::proxmox::node::{NodeMachine, NodeUpdate, updates};
use crate::proxmox::reply::ApiError;

/// What is newer than what is installed.
pub(super) async fn answer(call: &Call) -> Answer {
    let node = call.shared.nodes.get(call.node());
    match node.map(|node| node.machine()) {
        Some(NodeMachine::Simulated { updates }) => {
            data(json!(updates.iter().map(entry).collect::<Vec<_>>()))
        }
        Some(NodeMachine::Real { vm, .. }) => {
            let updates = updates(&vm).await;
            data(json!(
                updates.map_err(|error| ApiError::died(format!("{error:#}")))?
            ))
        }
        None => Err(call.not_implemented()),
    }
}

fn entry(update: &NodeUpdate) -> Value {
    json!({
        "Package": update.package, "OldVersion": update.from, "Version": update.to,
        "Title": update.package, "Description": "", "Arch": "amd64", "Section": "admin",
        "Priority": "optional", "Origin": "Proxmox",
    })
}
