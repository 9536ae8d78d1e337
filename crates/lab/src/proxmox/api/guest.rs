//! What is told of one virtual machine.

use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use serde_json::{Map, Value, json};

use super::{Answer, Call, data};
use crate::proxmox::guest::{Guest, GuestSettings, PendingChange, RunState};
use crate::proxmox::layout::Release;
use crate::proxmox::shared::Shared;

pub(super) async fn answer(call: &Call, rest: &str) -> Answer {
    let guest = call.guest()?;
    match rest {
        "status/current" => data(current(call, &guest).await),
        "config" => data(config(call, &guest)),
        "pending" => data(pending(&guest)),
        _ => Err(call.not_implemented()),
    }
}

async fn current(call: &Call, guest: &Guest) -> Value {
    let look = guest.machine.look().await;
    let mut status = status(&call.shared, guest, &look, call.shared.release());
    let settings = guest.settings();
    status.insert("qmpstatus".to_owned(), json!(look.qmp));
    let mut ha = json!({"managed": u8::from(settings.ha.is_some())});
    if let Some(of) = &settings.ha {
        ha["state"] = json!(of.state);
    }
    status.insert("ha".to_owned(), ha);
    if settings.agent_is_enabled() {
        status.insert("agent".to_owned(), json!(1));
    }
    Value::Object(status)
}

/// The fields of `status/current` and of the node's list alike.
pub(super) fn status(
    shared: &Shared,
    guest: &Guest,
    look: &RunState,
    release: Release,
) -> Map<String, Value> {
    let settings = guest.settings();
    let mut fields = Map::new();
    let mut put = |key: &str, value: Value| {
        fields.insert(key.to_owned(), value);
    };
    put("vmid", json!(guest.vmid));
    put("name", json!(guest.name));
    put(
        "status",
        json!(if look.is_running() {
            "running"
        } else {
            "stopped"
        }),
    );
    put("uptime", json!(look.uptime.as_secs()));
    put("maxmem", json!(memory(&settings)));
    put("cpus", json!(1));
    for key in ["cpu", "mem", "disk", "maxdisk", "netin", "netout"] {
        put(key, json!(0));
    }
    if release == Release::V9_2 {
        put("memhost", json!(0));
    }
    if let Some(pid) = look.pid {
        put("pid", json!(pid));
        if release == Release::V9_2 {
            for what in ["cpu", "io", "memory"] {
                put(&format!("pressure{what}some"), json!(0));
                put(&format!("pressure{what}full"), json!(0));
            }
        }
    }
    if settings.template {
        put("template", json!(1));
    }
    if !settings.tags.is_empty() {
        put("tags", json!(settings.tags.join(";")));
    }
    drop(settings);
    if let Some(lock) = shared.config_lock(guest) {
        put("lock", json!(lock));
    }
    fields
}

/// In bytes.
pub(super) fn memory(settings: &GuestSettings) -> u64 {
    let mib = settings
        .config
        .get("memory")
        .and_then(|mib| mib.parse().ok());
    mib.unwrap_or(512_u64) << 20
}

/// Without `current`, changes that wait are told as if they were in force.
fn config(call: &Call, guest: &Guest) -> Value {
    let settings = guest.settings();
    let mut config = settings.config.clone();
    if !call.flag("current") {
        for (key, change) in &settings.pending {
            match change {
                PendingChange::Value(value) => config.insert(key.clone(), value.clone()),
                PendingChange::Delete => config.remove(key),
            };
        }
    }
    let mut told: Map<String, Value> = config
        .into_iter()
        .map(|(key, value)| (key.clone(), typed(&key, value)))
        .collect();
    if !settings.tags.is_empty() {
        told.insert("tags".to_owned(), json!(settings.tags.join(";")));
    }
    if settings.template {
        told.insert("template".to_owned(), json!(1));
    }
    drop(settings);
    if let Some(lock) = call.shared.config_lock(guest) {
        told.insert("lock".to_owned(), json!(lock));
    }
    let text = Value::Object(told.clone()).to_string();
    let sum = digest(&SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes());
    let sum: String = sum
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    told.insert("digest".to_owned(), json!(sum));
    Value::Object(told)
}

/// Numbers are told as numbers where the schema has them so.
fn typed(key: &str, value: String) -> Value {
    let is_number = matches!(key, "cores" | "sockets" | "onboot" | "acpi");
    match value.parse::<u64>() {
        Ok(number) if is_number => json!(number),
        _ => json!(value),
    }
}

fn pending(guest: &Guest) -> Value {
    let settings = guest.settings();
    let mut entries: Vec<Value> = Vec::new();
    for (key, value) in &settings.config {
        let mut entry = json!({"key": key, "value": typed(key, value.clone())});
        match settings.pending.get(key) {
            Some(PendingChange::Value(value)) => entry["pending"] = json!(value),
            Some(PendingChange::Delete) => entry["delete"] = json!(1),
            None => {}
        }
        entries.push(entry);
    }
    for (key, change) in &settings.pending {
        if let (false, PendingChange::Value(value)) = (settings.config.contains_key(key), change) {
            entries.push(json!({"key": key, "pending": value}));
        }
    }
    Value::Array(entries)
}
