//! `/access`: tickets and privileges.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{Answer, Call, data};
use crate::proxmox::access::{csrf, logs_in, ticket};
use crate::proxmox::layout::NAME;
use crate::proxmox::permission;
use crate::proxmox::reply::ApiError;

pub(super) fn answer(call: &Call, path: &str) -> Answer {
    match (call.asked.method.as_str(), path) {
        ("GET", "/access/ticket") => data(Value::Null),
        ("POST", "/access/ticket") => log_in(call),
        ("GET", "/access/permissions") => permissions(call),
        _ => Err(call.not_implemented()),
    }
}

fn log_in(call: &Call) -> Answer {
    let user = call.parameter("username").unwrap_or_default();
    let user = match call.parameter("realm") {
        Some(realm) if !user.contains('@') => format!("{user}@{realm}"),
        _ => user.to_owned(),
    };
    let secrets = &call.shared.secrets;
    if !logs_in(
        secrets,
        &user,
        call.parameter("password").unwrap_or_default(),
    ) {
        return Err(ApiError::unauthorized("authentication failure"));
    }
    data(json!({
        "username": user, "ticket": ticket(secrets), "CSRFPreventionToken": csrf(secrets),
        "clustername": NAME, "cap": {},
    }))
}

fn permissions(call: &Call) -> Answer {
    let paths: BTreeSet<String> = match call.parameter("path") {
        Some(path) => [path.to_owned()].into(),
        None => known_paths(call),
    };
    let mut of_paths = Map::new();
    for path in paths {
        let held = permission::at(&call.shared, &path).into_iter();
        let held: BTreeMap<String, u8> = held
            .map(|(name, propagates)| (name, u8::from(propagates)))
            .collect();
        if !held.is_empty() {
            of_paths.insert(path, json!(held));
        }
    }
    data(Value::Object(of_paths))
}

/// The paths that a real node lists, those with grants of their own, and pools.
fn known_paths(call: &Call) -> BTreeSet<String> {
    let shared = &call.shared;
    let usual = [
        "/",
        "/access",
        "/access/groups",
        "/nodes",
        "/pool",
        "/sdn",
        "/storage",
        "/vms",
    ];
    let usual = usual.into_iter().map(str::to_owned);
    let granted = shared.layout.grants.iter().map(|grant| grant.path.clone());
    let guests = shared.guests();
    let pools = guests
        .iter()
        .filter_map(|guest| guest.settings().pool.clone());
    let pools: Vec<String> = pools.map(|pool| format!("/pool/{pool}")).collect();
    usual.chain(granted).chain(pools).collect()
}
