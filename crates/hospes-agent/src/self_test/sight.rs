//! What the hypervisor sees of this guest: the agent's own answers.

use guest_os::SYSTEM;
use qga::{Call, Support};
use serde_json::{Value, json};

use super::report::CommandSight;
use crate::agent::Agent;
use crate::execute;

/// Every command: allowed or not, and tried where it only looks.
pub(super) fn commands(agent: &Agent) -> Vec<CommandSight> {
    let sight = |command: &qga::CommandSpec| CommandSight {
        name: command.name,
        is_allowed: agent.admit(command.name).is_ok(),
        tried: (only_looks(command.name) && command.on(SYSTEM) == Support::Full)
            .then(|| ask(agent, command.name).map(drop)),
    };
    SYSTEM.commands().map(sight).collect()
}

/// Whether a command needs no arguments and changes nothing.
fn only_looks(name: &str) -> bool {
    let reads = name.starts_with("guest-get-") || name.starts_with("guest-network-get-");
    reads || matches!(name, "guest-ping" | "guest-info" | "guest-fsfreeze-status")
}

fn ask(agent: &Agent, name: &str) -> Result<Value, String> {
    let call = Call::decode(name, None).map_err(|error| error.desc)?;
    let answer = execute::answer(agent, call, "the self-test");
    answer.map_err(|error| error.desc)
}

pub(super) fn hypervisor_sees(agent: &Agent) -> Vec<(&'static str, Value)> {
    let ask = |name| ask(agent, name).unwrap_or(Value::Null);
    let os = ask("guest-get-osinfo");
    vec![
        ("host name", ask("guest-get-host-name")["host-name"].clone()),
        ("system", os["pretty-name"].clone()),
        ("kernel", os["kernel-release"].clone()),
        ("addresses", addresses(&ask("guest-network-get-interfaces"))),
        ("file systems", file_systems(&ask("guest-get-fsinfo"))),
        (
            "users",
            each(&ask("guest-get-users"), |user| user["user"].clone()),
        ),
        ("load", ask("guest-get-load")["load1m"].clone()),
    ]
}

fn addresses(interfaces: &Value) -> Value {
    let of = |interface: &Value| {
        let name = interface["name"].as_str().unwrap_or_default();
        let addresses = interface["ip-addresses"].as_array();
        let addresses = addresses.into_iter().flatten();
        let texts = addresses.filter_map(|one| one["ip-address"].as_str());
        texts
            .map(|text| json!(format!("{name} {text}")))
            .collect::<Vec<_>>()
    };
    let interfaces = interfaces.as_array().into_iter().flatten();
    interfaces.flat_map(of).collect()
}

fn file_systems(found: &Value) -> Value {
    each(found, |one| {
        let place = one["mountpoint"].as_str().unwrap_or_default();
        let mib = |name: &str| one[name].as_u64().unwrap_or_default() >> 20;
        let (used, total) = (mib("used-bytes"), mib("total-bytes"));
        json!(format!("{place} {used} of {total} MiB"))
    })
}

fn each(values: &Value, what: impl Fn(&Value) -> Value) -> Value {
    let values = values.as_array().into_iter().flatten();
    values.map(what).collect()
}
