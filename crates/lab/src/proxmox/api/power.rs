//! `POST status/*`.

use std::sync::Arc;

use serde_json::json;

use super::{Answer, Call, data};
use crate::proxmox::guest::Guest;
use crate::proxmox::power::{self, DEFAULT_TIMEOUT, Shutdown};
use crate::proxmox::reply::ApiError;

/// What only `root@pam` itself may say, and no token of anybody.
const FOR_ROOT: [&str; 6] = [
    "skiplock",
    "keepActive",
    "stateuri",
    "migratedfrom",
    "migration_type",
    "force-cpu",
];

pub(super) async fn answer(call: &Call, rest: &str) -> Answer {
    for name in FOR_ROOT {
        if call.parameter(name).is_some() {
            return Err(ApiError::parameter(name, "Only root may use this option."));
        }
    }
    match rest {
        "status/start" => start(call),
        "status/shutdown" => shutdown(call).await,
        "status/reboot" => reboot(call).await,
        "status/stop" => cut(call, "qmstop"),
        "status/reset" => cut(call, "qmreset"),
        _ => Err(call.not_implemented()),
    }
}

fn start(call: &Call) -> Answer {
    if !call.shared.is_quorate() {
        return Err(ApiError::died("cluster not ready - no quorum?"));
    }
    let guest = call.guest()?;
    if !is_managed(&guest) {
        let task = power::begin_start(&call.shared, &guest, &call.who);
        return data(json!(task.upid));
    }
    if let Some(ha) = &mut guest.settings().ha {
        ha.state = "started".to_owned();
    }
    let (shared, started) = (Arc::clone(&call.shared), Arc::clone(&guest));
    let task = call.shared.tasks.start(
        &guest.node(),
        "hastart",
        guest.vmid,
        &call.who,
        |task| async move {
            task.says(&format!("Requesting HA start for VM {}", started.vmid));
            let root = crate::proxmox::permission::Principal::user("root@pam");
            power::begin_start(&shared, &started, &root);
            Ok(())
        },
    );
    data(json!(task.upid))
}

async fn shutdown(call: &Call) -> Answer {
    let guest = call.guest()?;
    let asked = Shutdown {
        timeout: call.seconds("timeout").unwrap_or(DEFAULT_TIMEOUT),
        force: call.flag("forceStop"),
    };
    refuse_paused(&guest).await?;
    let (shared, acted_on) = (Arc::clone(&call.shared), Arc::clone(&guest));
    let (node, vmid) = (&guest.node(), guest.vmid);
    let task = if is_managed(&guest) {
        call.shared
            .tasks
            .start(node, "hastop", vmid, &call.who, |task| {
                power::queue_stop(shared, acted_on, task, asked.timeout)
            })
    } else {
        call.shared
            .tasks
            .start(node, "qmshutdown", vmid, &call.who, |task| {
                power::shutdown(shared, acted_on, task, asked)
            })
    };
    data(json!(task.upid))
}

async fn reboot(call: &Call) -> Answer {
    let guest = call.guest()?;
    if !guest.machine.is_running() {
        return Err(ApiError::died(format!("VM {} not running", guest.vmid)));
    }
    refuse_paused(&guest).await?;
    let time = call.seconds("timeout").unwrap_or(DEFAULT_TIMEOUT);
    let (shared, acted_on) = (Arc::clone(&call.shared), Arc::clone(&guest));
    let task = call
        .shared
        .tasks
        .start(&guest.node(), "qmreboot", guest.vmid, &call.who, |task| {
            power::reboot(shared, acted_on, task, time)
        });
    data(json!(task.upid))
}

/// Nobody who is careful asks for this; other clients do.
fn cut(call: &Call, kind: &'static str) -> Answer {
    let guest = call.guest()?;
    let (shared, acted_on) = (Arc::clone(&call.shared), Arc::clone(&guest));
    let task =
        call.shared
            .tasks
            .start(&guest.node(), kind, guest.vmid, &call.who, |_| async move {
                shared.cut_power(&acted_on);
                if kind == "qmreset" {
                    acted_on
                        .machine
                        .start()
                        .await
                        .map_err(|error| format!("{error:#}"))?;
                }
                Ok(())
            });
    data(json!(task.upid))
}

async fn refuse_paused(guest: &Guest) -> Result<(), ApiError> {
    match guest.machine.look().await.qmp.as_str() {
        "paused" => Err(ApiError::died("VM is paused - cannot shutdown")),
        _ => Ok(()),
    }
}

fn is_managed(guest: &Guest) -> bool {
    guest
        .settings()
        .ha
        .as_ref()
        .is_some_and(|ha| ha.is_managed())
}
