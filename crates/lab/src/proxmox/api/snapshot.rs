//! `snapshot` and what is below it.

use std::future::Future;
use std::sync::Arc;

use serde_json::json;

use super::{Answer, Call, data};
use crate::proxmox::guest::Guest;
use crate::proxmox::reply::ApiError;
use crate::proxmox::shared::Shared;
use crate::proxmox::snapshots;
use crate::proxmox::task::Task;

/// Names that mean what the guest is now.
const RESERVED: [&str; 2] = ["current", "pending"];

pub(super) fn answer(call: &Call, method: &str, rest: &str) -> Answer {
    let guest = call.guest()?;
    let name = call.of_path.get("snapname").cloned();
    match (method, name, rest.ends_with("/rollback")) {
        ("GET", None, _) => data(guest.snapshots().rows(guest.machine.is_running())),
        ("POST", None, _) => take(call, &guest),
        ("DELETE", Some(name), false) => {
            begin(call, &guest, "qmdelsnapshot", |shared, guest, task| {
                snapshots::delete(shared, guest, task, name)
            })
        }
        ("POST", Some(name), true) => {
            let start = call.flag("start").then(|| call.who.clone());
            begin(call, &guest, "qmrollback", |shared, guest, task| {
                snapshots::rollback(shared, guest, task, name, start)
            })
        }
        _ => Err(call.not_implemented()),
    }
}

fn take(call: &Call, guest: &Arc<Guest>) -> Answer {
    let name = call.parameter("snapname").unwrap_or_default().to_owned();
    if RESERVED.contains(&name.as_str()) {
        return Err(ApiError::died(format!(
            "unable to use snapshot name '{name}' (reserved name)"
        )));
    }
    if !is_id(&name) {
        let wrong = format!("invalid format - invalid configuration ID '{name}'\n");
        return Err(ApiError::parameter("snapname", &wrong));
    }
    if call.flag("vmstate") {
        return Err(ApiError::died("the lab's snapshots hold no memory"));
    }
    let description = call.parameter("description").unwrap_or_default().to_owned();
    begin(call, guest, "qmsnapshot", |shared, guest, task| {
        snapshots::take(shared, guest, task, name, description)
    })
}

/// `pve-configid`.
fn is_id(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let starts = name
        .bytes()
        .next()
        .is_some_and(|it| it.is_ascii_alphabetic());
    starts && name.len() > 1 && name.bytes().all(is_plain)
}

fn begin<F>(
    call: &Call,
    guest: &Arc<Guest>,
    kind: &'static str,
    work: impl FnOnce(Arc<Shared>, Arc<Guest>, Arc<Task>) -> F,
) -> Answer
where
    F: Future<Output = Result<(), String>> + Send + 'static,
{
    let (shared, acted_on) = (Arc::clone(&call.shared), Arc::clone(guest));
    let task = call
        .shared
        .tasks
        .start(&guest.node(), kind, guest.vmid, &call.who, |task| {
            work(shared, acted_on, task)
        });
    data(json!(task.upid))
}
