//! Every call against the API's own schema.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use conditions::NodeName;
use pve::agent::{Conversation, Plan};
use pve::call::{
    access, agent, ceph, cluster, guest, migration, node as node_calls, snapshot, task,
};
use pve::{Call, Secret};
use serde::Deserialize;
use serde_json::json;

const SCHEMA: &str = include_str!("data/pve-api-schema.json");
/// Calls that the schema at hand leaves out, as the sources of qemu-server and pve-container have them.
const LEFT_OUT: &str = r#"[{
    "method": "GET",
    "path": "/nodes/{node}/qemu/{vmid}/agent/network-get-interfaces",
    "parameters": {
        "node": {"type": "string", "optional": 0},
        "vmid": {"type": "integer", "optional": 0}
    }
}, {
    "method": "GET",
    "path": "/nodes/{node}/lxc",
    "parameters": {"node": {"type": "string", "optional": 0}}
}, {
    "method": "POST",
    "path": "/nodes/{node}/lxc/{vmid}/migrate",
    "parameters": {
        "node": {"type": "string", "optional": 0},
        "vmid": {"type": "integer", "optional": 0},
        "target": {"type": "string", "optional": 0},
        "target-storage": {"type": "string", "optional": 1},
        "online": {"type": "boolean", "optional": 1},
        "restart": {"type": "boolean", "optional": 1},
        "timeout": {"type": "integer", "optional": 1},
        "bwlimit": {"type": "integer", "optional": 1}
    }
}]"#;

/// What would force a guest, or get past a lock.
/// The first is written in halves: no source may hold it.
const FORBIDDEN: [&str; 3] = [concat!("force", "Stop"), "skiplock", "keepActive"];

#[derive(Debug, Deserialize)]
struct Entry {
    method: String,
    path: String,
    parameters: BTreeMap<String, Parameter>,
}

#[derive(Debug, Deserialize)]
struct Parameter {
    r#type: String,
    optional: u8,
    #[serde(default)]
    r#enum: Vec<String>,
}

/// Every constructor by its module and name, with all that it can send.
fn calls() -> Vec<(&'static str, Call)> {
    let node = &NodeName::new("pve1");
    let upid = "UPID:pve1:000039E7:0003E78F:6B01F564:qmshutdown:101:root@pam!t1:";
    let upid = &upid.parse().expect("an id");
    let minute = Duration::from_secs(60);
    vec![
        ("access::version", access::version()),
        ("access::permissions", access::permissions()),
        (
            "access::ticket",
            access::ticket("root@pam", &Secret::new("x".to_owned())),
        ),
        ("cluster::status", cluster::status()),
        ("cluster::resources", cluster::resources()),
        ("cluster::guests", cluster::guests()),
        ("cluster::ha_resource", cluster::ha_resource(101)),
        ("cluster::config_nodes", cluster::config_nodes()),
        ("cluster::config_qdevice", cluster::config_qdevice()),
        ("cluster::replication", cluster::replication()),
        ("cluster::ha_status", cluster::ha_status()),
        ("cluster::ha_manager_status", cluster::ha_manager_status()),
        ("ceph::status", ceph::status()),
        ("ceph::metadata", ceph::metadata()),
        ("ceph::noout", ceph::noout()),
        ("ceph::set_noout", ceph::set_noout(true)),
        ("node::status", node_calls::status(node)),
        ("node::machines", node_calls::machines(node)),
        ("node::containers", node_calls::containers(node)),
        ("node::apt_updates", node_calls::apt_updates(node)),
        ("node::running_tasks", node_calls::running_tasks(node)),
        ("node::replication", node_calls::replication(node)),
        (
            "migration::preconditions",
            migration::preconditions(node, 101, node),
        ),
        ("migration::live", migration::live(node, 101, node, true)),
        (
            "migration::restart_container",
            migration::restart_container(node, 101, node, minute),
        ),
        ("guest::status", guest::status(node, 101)),
        ("guest::config", guest::config(node, 101)),
        ("guest::pending", guest::pending(node, 101)),
        ("guest::start", guest::start(node, 101)),
        ("guest::shutdown", guest::shutdown(node, 101, minute)),
        ("guest::reboot", guest::reboot(node, 101, Duration::ZERO)),
        ("snapshot::list", snapshot::list(node, 101)),
        (
            "snapshot::take",
            snapshot::take(node, 101, "hospes-7", "before a patch"),
        ),
        ("snapshot::delete", snapshot::delete(node, 101, "hospes-7")),
        (
            "snapshot::rollback",
            snapshot::rollback(node, 101, "hospes-7"),
        ),
        ("agent::ping", agent::ping(node, 101)),
        ("agent::info", agent::info(node, 101)),
        ("agent::fsfreeze_status", agent::fsfreeze_status(node, 101)),
        (
            "agent::network_get_interfaces",
            agent::network_get_interfaces(node, 101),
        ),
        ("agent::get_host_name", agent::get_host_name(node, 101)),
        ("agent::get_osinfo", agent::get_osinfo(node, 101)),
        ("agent::get_timezone", agent::get_timezone(node, 101)),
        ("agent::get_fsinfo", agent::get_fsinfo(node, 101)),
        ("agent::get_users", agent::get_users(node, 101)),
        ("agent::get_vcpus", agent::get_vcpus(node, 101)),
        (
            "agent::exec",
            agent::exec(node, 101, &["/bin/sh", "-s"], Some("true")),
        ),
        ("agent::exec_status", agent::exec_status(node, 101, 383)),
        (
            "agent::file_read",
            agent::file_read(node, 101, "/etc/os-release", Some(4096)),
        ),
        ("task::status", task::status(upid)),
        ("task::log", task::log(upid)),
    ]
}

/// The call that the channel makes of a constructor for a part of a file.
fn part_of_a_file() -> Call {
    let (mut talk, node) = (Conversation::default(), NodeName::new("pve1"));
    let mut ask = |command, arguments| talk.plan(&node, 101, command, &arguments).expect("a plan");
    let Plan::Known(handle) = ask("guest-file-open", json!({"path": "/etc/os-release"})) else {
        panic!("it is opened on this side");
    };
    match ask("guest-file-read", json!({"handle": handle, "count": 512})) {
        Plan::Piece(piece) => piece.call(&node, 101),
        other => panic!("{other:?}"),
    }
}

/// The constructors that are written in the sources.
fn constructors() -> BTreeSet<String> {
    [
        ("access", include_str!("../src/call/access.rs")),
        ("agent", include_str!("../src/call/agent.rs")),
        ("ceph", include_str!("../src/call/ceph.rs")),
        ("cluster", include_str!("../src/call/cluster.rs")),
        ("guest", include_str!("../src/call/guest.rs")),
        ("snapshot", include_str!("../src/call/snapshot.rs")),
        ("migration", include_str!("../src/call/migration.rs")),
        ("node", include_str!("../src/call/node.rs")),
        ("task", include_str!("../src/call/task.rs")),
    ]
    .iter()
    .flat_map(|(module, source)| {
        let names = source.lines().filter_map(|it| it.strip_prefix("pub fn "));
        let names = names.filter_map(|it| it.split_once('('));
        names.map(move |(name, _)| format!("{module}::{name}"))
    })
    .collect()
}

fn schema() -> Vec<Entry> {
    let parse = |text| serde_json::from_str::<Vec<Entry>>(text).expect("a schema");
    [parse(SCHEMA), parse(LEFT_OUT)]
        .into_iter()
        .flatten()
        .collect()
}

/// The entry that a call is one of, and the values of what its path holds.
fn entry<'a>(schema: &'a [Entry], call: &Call) -> Option<(&'a Entry, Vec<(String, String)>)> {
    let candidates = schema.iter().filter(|it| it.method == call.method.as_str());
    let mut matches = candidates.filter_map(|it| Some((it, held(&it.path, &call.path)?)));
    let first = matches.next();
    assert!(matches.next().is_none(), "{call:?} is two calls");
    first
}

fn held(template: &str, path: &str) -> Option<Vec<(String, String)>> {
    let (template, path): (Vec<_>, Vec<_>) =
        (template.split('/').collect(), path.split('/').collect());
    if template.len() != path.len() {
        return None;
    }
    let mut held = Vec::new();
    for (wanted, there) in template.into_iter().zip(path) {
        match wanted.strip_prefix('{').and_then(|it| it.strip_suffix('}')) {
            Some(name) => held.push((name.to_owned(), there.to_owned())),
            None if wanted == there => {}
            None => return None,
        }
    }
    Some(held)
}

impl Parameter {
    fn takes(&self, value: &str) -> bool {
        let fits = match self.r#type.as_str() {
            "integer" => value.parse::<u64>().is_ok(),
            "boolean" => matches!(value, "0" | "1"),
            "string" | "array" => true,
            other => panic!("the schema has a new type: {other}"),
        };
        fits && (self.r#enum.is_empty() || self.r#enum.iter().any(|it| it == value))
    }
}

#[test]
fn every_constructor_is_checked_here() {
    let checked: BTreeSet<_> = calls().iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(checked, constructors());
}

#[test]
fn every_call_and_its_parameters_are_in_the_schema() {
    let schema = schema();
    let part = ("a part of a file", part_of_a_file());
    for (name, call) in calls().into_iter().chain([part]) {
        let (entry, mut given) =
            entry(&schema, &call).unwrap_or_else(|| panic!("{name}: {call:?}"));
        let sent = call.parameters.iter();
        given.extend(sent.map(|(key, value)| ((*key).to_owned(), value.clone())));
        for (key, value) in &given {
            let parameter = entry.parameters.get(key);
            let parameter =
                parameter.unwrap_or_else(|| panic!("{name}: `{key}` is not in the schema"));
            assert!(parameter.takes(value), "{name}: `{key}` takes no {value:?}");
            let count = given.iter().filter(|(other, _)| other == key).count();
            assert!(
                count == 1 || parameter.r#type == "array",
                "{name}: `{key}` is sent {count} times"
            );
        }
        for (key, parameter) in &entry.parameters {
            let is_given = given.iter().any(|(given, _)| given == key);
            assert!(
                is_given || parameter.optional == 1,
                "{name}: `{key}` is missing"
            );
        }
    }
}

#[test]
fn the_schema_holds_nothing_that_is_not_called() {
    let schema = schema();
    let called: BTreeSet<_> = calls()
        .iter()
        .filter_map(|(_, call)| entry(&schema, call))
        .map(|(entry, _)| (&entry.method, &entry.path))
        .collect();
    for it in &schema {
        assert!(
            called.contains(&(&it.method, &it.path)),
            "{} {}",
            it.method,
            it.path
        );
    }
}

#[test]
fn nothing_is_ever_forced() {
    for (name, call) in calls() {
        for (key, _) in &call.parameters {
            assert!(!FORBIDDEN.contains(key), "{name} sends {key}");
        }
        for word in ["/status/stop", "/status/reset", "/status/suspend"] {
            assert!(!call.path.ends_with(word), "{name} is {word}");
        }
    }
}

#[test]
fn a_snapshot_holds_no_memory_and_going_back_starts_nothing() {
    let node = NodeName::new("pve1");
    for call in [
        snapshot::take(&node, 101, "hospes-7", ""),
        snapshot::delete(&node, 101, "hospes-7"),
        snapshot::rollback(&node, 101, "hospes-7"),
    ] {
        for key in ["vmstate", "start", "force"] {
            assert!(
                call.parameters.iter().all(|(sent, _)| *sent != key),
                "{key}"
            );
        }
    }
}

#[test]
fn what_has_a_name_for_it_could_alter_no_path() {
    let node = NodeName::new("../../access?x#");
    assert_eq!(
        guest::status(&node, 101).path,
        "/nodes/..%2F..%2Faccess%3Fx%23/qemu/101/status/current"
    );
    assert_eq!(
        agent::ping(&NodeName::new(".."), 101).path,
        "/nodes/-/qemu/101/agent/ping"
    );
}

#[test]
fn an_argument_vector_keeps_its_order() {
    let call = agent::exec(
        &NodeName::new("pve1"),
        101,
        &["printf", "%s", "a b&c"],
        None,
    );
    let words = ["printf", "%s", "a b&c"].map(|it| ("command", it.to_owned()));
    assert_eq!(call.parameters, words);
}
